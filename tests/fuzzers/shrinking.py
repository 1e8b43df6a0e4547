"""Failing cases of random tests, made small."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

Case = TypeVar("Case")


Failure = TypeVar("Failure")


def shrunk(
    case: Case, failure: Failure, smaller: Callable[[Case], Iterable[Case]], still: Callable[[Case], Failure | None], seconds: float
) -> tuple[Case, Failure]:
    """The case with parts left out, as long as it fails in the same way; and how it fails then. A greedy search.

    Args:
        smaller: the cases with a part less, in the order in which they are tried.
        still: how such a case fails, None where it does not fail in the same way.
        seconds: how long to look, at most.
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
