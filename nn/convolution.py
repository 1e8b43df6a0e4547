"""Convolution and pooling of one image: nested lists or an array [channels][height][width] of numbers or Values."""

from __future__ import annotations

import operator
import random
from typing import Any, cast

from autograd import maximum
from autograd import sum as sum_of
from autograd._runtime.coercion import flag
from autograd.errors import InputError
from autograd.ops import CONSTANT
from autograd.value import Value, dot, values, vector
from nn.checks import whole
from nn.data.rows import Rows, as_list_if_array
from nn.initialisers import Initialiser, drawing, he_uniform
from nn.module import Module

Pair = tuple[int, int]
Image = list[list[list[Value]]]


class Conv2d(Module):
    """Slides kernels over an image: each output is the weighted sum of the patch below the kernel, one `dot` node, plus the bias.

    As usual for neural networks, the kernel is not mirrored.

    Args:
        in_channels: the number of channels of the image.
        out_channels: the number of kernels, each of which computes one channel of the output.
        kernel_size: height and width of the kernels, in pixels; one number for both, or a pair.
        stride: by how many pixels the kernel moves down and across; one number for both, or a pair.
        padding: the number of rows and of columns of zeros on each side of the image; one number for both, or a pair.
        bias: whether to add biases, which start at 0.
        rng: see `Neuron`.
        initialiser: draws a weight. Its `fan_in` is in_channels · kernel area, and its `fan_out` out_channels · kernel area.

    Attributes:
        weight: the kernels; `weight[k][c][i][j]` is the Value of kernel k for channel c at row i and column j.
        bias: a Value for each kernel, or None.

    A call takes one image, and returns one with out_channels channels and ⌊(height + 2 · padding - kernel) / stride⌋ + 1 rows; the same
    formula gives the columns. It raises an InputError if the image is too small or has another number of channels.

    Raises:
        InputError: a size is neither a whole number nor a pair of them.

    Source: LeCun and others, "Backpropagation applied to handwritten zip code recognition" (1989).

    Example:
        >>> convolution = Conv2d(1, 4, kernel_size=3, padding=1)
        >>> image = [[[0.0] * 6 for _ in range(5)]]
        >>> outputs = convolution(image)
        >>> len(outputs), len(outputs[0]), len(outputs[0][0])
        (4, 5, 6)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        bias: bool = True,
        *,
        rng: random.Random | None = None,
        initialiser: Initialiser = he_uniform,
    ) -> None:
        nin, nout = whole("in_channels", in_channels), whole("out_channels", out_channels)
        draw = drawing(initialiser, rng)
        self.kernel_size = rows, columns = pair("kernel_size", kernel_size)
        self.stride = pair("stride", stride)
        self.padding = pair("padding", padding, least=0)
        fans = nin * rows * columns, nout * rows * columns
        self.weight = [
            [[[Value(draw(*fans), label=f"weight[{k}][{c}][{i}][{j}]") for j in range(columns)] for i in range(rows)] for c in range(nin)]
            for k in range(nout)
        ]
        self.bias = [Value(0.0, label=f"bias[{k}]") for k in range(nout)] if flag("bias", bias) else None

    def __call__(self, x: Rows) -> Image:
        """The output for one image."""
        image = one_image(x)
        if len(image) != len(self.weight[0]):
            raise InputError(f"this convolution takes {len(self.weight[0])} channels, not {len(image)}")
        padded = [_padded(channel, self.padding) for channel in image]
        kernels = [vector([w for channel in kernel for row in channel for w in row]) for kernel in self.weight]
        patches = [[vector(patch) for patch in row] for row in _patches(padded, self.kernel_size, self.stride)]
        if self.bias is None:
            return [[[dot(kernel, patch) for patch in row] for row in patches] for kernel in kernels]
        return [[[dot(kernel, patch) + b for patch in row] for row in patches] for kernel, b in zip(kernels, self.bias, strict=True)]

    def extra_repr(self) -> str:
        """The channels and sizes."""
        sizes = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{len(self.weight[0])}, {len(self.weight)}, {sizes}" + ("" if self.bias else ", bias=False")


class _Pool(Module):
    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None) -> None:
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else pair("stride", stride)

    def __call__(self, x: Rows) -> Image:
        """The output for one image, which has the same number of channels."""
        image = one_image(x)
        windows = [_patches([channel], self.kernel_size, self.stride) for channel in image]
        return [[[self._of(window) for window in row] for row in channel] for channel in windows]

    def _of(self, window: list[Value]) -> Value:
        raise NotImplementedError(f"{type(self).__name__} does not define _of(window)")

    def extra_repr(self) -> str:
        """The sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}"


