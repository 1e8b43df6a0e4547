"""Writing files so that no reader sees one half written."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from autograd._runtime.temporary import afterwards


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under another name first, so that at every moment the path holds all of the old content or all of the new.

    A link stays a link, and an existing file keeps its permissions.

    Raises:
        OSError: it cannot be written; the path is as it was.
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with afterwards(lambda: beside.unlink(missing_ok=True)):
            with open(beside, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if target.is_file():
                shutil.copymode(target, beside)
            os.replace(beside, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # with the caller's path, not the temporary one
