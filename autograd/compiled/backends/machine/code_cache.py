"""Compiled code that is kept on disk for the next process: in a folder that nobody else can write to, each entry whole or not there.

Python runs what it finds there. A folder that somebody else could have written to is therefore not used, and an entry is used only if all
of its files are as they were when it was completed. What cannot be used is compiled again: a cache that fails makes a start slower, and is
no error.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME, COMPLETE = "scalar-autograd", "complete"
"""The names of the folder, and of the list of checksums that completes an entry."""


def cache_folder() -> Path:
    """The folder of this user's compiled code, made where it is missing, for this user alone.

    Raises:
        OSError: there is none, or others may write to it; the message says why.
    """
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / NAME
    except RuntimeError:  # neither HOME nor an entry among the users
        raise OSError("this user has no home folder: set XDG_CACHE_HOME") from None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        _need_private(folder)
        tempfile.TemporaryFile(dir=folder).close()
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


def is_whole(entry: Path) -> bool:
    """Whether all files of an entry are as they were when it was completed."""
    try:
        lines = (entry / COMPLETE).read_text(encoding="utf-8").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines]
        return bool(pairs) and all(_checksum(entry / name) == checksum for checksum, name in pairs)
    except (OSError, ValueError):
        return False


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def workplace(folder: Path | None) -> Iterator[Path]:
    """A new private folder, in the cache or else among the temporary files. It is removed at the end, unless it was kept.

    Raises:
        OSError: there can be none.
    """
    place = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def opened(entry: Path) -> Iterator[Path]:
    """An entry, to be read by Numba, which uses only folders that it could write to; so a copy where the disk is for reading only."""
    if os.access(entry / "__pycache__", os.W_OK):
        yield entry
        return
    with workplace(None) as place:
        yield Path(shutil.copytree(entry, place / entry.name))


def keep(place: Path, entry: Path) -> None:
    """Complete what was made in a workplace, and make it the entry; nothing where another process was quicker, or the disk is full."""
    with suppress(OSError):
        files = sorted(path for path in place.rglob("*") if path.is_file())
        lines = [f"{_checksum(path)} {path.relative_to(place).as_posix()}\n" for path in files]
        (place / COMPLETE).write_text("".join(lines), encoding="utf-8")
        if not is_whole(entry):
            discard(entry)
            place.rename(entry)


def discard(entry: Path) -> None:
    """Remove an entry that cannot be used."""
    shutil.rmtree(entry, ignore_errors=True)
    with suppress(OSError):
        entry.unlink(missing_ok=True)
