"""What a user calls: `compile`, the compiled function (its signature, its specialisations, its calls), the program of a graph."""
