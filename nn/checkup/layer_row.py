"""A row of the table of a diagnosis."""

from __future__ import annotations

from typing import NamedTuple


class LayerRow(NamedTuple):
    """One layer. What cannot be known is nan, such as the share of saturated outputs of a layer without an activation.

    Attributes:
        name, description: as in `model.summary()`. Activations within a module of one's own have a row of their own.
        units: how many neurons it has; of an image, channels.
        mean, spread: of its outputs, over units and samples.
        gradient: the size of the gradient of a sample's loss with respect to its outputs: the root mean square of its norm.
        slope: the mean of |∂L/∂p| over its parameters p, where L is the mean loss.
        flat: the share of outputs at which the derivative of the activation is below 1% of its maximum.
        stuck: how many units are there for all samples: dead ReLUs, or saturated sigmoids.
    """

    name: str
    description: str
    units: int
    mean: float
    spread: float
    gradient: float
    slope: float
    flat: float
    stuck: int