class MaxPool2d(_Pool):
    """The largest number of each window, channel by channel.

    If the largest number occurs twice, each occurrence gets half of the derivative; if it occurs four times in a 2 × 2 window, a quarter.
    PyTorch gives all of it to the first. Numbers are compared in pairs, then the winners in pairs, and so on, and each tie halves the
    derivative, so in other cases the shares may differ. Their sum is always 1.

    Args:
        kernel_size: height and width of the window, in pixels; one number for both, or a pair.
        stride: by how many pixels the window moves down and across; by default its own size, so that windows lie side by side. Rows
            and columns at the end that do not fill a window are left out.

    Raises:
        InputError: a size is neither a whole number nor a pair of them.

    Source: Riesenhuber and Poggio, "Hierarchical models of object recognition in cortex" (1999).

    Example:
        >>> [[[largest]]] = MaxPool2d(2)([[[1.0, 4.0], [3.0, 2.0]]])
        >>> largest.data
        4.0
    """

    def _of(self, window: list[Value]) -> Value:
        while len(window) > 1:
            odd = window[len(window) // 2 * 2 :]
            window = [maximum(a, b) for a, b in zip(window[::2], window[1::2], strict=False)] + odd
        return window[0]


class AvgPool2d(_Pool):
    """The mean of each window, channel by channel.

    Args:
        kernel_size, stride: see `MaxPool2d`.

    Raises:
        InputError: a size is neither a whole number nor a pair of them.

    Source: LeCun and others, "Gradient-based learning applied to document recognition" (1998).

    Example:
        >>> [[[mean]]] = AvgPool2d(2)([[[1.0, 4.0], [3.0, 2.0]]])
        >>> mean.data
        2.5
    """

    def _of(self, window: list[Value]) -> Value:
        mean: Value = sum_of(window) / len(window)
        return mean


# -- sizes --------------------------------------------------------------------------------------------------------------


def pair(name: str, sizes: int | Pair, least: int = 1) -> Pair:
    """A size down and a size across; one number stands for both.

    Raises:
        InputError: they are not whole numbers, or one is too small.

    Example:
        >>> pair("kernel_size", 3), pair("stride", (2, 1))
        ((3, 3), (2, 1))
    """
    both = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes, sizes]
    try:
        numbers = [operator.index(size) for size in both]
    except TypeError:
        numbers = []
    if len(numbers) != 2 or min(numbers) < least:
        raise InputError(f"{name} must be a whole number of at least {least}, or a pair of them, not {sizes!r}")
    return numbers[0], numbers[1]


def _patches(image: Image, kernel: Pair, stride: Pair) -> list[list[list[Value]]]:
    """The pixels below the kernel at each place, channel by channel and row by row; the places are in rows.

    Raises:
        InputError: the kernel does not fit into the image.
    """
    rows, columns = kernel
    height, width = len(image[0]), len(image[0][0])
    if rows > height or columns > width:
        raise InputError(f"a kernel of {rows} × {columns} does not fit into an image of {height} × {width}, padding included")
    return [
        [
            [pixel for channel in image for row in channel[i : i + rows] for pixel in row[j : j + columns]]
            for j in range(0, width - columns + 1, stride[1])
        ]
        for i in range(0, height - rows + 1, stride[0])
    ]


def _padded(channel: list[list[Value]], padding: Pair) -> list[list[Value]]:
    rows, columns = padding
    zero = Value(0.0, None, CONSTANT)
    edge = [[zero] * (len(channel[0]) + 2 * columns)] * rows
    return [*edge, *[[zero] * columns + row + [zero] * columns for row in channel], *edge]


# -- images -------------------------------------------------------------------------------------------------------------


def one_image(x: Rows) -> Image:
    """The Values of one image as lists [channels][height][width], after a check that all rows have the same length.

    Raises:
        InputError: `x` is something else, such as a single channel or many images.

    Example:
        >>> [[[pixel, _]]] = one_image([[[1.0, 2.0]]])
        >>> pixel.data
        1.0
    """
    image = as_list_if_array(x)
    depth = _depth(image)
    if depth != 3:
        hint = {2: ": for one channel write [x]", 4: ": for many images write predict(model, X)"}.get(depth, "")
        raise InputError(f"an image is lists [channels][height][width] of numbers, 3 deep, not {depth} deep{hint}")
    try:
        heights, widths = {len(channel) for channel in image}, {len(row) for channel in image for row in channel}
    except TypeError:
        raise InputError("an image is lists [channels][height][width] of numbers, 3 deep; in this one, some are not as deep") from None
    if len(heights) != 1 or len(widths) != 1 or 0 in widths:
        raise InputError(
            "the channels of an image have one height, and its rows one width, both at least 1; "
            f"in this one the heights are {sorted(heights)} and the widths {sorted(widths)}"
        )
    return [[cast("list[Value]", values(row)) for row in channel] for channel in image]


def _depth(items: Any) -> int:
    depth = 0
    while isinstance(items, (list, tuple)):
        depth += 1
        items = items[0] if items else None
    return depth
