"""Models that are drawn, and what is in a figure."""

from typing import Any

from matplotlib.figure import Figure

from nn import MLP

CORNERS = [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]


def half_plane(*weights: float, offset: float = 0.0, activation: str | None = None) -> MLP:
    """A model of one output, w · x + b."""
    model = MLP(2, [1], output_activation=activation)
    for w, number in zip(model.layers[0].neurons[0].w, weights, strict=True):
        w.data = number
    model.layers[0].neurons[0].b.data = offset
    return model


def linear(rows: list[list[float]]) -> MLP:
    """A model whose outputs are the rows · x."""
    model = MLP(2, [len(rows)])
    for neuron, row in zip(model.layers[0].neurons, rows, strict=True):
        for w, number in zip(neuron.w, row, strict=True):
            w.data = number
    return model


def parts(figure: Figure, kind: type) -> list[Any]:
    return [part for part in figure.axes[0].collections if isinstance(part, kind)]


def legend(figure: Figure) -> list[str]:
    result = figure.axes[0].get_legend()
    return [] if result is None else [text.get_text() for text in result.get_texts()]


def drawn(figure: Figure) -> Figure:
    """The figure after it was rendered, where a warning would be an error."""
    figure.draw_without_rendering()  # type: ignore[no-untyped-call] # the canvas of a figure that pyplot did not make draws nothing
    return figure


def labels(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_xticklabels()]
