"""What a compiled function remembers, bounded by memory: what was not used for longest is forgotten first."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar


class Item(Protocol):
    """Something that is remembered.

    Attributes:
        was_used: whether it was used since the last `trim`. A flag, as it is set at every call.
        last_use: the number of the `trim` before which it was used last.
        is_remembered: False as soon as it is forgotten.
        memory: the approximate number of bytes that are freed then.
    """

    was_used: bool
    last_use: int
    is_remembered: bool
    memory: int


T = TypeVar("T", bound=Item)


class Remembered(dict[Any, T]):
    """Items by key, in the order in which they came.

    Args:
        memory: how many bytes they take together.
        always: how many of those that were used last are remembered whatever they take.
        most: how many are remembered at most.

    Example:
        >>> from types import SimpleNamespace
        >>> known = Remembered(memory=100, always=1)
        >>> for name in "abcd":
        ...     known[name] = SimpleNamespace(was_used=True, last_use=0, is_remembered=True, memory=40)
        ...     known["a"].was_used = True
        ...     known.trim()
        False
        False
        True
        True
        >>> list(known)
        ['a', 'd']
    """

    def __init__(self, memory: int, always: int, most: int | None = None) -> None:
        super().__init__()
        self._memory, self._always, self._most = memory, always, most
        self._trims = 0

    def trim(self) -> bool:
        """Forget what was not used for longest, if all together takes too much. Whether anything was forgotten."""
        self._trims += 1
        items = list(self.items())  # other threads may add some meanwhile
        for _, item in items:
            if item.was_used:
                item.was_used, item.last_use = False, self._trims
        total, count = sum([item.memory for _, item in items]), len(items)
        most = count if self._most is None else self._most
        if total <= self._memory and count <= most:
            return False
        items.sort(key=lambda pair: pair[1].last_use)
        before = count
        for key, item in items:
            if count <= self._always or (total <= self._memory and count <= most):
                break
            self.forget(key)
            total, count = total - item.memory, count - 1
        return count < before

    def forget(self, key: Any) -> None:
        """Forget one of them."""
        item = self.pop(key, None)
        if item is not None:
            item.is_remembered = False

    def forget_all(self) -> None:
        """Forget all of them."""
        for key in list(self):
            self.forget(key)
