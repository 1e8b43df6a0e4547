"""What is wrong with layers: units that are dead, saturated or copies, and gradients that vanish or explode."""

from __future__ import annotations

import math
from collections.abc import Iterator

from nn.checkup.findings import Finding, listed, lowered
from nn.checkup.measures import LayerMeasures

ONE_SIDED = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "maximum", "minimum"}
"""Activations that are flat on one side only: a unit that is there for all samples is dead, and one that is there for some is as usual."""

MANY, MOST = 0.25, 0.5
"""The share of units that are dead, or saturated for all samples, that is a warning, and that is serious: in a layer of 16 ReLUs,
some are dead by chance."""

SATURATED_HALF, SATURATED_MOST = 0.5, 0.9
"""The share of saturated outputs that is a warning, and that is serious."""

WRONG = 0.1
"""The share of outputs of the last layer, saturated in samples that are wrong, that is a warning."""

VANISHED, LOST = 1e-3, 1e-5
"""A gradient has vanished if it is this share of what it is where it is largest, and is lost if it is that share."""

EXPLODED = 1e3
"""It explodes if it is so many times as large at the first layer as at the last."""

SAME = 1e-9
"""Two neurons are copies if their outputs, and the gradients at them, differ by less than this share."""


def layer_findings(layers: list[LayerMeasures], has_learned: bool) -> Iterator[Finding]:
    """What is wrong with the layers of a model.

    Args:
        layers: in the order in which they are called.
        has_learned: whether the loss is far below that of guessing. What did not keep the network from learning is then worth a note.
    """
    infinite = next((layer for layer in layers if (layer.kept["finite"] < layer.kept["count"]).any()), None)
    if infinite is not None:
        yield not_finite(infinite)
        return
    for i, layer in enumerate(layers):
        is_last = i + 1 == len(layers)
        if layer.activation is not None and layer.activation.name in ONE_SIDED:
            yield from dead(layer, has_learned)
        elif layer.activation is not None:
            yield from saturated(layer, is_last, has_learned)
        if layer.parameters or (layer.activation is not None and not any(other.parameters for other in layers[:i])):
            yield from copies(layer)
    yield from changing_gradients([layer for layer in layers if layer.gradient == layer.gradient], has_learned)


def not_finite(layer: LayerMeasures) -> Finding:
    """The first layer with outputs that are nan or infinite."""
    import numpy as np

    neurons = np.flatnonzero(layer.kept["finite"] < layer.kept["count"]).tolist()
    share = 1.0 - float(layer.kept["finite"].sum() / layer.kept["count"].sum())
    return Finding(
        "serious",
        "outputs not finite",
        layer.name,
        tuple(neurons),
        share,
        f"{share:.1%} of the outputs are nan or infinite, first in this layer, in the neurons {listed(neurons)}",
        "look at the inputs and at the weights of this layer; load weights from before, and lower the learning rate",
    )


def dead(layer: LayerMeasures, has_learned: bool) -> Iterator[Finding]:
    """ReLUs and their like whose derivative is 0, or nearly 0, for all samples."""
    neurons = layer.stuck
    share = len(neurons) / layer.neurons
    if neurons:
        severity = "serious" if share >= MOST else "warning" if share >= MANY else "note"
        yield Finding(
            lowered(severity) if has_learned else severity,
            "dead units",
            layer.name,
            tuple(neurons),
            share,
            f"{len(neurons)} of {layer.neurons} ({share:.0%}) have no gradient for any of {layer.samples:,} samples: {listed(neurons)}",
            "train again with a lower learning rate, with biases that start at 0 or above, or with leaky_relu",
        )


