"""The JAX backend: code as one pure function of arrays, compiled by XLA."""
