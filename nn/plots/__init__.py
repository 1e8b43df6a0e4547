"""Pictures of models: their decision boundaries, activations, gradients and weights.

Each function returns a matplotlib Figure and touches no global state. Given `axes`, it draws there and returns their figure.
"""

from nn.plots.activation_curve import plot_activation
from nn.plots.decision_boundary import plot_decision_boundary
from nn.plots.figure import new_figure
from nn.plots.gradient_sizes import plot_gradients
from nn.plots.network import plot_network

__all__ = ["new_figure", "plot_activation", "plot_decision_boundary", "plot_gradients", "plot_network"]
