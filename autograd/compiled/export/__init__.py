"""Code as text and as functions of others: the listing, NumPy source, a function of JAX."""
