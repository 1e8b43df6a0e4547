"""What is wrong with the inputs: they never vary, or their scale is bad."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nn.checkup.findings import Finding, listed

LARGE, SMALL = 10.0, 0.01
"""Inputs are too large, or too small, if the root of their mean square is beyond these: in a layer that is initialised for inputs of about
1, so are the activations."""


def inputs_of(samples: list[Any], indices: set[int]) -> Any:
    """The numbers of the samples as an array with a row for each, and the places of its columns; None if they have no common form.

    Args:
        samples: as a model takes them.
        indices: the places of numbers that are indices of an embedding, which have no scale.
    """
    import numpy as np

    from autograd.trees import flatten

    rows = samples.reshape(len(samples), -1) if hasattr(samples, "reshape") else [flatten(x)[0] for x in samples]
    if len({len(row) for row in rows}) != 1:
        return None
    try:
        array = np.asarray(rows, np.float64)
    except (TypeError, ValueError):
        return None
    places = [i for i in range(array.shape[1]) if i not in indices]
    return array[:, places], places


def input_findings(array: Any, places: list[int]) -> Iterator[Finding]:
    """What is wrong with them.

    Source: LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.3: inputs should have a mean near 0 and the same variance.

    Args:
        array, places: see `inputs_of`.
    """
    import numpy as np

    if len(array) < 2 or not places:
        return
    finite = np.isfinite(array)
    if not finite.all():
        wrong = [places[i] for i in np.flatnonzero(~finite.all(axis=0))]
        share = float(1.0 - finite.mean())
        yield Finding(
            "serious",
            "inputs not finite",
            "inputs",
            tuple(wrong),
            share,
            f"{share:.1%} of the numbers are nan or infinite, in the inputs {listed(wrong)}",
            "leave out these samples, or replace the missing numbers by the mean of the others",
        )
        return
    is_constant = array.max(axis=0) == array.min(axis=0)
    constant = [places[i] for i in np.flatnonzero(is_constant)]
    if constant:
        always = [float(array[0, i]) for i in np.flatnonzero(is_constant)]
        value = f"always {always[0]:g}" if len(set(always)) == 1 else "the same for all samples"
        yield Finding(
            "serious" if is_constant.all() else "note" if not any(always) else "warning",
            "inputs that never vary",
            "inputs",
            tuple(constant),
            len(constant) / len(places),
            f"{len(constant)} of {len(places)} inputs, {listed(constant)}, {'is' if len(constant) == 1 else 'are'} {value}",
            "leave them out: there is nothing to learn from them" if any(always) else "nothing, or leave them out: a 0 adds nothing",
        )
    size = np.sqrt((array**2).mean(axis=0))
    large = [i for i in np.flatnonzero(~is_constant) if size[i] > LARGE]
    if large:
        worst = max(large, key=lambda i: size[i])
        yield Finding(
            "warning",
            "inputs badly scaled",
            "inputs",
            tuple(places[i] for i in large),
            float(size[worst]),
            f"{len(large)} of {len(places)} inputs are larger than {LARGE:g} in the root mean square, up to {size[worst]:.3g} (input "
            f"{places[worst]}, with the mean {array[:, worst].mean():.3g} and the spread {array[:, worst].std():.3g})",
            "subtract the mean of each input, and divide by its spread",
        )
    elif (~is_constant).any() and size.max() < SMALL:
        yield Finding(
            "warning",
            "inputs badly scaled",
            "inputs",
            tuple(places[i] for i in np.flatnonzero(~is_constant)),
            float(size.max()),
            f"all inputs are smaller than {SMALL:g} in the root mean square, at most {size.max():.3g}",
            "subtract the mean of each input, and divide by its spread",
        )
