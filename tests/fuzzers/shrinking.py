"""Shrinking: failing cases of random tests are made small."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

Case = TypeVar("Case")


Failure = TypeVar("Failure")


def shrunk(
    case: Case, failure: Failure, smaller: Callable[[Case], Iterable[Case]], still: Callable[[Case], Failure | None], seconds: float
) -> tuple[Case, Failure]:
    """The case without parts that are not needed for it to fail in the same way, and how it fails then. A greedy search.

    Args:
        smaller: the cases with one part less, in the order in which they are tried.
        still: how such a case fails; None if it does not fail in the same way.
        seconds: the longest duration of the search.
    """
    end = time.monotonic() + seconds
    progress = True
    while progress and time.monotonic() < end:
        progress = False
        for candidate in smaller(case):
            if time.monotonic() > end:
                break
            other = still(candidate)
            if other is not None:
                case, failure, progress = candidate, other, True
                break
    return case, failure
