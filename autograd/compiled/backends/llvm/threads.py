"""Threads: how many of them run a batch, and their work, which is cut into parts in the same way however many they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

from autograd.errors import InputError

VARIABLE = "SCALAR_AUTOGRAD_THREADS"
"""The environment variable that says how many threads are used, unless `compile(threads=…)` says it."""

R = TypeVar("R")

_POOL: list[ThreadPoolExecutor] = []
_IS_CHILD: list[bool] = []
"""Not empty in a process that was forked: it has none of the threads of its parent."""


def threads_for(asked: int | None) -> int:
    """The number of threads: what was asked for, what the environment says, or the number of cores; 1 in a forked process.

    Raises:
        InputError: the environment says something else than a positive number.
    """
    if _IS_CHILD:
        return 1
    if asked is None:
        text = os.environ.get(VARIABLE, "")
        if text and not (text.isdecimal() and int(text)):
            raise InputError(f"the environment variable {VARIABLE} is a number of threads, such as 2, not {text!r}")
        asked = int(text) if text else None
    if asked is not None:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def all_parts(work: Callable[[int], R], parts: int, threads: int) -> list[R]:
    """The results of `work(0)`, `work(1)`, …, computed by so many threads, one of which is this one."""
    if threads <= 1 or parts == 1:
        return [work(part) for part in range(parts)]
    following = count()
    results: dict[int, R] = {}

    def take_parts() -> None:
        while (part := next(following)) < parts:
            results[part] = work(part)

    if not _POOL:
        _POOL.append(ThreadPoolExecutor(max_workers=max(1, threads_for(None), threads) - 1, thread_name_prefix="autograd"))
    others = [_POOL[0].submit(take_parts) for _ in range(min(threads, parts) - 1)]
    try:
        take_parts()
    finally:  # also after an interrupt: the others write to the arrays of this run
        for other in others:
            other.result()
    return [results[part] for part in range(parts)]


def _after_fork() -> None:
    _IS_CHILD.append(True)
    _POOL.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
