"""Compiled code that is kept on disk for the next process: in a folder that nobody else can write to, each entry whole or not there.

The processor runs what it finds there. A folder that somebody else could have written to is therefore not used, and neither is an entry
that is not as it was written. What cannot be used is compiled again: a cache that fails makes a start slower, and is no error.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

NAME = "scalar-autograd"
"""The name of the folder, within XDG_CACHE_HOME or ~/.cache."""

LARGEST = 2**26
"""How many bytes the folder has at most, about; the oldest entries are removed."""

LOOKS = 16
"""A process looks at how large the folder is after it has written this part of LARGEST: to look takes as long as there are entries."""


class _Written:
    """What this process has written since it last looked. It looks at its first entry."""

    size = LARGEST


def cache_folder() -> Path:
    """The folder of this user's compiled code, made where it is missing, for this user alone.

    Raises:
        OSError: there is none, or others may write to it; the message says why.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / NAME  # a relative one is to be ignored
    except RuntimeError:  # neither HOME nor an entry among the users
        raise OSError("this user has no home folder: set XDG_CACHE_HOME") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        _need_private(folder)
    except OSError as error:
        raise OSError(f"{folder} cannot be used: {error.strerror or error}") from None
    return folder


def _need_private(folder: Path) -> None:
    """
    Raises:
        OSError: others may write to the folder, or put another one in its place.
    """
    if os.name != "posix":  # elsewhere permissions are lists, and the folders of a user are private
        return
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise OSError("it belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError("others may write to it: delete it, and it is made again for you alone")
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise OSError(f"everybody may write to {parent}, and so replace it")


@cache
def _usable_folder() -> Path | None:
    """The folder of this process; None if it has none."""
    try:
        return cache_folder()
    except OSError:
        return None


def read(name: str) -> bytes | None:
    """The code of an entry; None if there is none, or if it is damaged."""
    folder = _usable_folder()
    if folder is None:
        return None
    try:
        whole = (folder / name).read_bytes()
    except OSError:
        return None
    checksum, code = whole[:32], whole[32:]
    return code if _checksum(name, code) == checksum else None


def _checksum(name: str, code: bytes) -> bytes:
    """Also of the name, so that an entry is not mistaken for another one, whose function it does not have."""
    return hashlib.sha256(name.encode() + b"\n" + code).digest()


def write(name: str, code: bytes) -> None:
    """Keep the code of an entry, if that is possible."""
    folder = _usable_folder()
    if folder is None:
        return
    with suppress(OSError):
        number, path = tempfile.mkstemp(prefix="new-", dir=folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(_checksum(name, code) + code)
            os.replace(path, folder / name)
        except OSError:
            os.unlink(path)
            raise
        _count(folder, len(code))


def _count(folder: Path, size: int) -> None:
    """Note that so many bytes were written."""
    _Written.size += size
    if _Written.size >= LARGEST // LOOKS:
        _Written.size = 0
        _bound(folder)


def _bound(folder: Path) -> None:
    """Remove the oldest entries of a folder that has become too large."""
    entries = []
    for path in folder.iterdir():
        with suppress(OSError):  # another process has just removed it
            status = path.stat()
            entries.append((status.st_mtime, status.st_size, path))
    total = sum([size for _, size, _ in entries])
    for _, size, path in sorted(entries, key=lambda entry: entry[0]):
        if total <= LARGEST:
            break
        with suppress(OSError):
            path.unlink()
        total -= size


def clear_cache() -> None:
    """Remove the compiled code that is kept on disk, in the folder `scalar-autograd` within XDG_CACHE_HOME or `~/.cache`.

    What this process has loaded stays loaded.

    Example:
        >>> clear_cache()
    """
    folder = _usable_folder()
    with suppress(OSError):
        for path in folder.iterdir() if folder is not None else ():
            with suppress(OSError):
                path.unlink()
