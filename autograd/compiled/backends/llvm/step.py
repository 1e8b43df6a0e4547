"""A step: a kernel, and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.machine_code import Loaded
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.ir import Scalars

Integers = npt.NDArray[np.int64]
"""A table that kernels read."""


@dataclass
class Step:
    """A kernel and its arguments.

    Attributes:
        make, key: `make(*key, lanes)` makes the kernel; or the kernel itself.
        arguments: integers, and tables, which are passed by address.
    """

    make: Callable[..., Module] | Loaded
    key: tuple[Any, ...]
    arguments: list[Any]


@dataclass(frozen=True)
class BySample:
    """An argument: where the rows of so many numbers begin that a tile has for its samples, one after the other."""

    length: int


@dataclass(frozen=True)
class Words:
    """The words of scalars, made when they are needed."""

    scalars: Scalars
    make: Callable[[Scalars], Integers]
