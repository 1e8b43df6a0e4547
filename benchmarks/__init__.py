"""Benchmarks. They report, and never fail for being slow: ``python -m benchmarks``."""
