"""Usual wrong answers to the exercises of the notebooks, and what their checks must say of them."""
