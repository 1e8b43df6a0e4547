"""Choose between the compiled core and its plain source, before either is imported."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path


def choose_core(package: str) -> bool:
    """Whether the compiled core will be loaded; where not, make the import system see the sources only.

    It is not loaded if it was never built, if SCALAR_AUTOGRAD_PLAIN is set to anything but 0, or if a source was edited since it was
    compiled: the source that you read is always the one that runs. Nor is it loaded in a subinterpreter: it keeps its types in variables of
    the process (single-phase initialisation), so that a second import would replace those of the main interpreter.

    Raises:
        ImportError: another distribution's files, named `autograd` too, lie in the same folder.
    """
    folder = Path(package)
    if (folder / "numpy" / "numpy_wrapper.py").exists():  # pragma: no cover - the tests run this in processes of their own
        raise ImportError(
            f"{folder} holds two packages: the distributions `scalar-autograd` (this one) and `autograd` (HIPS) share the import "
            "name `autograd`. Run `pip uninstall autograd scalar-autograd`, then install the one you want, or use two environments."
        )
    if not any((folder / f"value{suffix}").exists() for suffix in EXTENSION_SUFFIXES):  # pragma: no cover - the same
        return False
    if os.environ.get("SCALAR_AUTOGRAD_PLAIN", "0") in ("", "0") and _is_main_interpreter() and _is_current(folder):
        return True
    for path in (package, os.path.join(package, "_runtime")):
        sys.path_importer_cache[path] = FileFinder(path, (SourceFileLoader, SOURCE_SUFFIXES))
    return False


def _is_main_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):  # since Python 3.13, and before
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() == interpreters.get_main())
    return True  # there are no others


def _is_current(folder: Path) -> bool:
    try:
        stamp = (folder / "compiled_from.txt").read_text(encoding="utf-8").split()
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for digest, name in zip(stamp[::2], stamp[1::2], strict=True)
        )
    except (OSError, ValueError):  # pragma: no cover - the same
        return False