def saturated(layer: LayerMeasures, is_last: bool, has_learned: bool) -> Iterator[Finding]:
    """Sigmoids and their like where they are flat. Of the last layer only the outputs of samples that are wrong: others may be certain."""
    name = layer.activation.name if layer.activation else ""
    count = float(layer.kept["count"].sum())
    share = float(layer.kept["wrong"].sum()) / count if is_last else layer.flat
    if share >= SATURATED_HALF or (is_last and share >= WRONG):
        severity = "serious" if share >= SATURATED_MOST else "warning"
        which = " in samples that it gets wrong" if is_last else ""
        yield Finding(
            "note" if has_learned else severity,
            "saturated units",
            layer.name,
            tuple(layer.stuck),
            share,
            f"{share:.0%} of the outputs are where the derivative of {name} is below 1% of its maximum{which}",
            "use a loss that has the sigmoid or softmax within it, such as cross_entropy, and leave out the last activation"
            if is_last
            else "start with smaller weights, such as those of xavier_uniform, and scale the inputs to about 1",
        )
    elif layer.stuck and not is_last:
        part = len(layer.stuck) / layer.neurons
        yield Finding(
            "note" if has_learned or part < MANY else "warning",
            "saturated units",
            layer.name,
            tuple(layer.stuck),
            part,
            f"{len(layer.stuck)} of {layer.neurons} ({part:.0%}) are saturated for all {layer.samples:,} samples: {listed(layer.stuck)}",
            "start with smaller weights, such as those of xavier_uniform, or lower the learning rate",
        )


def copies(layer: LayerMeasures) -> Iterator[Finding]:
    """Neurons with the same outputs and gradients for all samples: they have the same weights, and keep them."""
    import numpy as np

    if not np.isfinite(layer.codes).all():
        return
    scale = np.abs(layer.codes).max(axis=1, initial=0.0)
    is_dead = set(layer.stuck)
    groups: list[list[int]] = []
    for neuron in sorted((i for i in range(layer.neurons) if i not in is_dead), key=lambda i: tuple(layer.codes[:, i])):
        if groups and (np.abs(layer.codes[:, neuron] - layer.codes[:, groups[-1][-1]]) <= SAME * scale).all():
            groups[-1].append(neuron)
        else:
            groups.append([neuron])
    same = [sorted(group) for group in groups if len(group) > 1]
    if same:
        neurons = sorted(neuron for group in same for neuron in group)
        left = layer.neurons - len(neurons) + len(same)
        yield Finding(
            "serious" if left <= (layer.neurons + 1) // 2 else "warning",
            "copies",
            layer.name,
            tuple(neurons),
            float(len(neurons) - len(same)),
            f"the neurons {listed(same[0])} have the same outputs and the same gradients for all samples, and stay the same: "
            f"{layer.neurons} neurons do the work of {left}",
            "draw the weights at random, as xavier_uniform and he_uniform do",
        )


def changing_gradients(layers: list[LayerMeasures], has_learned: bool) -> Iterator[Finding]:
    """Gradients that vanish or explode on their way from the last layer to the first."""
    if len(layers) < 2 or not all(math.isfinite(layer.gradient) for layer in layers):
        return
    first, last = layers[0], layers[-1]
    largest = max(layers, key=lambda layer: layer.gradient)
    if largest.gradient == 0.0:
        return
    ratio = first.gradient / largest.gradient
    steps = max(1, layers.index(largest))
    if ratio == 0.0:
        stop = next(layer for layer in layers if layer.gradient > 0.0)
        yield Finding(
            "serious",
            "vanishing gradient",
            first.name,
            (),
            0.0,
            f"the gradient is exactly 0, and {stop.gradient:.2g} at {stop.name}",
            f"look at {stop.name} and the layers before it: their weights are 0 or all equal, or all units are dead",
        )
    elif ratio < VANISHED:
        yield Finding(
            "note" if has_learned else "serious" if ratio < LOST else "warning",
            "vanishing gradient",
            first.name,
            (),
            ratio,
            f"the gradient shrinks from {largest.gradient:.2g} at {largest.name} to {first.gradient:.2g}, by a factor of "
            f"{ratio ** (1 / steps):.2g} a layer",
            "use relu with he_uniform, or tanh with xavier_uniform; fewer layers",
        )
    elif last.gradient > 0.0 and first.gradient / last.gradient > EXPLODED:
        ratio = first.gradient / last.gradient
        yield Finding(
            "serious",
            "exploding gradient",
            first.name,
            (),
            ratio,
            f"the gradient grows from {last.gradient:.2g} at {last.name} to {first.gradient:.2g}, by a factor of "
            f"{ratio ** (1 / (len(layers) - 1)):.2g} a layer",
            "start with smaller weights, such as those of he_uniform or xavier_uniform, or clip the gradient with global_clipnorm",
        )
