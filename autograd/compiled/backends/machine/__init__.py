"""The native backend: code as tables of numbers, run by one machine that Numba compiles from the op table."""
