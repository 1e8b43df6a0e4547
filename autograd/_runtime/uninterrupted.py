"""Work that Ctrl-C does not interrupt: Python raises KeyboardInterrupt in the main thread only, and the work is done in another one.

It is for libraries that are not made for an interrupt between any two of their lines: they would free memory twice, or keep a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def uninterrupted(work: Callable[[], T]) -> T:
    """Do some work, and wait for it. An interrupt ends the waiting; the work goes on.

    Args:
        work: a function without arguments. It may be called in another thread.

    Raises:
        Exception: what `work` raises.

    Example:
        >>> uninterrupted(lambda: 2 + 3)
        5
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    results: list[T] = []
    errors: list[BaseException] = []
    running = threading.Lock()  # `join` takes an interrupted thread for a finished one (https://bugs.python.org/issue45274)

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            running.release()

    running.acquire()
    try:
        threading.Thread(target=run).start()
    except RuntimeError:  # there are no threads, or no more at the end of the interpreter
        return work()
    running.acquire()
    if errors:
        raise errors.pop()
    return results[0]
