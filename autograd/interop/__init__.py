"""How Values behave in other people's code: NumPy's functions, pickle and copy, PyTorch."""
