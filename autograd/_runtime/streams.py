"""Lines for the user, on whatever streams there are: none under pythonw, or one that is closed, is no terminal, or has few characters."""

from __future__ import annotations

from typing import TextIO


def say(line: str, stream: TextIO | None) -> None:
    """Write a line at once. Characters that the stream's encoding lacks are written as their codes; without a stream nothing happens.

    Example:
        >>> import sys
        >>> say("epoch 1/2", sys.stdout)
        epoch 1/2
        >>> say("epoch 1/2", None)
    """
    if stream is None or getattr(stream, "closed", False):
        return
    try:
        stream.write(f"{line}\n")
    except UnicodeEncodeError as error:
        stream.write(line.encode(error.encoding, "backslashreplace").decode(error.encoding) + "\n")
    flush = getattr(stream, "flush", None)  # a replacement may have `write` only
    if flush is not None:
        flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal, which one without `isatty` is not."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, ValueError):  # ValueError: it is closed
        return False
