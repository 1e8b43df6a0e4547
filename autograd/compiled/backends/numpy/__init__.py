"""The NumPy backend: the reference with which other backends are compared."""
