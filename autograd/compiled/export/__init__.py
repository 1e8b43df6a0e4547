"""Exports of code: the listing, NumPy source, and a function of JAX."""
