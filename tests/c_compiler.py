"""Exported C, compiled and called: for tests, which skip where there is no compiler."""

import atexit
import ctypes
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COMPILER = next(filter(None, map(shutil.which, ("gcc", "cc", "clang"))), None)

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler: apt install gcc")

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
"""What exported code is held to."""

STRICTER = (
    *STRICT,
    "-Wshadow",
    "-Wconversion",
    "-Wno-sign-conversion",
    "-Wdouble-promotion",
    "-Wmissing-prototypes",
    "-Wundef",
    "-Wcast-qual",
)
"""What users' projects may ask for besides."""

FOLDER = Path(tempfile.mkdtemp(prefix="exported_c_"))
"""Where sources and libraries are, until the tests end."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

Numbers = np.ndarray[Any, Any]


def compiled(source: str, *flags: str, folder: Path | None = None) -> ctypes.CDLL:
    """The source as a shared library."""
    assert COMPILER is not None
    place = folder or FOLDER
    stem = hashlib.sha256((source + repr(flags)).encode()).hexdigest()[:16]
    file, library = place / f"{stem}.c", place / f"{stem}.so"
    file.write_text(source, encoding="ascii")
    command = [COMPILER, *STRICTER, *(flags or ("-O1",)), "-shared", "-fPIC", str(file), "-o", str(library), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[:3000]}\n{source[:3000]}"
    return ctypes.CDLL(str(library))


def called(library: ctypes.CDLL, name: str, x: Sequence[float], count: int = 1, dtype: Any = np.float64) -> Numbers:
    """The values of a function."""
    given, value = np.array(x, dtype=dtype), np.full(count, 12345.0, dtype=dtype)
    _function(library, name, 2)(_pointer(given), _pointer(value))
    return value


def differentiated(library: ctypes.CDLL, name: str, x: Sequence[float], count: int = 1, dtype: Any = np.float64) -> tuple[Numbers, Numbers]:
    """The values of a function, and its Jacobian."""
    given = np.array(x, dtype=dtype)
    value, gradient = np.full(count, 12345.0, dtype=dtype), np.full((count, given.size), 12345.0, dtype=dtype)
    _function(library, f"{name}_grad", 3)(_pointer(given), _pointer(value), _pointer(gradient))
    return value, gradient


def _function(library: ctypes.CDLL, name: str, count: int) -> Callable[..., None]:
    function = getattr(library, name)
    function.restype, function.argtypes = None, [ctypes.c_void_p] * count
    return function  # type: ignore[no-any-return]


def _pointer(array: Numbers) -> int:
    return array.ctypes.data


# -- programs ---------------------------------------------------------------------------------------------------------------

SANITIZED = ("-O1", "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")

MAIN = """
#include <stdio.h>
int main(void)
{{
    {kind} x[{size}], value[{count}], gradient[{total}];
    for (int i = 0; i < {size}; i++) {{
        x[i] = ({kind})0.01 * ({kind})(i + 1);
    }}
    for (int again = 0; again < 2; again++) {{
        model_grad(x, value, gradient);
        model(x, value);
    }}
    for (int i = 0; i < {count}; i++) {{
        printf("%.17g ", (double)value[i]);
    }}
    for (int i = 0; i < {total}; i++) {{
        printf("%.17g ", (double)gradient[i]);
    }}
    return 0;
}}
"""


def printed(source: str, folder: Path, size: int, count: int, kind: str = "double", *flags: str) -> Numbers:
    """The values and gradients of `model` at 0.01, 0.02, …, as a program prints them. Skips a test whose sanitizers are not there."""
    assert COMPILER is not None
    file, program = folder / "model.c", folder / "model"
    file.write_text(source + MAIN.format(kind=kind, size=size, count=count, total=size * count), encoding="ascii")
    command = [COMPILER, *STRICT, *flags, str(file), "-o", str(program), "-lm"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode and SANITIZED[2] in flags and "cannot find" in made.stderr:
        pytest.skip("this compiler has no sanitizers")
    assert made.returncode == 0, made.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return np.array([*map(float, done.stdout.split())])
