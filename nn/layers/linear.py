"""PyTorch's Linear: a matrix of weights and a vector of biases."""

from __future__ import annotations

import random
from collections.abc import Sequence

from autograd._runtime.coercion import flag
from autograd._runtime.vectors import Vector
from autograd.errors import InputError
from autograd.value import Value, dot, vector
from nn.checks import whole
from nn.initialisers import Initialiser, drawing, he_uniform
from nn.layers.calling import Sample, labelled, one_sample
from nn.module import Module


class Linear(Module):
    """W x + b, without an activation, as a `Layer` of linear neurons.

    Args:
        in_features: the number of inputs.
        out_features: the number of outputs.
        bias: whether to add b, which starts at 0.
        rng, initialiser: see `Neuron`.

    Attributes:
        weight: the Values W; `weight[i][j]` is that of output i and input j.
        bias: the Values b, one for each output, or None.

    Raises:
        InputError: a size is not a whole number of at least 1.

    Example:
        >>> layer = Linear(2, 3)
        >>> len(layer([0.5, -0.5])), len(layer.weight), len(layer.weight[0])
        (3, 3, 2)
    """

    _rows: Sequence[Vector | None] = ()  # the rows of W as the last call used them, which the next call can use again

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout = whole("in_features", in_features), whole("out_features", out_features)
        draw = drawing(initialiser, rng)
        self.weight = [labelled([draw(nin, nout) for _ in range(nin)], [f"weight[{i}][{j}]" for j in range(nin)]) for i in range(nout)]
        self.bias = [Value(0.0, label=f"bias[{i}]") for i in range(nout)] if flag("bias", bias) else None

    def __call__(self, x: Sample) -> list[Value]:
        """The outputs for one sample, `in_features` numbers or Values."""
        shared = vector(one_sample(x))
        if len(shared) != len(self.weight[0]):
            raise InputError(f"this layer takes {len(self.weight[0])} inputs, not {len(shared)}")
        last = self._rows if len(self._rows) == len(self.weight) else [None] * len(self.weight)
        self._rows = rows = [vector(row, before) for row, before in zip(self.weight, last, strict=True)]
        products = [dot(row, shared) for row in rows]
        return products if self.bias is None else [z + b for z, b in zip(products, self.bias, strict=True)]

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{len(self.weight[0])}, {len(self.weight)}" + ("" if self.bias else ", bias=False")
