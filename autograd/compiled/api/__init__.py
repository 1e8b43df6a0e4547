"""The interface for users: `compile`, the compiled function (its signature, specialisations and calls), and the program of a graph."""
