"""Backends, which run code: the contract, and a folder for each of them."""
