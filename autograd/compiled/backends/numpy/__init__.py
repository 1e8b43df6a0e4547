"""The reference: code run by NumPy, with which every other backend is compared."""
