"""Writing files so that no reader sees one half written."""

from __future__ import annotations

import errno
import os
import stat
import uuid
from pathlib import Path

from autograd._runtime.temporary import afterwards
from autograd.errors import InputError


def as_path(path: object, example: str) -> Path:
    """The path of a file to be read or written.

    Raises:
        InputError: it is neither a string nor a path, it is empty, or it holds a NUL.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"a file has a path, as in {example}, not {path!r:.60}")
    text = os.fspath(path)
    if not isinstance(text, str) or "\0" in text or not text:
        raise InputError(f"a path is a string that is not empty and has no NUL, as in {example}, not {text!r:.60}")
    return Path(text)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that at every moment the path holds all of the old content or all of the new.

    Symbolic links stay links, and an existing file keeps its owner and its permissions. A file with several hard links, one whose owner
    cannot be given to another file, and one in a folder where no file can be made are written in place: if that is interrupted, the old
    content is written back.

    Raises:
        OSError: it cannot be written, or is a folder, a device, a pipe or a socket; the path is as it was.
    """
    try:
        old = need_file(path)
        target = Path(os.path.realpath(path))
        has_links = old is not None and old.st_nlink > 1
        if has_links or not _replace(target, content, old):
            _write_in_place(target, content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # with the caller's path, not the temporary one


def need_file(path: Path) -> os.stat_result | None:
    """The status of the file that is there and may be overwritten, if there is one.

    Raises:
        OSError: it is no regular file, or must not be written.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder: write the name of a file in it", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "this is a device, a pipe or a socket, and would be replaced by a file: write another path", str(path))
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return status


def _replace(target: Path, content: bytes, old: os.stat_result | None) -> bool:
    """Write another file, and put it in the place of this one; False where an existing file cannot be replaced by one that is like it."""
    beside = target.with_name(f".{target.name[:24]}.{uuid.uuid4().hex[:16]}")  # no longer than file systems allow, whatever the name is
    with afterwards(lambda: beside.unlink(missing_ok=True)):
        try:
            beside.touch(exist_ok=False)
        except PermissionError:
            if old is None:
                raise
            return False
        with open(beside, "r+b") as file:
            if old is not None and not _is_made_alike(beside, old):
                return False
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(beside, target)
        except OSError as error:
            if old is None or error.errno != errno.EBUSY:  # a file that is mounted by itself, as in containers
                raise
            return False
    return True


def _is_made_alike(path: Path, old: os.stat_result) -> bool:
    """Give a new file the owner, the group and the permissions of the old one. Whether that was possible."""
    new = os.stat(path)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.chown(path, old.st_uid, old.st_gid)
        except PermissionError:
            return False
    os.chmod(path, stat.S_IMODE(old.st_mode))  # after the owner, whose change takes away some of them
    return True


def _write_in_place(target: Path, content: bytes) -> None:
    """Overwrite a file, so that all names of it have the new content; after an interrupt or an error, the old content."""
    old, finished = target.read_bytes(), False

    def restore() -> None:
        if not finished:
            _overwrite(target, old)

    with afterwards(restore):
        _overwrite(target, content)
        finished = True


def _overwrite(target: Path, content: bytes) -> None:
    with open(target, "r+b") as file:  # not truncated first: where the disk is full, there is room for the old content again
        file.write(content)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
