"""Formulas: a graph and its derivatives in LaTeX, single operations as equations, and gradients as sums over paths."""
