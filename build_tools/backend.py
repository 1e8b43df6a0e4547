"""The build backend: that of setuptools, which requires mypyc only where it can be used.

Source: the hooks are those of PEP 517 and PEP 660.
"""

import gzip
import io
import os
import platform
import shutil
import tarfile
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401 - the unchanged hooks
    build_editable,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

Settings = dict[str, Any] | None


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """The source distribution, of which the same files give the same bytes: in order, without times, owners and a name of the archive."""
    name = build_meta.build_sdist(sdist_directory, config_settings)
    path = Path(sdist_directory) / name
    time = int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))  # else 1980, from which on zip archives have times
    with tarfile.open(path) as archive:
        files = [(member, archive.extractfile(member).read() if member.isfile() else b"") for member in archive.getmembers()]
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=time) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as new,
    ):
        for member, content in sorted(files, key=lambda pair: pair[0].name):
            member.mtime, member.uid, member.gid, member.uname, member.gname, member.pax_headers = time, 0, 0, "", "", {}
            with io.BytesIO(content) as stream:
                new.addfile(member, stream)
    return name


def _mypyc() -> list[str]:
    compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl"))
    return ["mypy[mypyc]==2.4.1"] if compiler and platform.python_implementation() == "CPython" else []


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_mypyc()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *_mypyc()]
