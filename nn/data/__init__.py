"""Data: batches, the sets that the examples use, and tables from files."""

from nn.data.batching import batches, split
from nn.data.datasets import circles, digits, mnist, moons, xor
from nn.data.rows import Rows, as_lists
from nn.data.tables import csv

__all__ = ["Rows", "as_lists", "batches", "circles", "csv", "digits", "mnist", "moons", "split", "xor"]
