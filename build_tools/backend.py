"""The build backend: that of setuptools, which requires mypyc only where it can be used.

Source: the hooks are those of PEP 517 and PEP 660.
"""

import platform
import shutil
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (  # noqa: F401 - the unchanged hooks
    build_editable,
    build_sdist,
    build_wheel,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

Settings = dict[str, Any] | None


def _mypyc() -> list[str]:
    compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl"))
    return ["mypy[mypyc]==2.4.1"] if compiler and platform.python_implementation() == "CPython" else []


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *_mypyc()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return [*build_meta.get_requires_for_build_editable(config_settings), *_mypyc()]
