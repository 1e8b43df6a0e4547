"""`mypyc_attr`, which the native build reads and plain Python ignores. Not compiled itself (see setup.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:
    T = TypeVar("T")

    def mypyc_attr(**options: bool) -> Callable[[T], T]:
        """Nothing, in plain Python."""
        return lambda cls: cls


__all__ = ["mypyc_attr"]
