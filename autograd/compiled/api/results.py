"""Results of a call: the values of all samples, gradients, and derivatives in a direction, from the runs of its branches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compiled.api.arguments import Argument, Array, split
from autograd.compiled.api.in_axes import Batch
from autograd.compiled.api.loaded import columns_of
from autograd.compiled.api.specialisations import Run
from autograd.compiled.floating_errors import quietly
from autograd.errors import InputError
from autograd.trees import Form


def need_one_form(name: str, parts: list[tuple[list[Array], Form]]) -> None:
    """
    Raises:
        InputError: the results of branches differ in form.
    """
    shapes = [[array.shape for array in arrays] for arrays, _ in parts]
    if any(form != parts[0][1] for _, form in parts) or any(own != shapes[0] for own in shapes):
        raise InputError(f"{name} returns results of different forms on different branches")


def split_numbers(tree: object, name: str) -> tuple[list[Array], Form]:
    """The arrays of a direction or of a gradient, and its form; see `split`.

    Raises:
        InputError: a leaf is not a number, or is a Value, which nothing is differentiated with respect to here.
    """
    arrays, form = split(tree, name)
    if any(array.dtype == object for array in arrays):
        raise InputError(f"{name} contains Values, and takes numbers and arrays: write v.data for the number of a Value v")
    return arrays, form


def collect(name: str, runs: list[Run], batch: Batch) -> tuple[list[Array], Form]:
    """The arrays of the result, with all samples, and its form."""
    parts = [branch.results(data) for branch, _, data in runs]
    arrays, form = parts[0], runs[0][0].build
    if len(runs) > 1:
        need_one_form(name, [([array[0] for array in own], branch.build) for own, (branch, _, _) in zip(parts, runs, strict=True)])
        arrays = [np.empty((batch.size, *array.shape[1:])) for array in parts[0]]
        for own, (_, samples, _) in zip(parts, runs, strict=True):
            for array, part in zip(arrays, own, strict=True):
                array[samples] = part
    return arrays, form


def pull_back(
    runs: list[Run], arguments: list[Argument], chosen: tuple[int, ...], seeds: Sequence[Array | float], size: int
) -> dict[int, Array]:
    """The gradients with respect to the chosen arguments, as flat arrays in the order of their numbers; `size` is the number of samples."""
    gradients: dict[int, Array] = {}
    quietly(_add_gradients, gradients, runs, arguments, chosen, seeds, size)
    return gradients


def _add_gradients(
    gradients: dict[int, Array],
    runs: list[Run],
    arguments: list[Argument],
    chosen: tuple[int, ...],
    seeds: Sequence[Array | float],
    size: int,
) -> None:
    for branch, samples, data in runs:
        whole = isinstance(samples, slice)
        grads = branch.executable.gradients(data.samples)
        branch.seed(grads, [seed if isinstance(seed, float) else seed[samples] for seed in seeds])
        branch.executable.backward(data, grads)
        for i in chosen:
            used, places = branch.inputs[i]
            batched = arguments[i].batched
            part = grads.take(places) if batched else grads.shared[places]
            count = arguments[i].count
            if whole and len(part) == count:  # the most frequent case
                gradients[i] = part
                continue
            if i not in gradients:
                gradients[i] = np.zeros((count, size) if batched else count)
            if not batched:
                gradients[i][used] += part
            elif whole:
                gradients[i][used] = part
            elif isinstance(used, slice):
                gradients[i][used, samples] = part
            else:
                gradients[i][used[:, None], samples] = part


def push_forward(runs: list[Run], arrays: list[Array], directions: Sequence[Argument], batch: Batch) -> list[Array]:
    """The derivatives of the results, which are `arrays`, in a direction that has the form of the arguments."""
    moved = [np.empty_like(array) for array in arrays]
    numbers = [direction.numbers(batch.size) for direction in directions]
    for branch, samples, data in runs:
        tangent, moving = (branch.executable.zeros(data.samples) for _ in range(2))
        for direction, own, (used, places) in zip(directions, numbers, branch.inputs, strict=True):
            if direction.batched:
                tangent.put(places, columns_of(own, used, samples))
                moving.put(places, 1.0)
            else:
                tangent.shared[places], moving.shared[places] = own[used], 1.0
        branch.executable.push_forward(data, tangent, moving)
        for array, part in zip(moved, branch.results(tangent), strict=True):
            array[samples] = part
    return moved
