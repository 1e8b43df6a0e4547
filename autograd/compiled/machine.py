"""The virtual machine of the native executor: its source, written from the op table, and compiled once by Numba.

One function runs all programs forward, and one backward. They are loops over encoded instructions (see `native`) with one branch
an operation; the numbers of a run stand in one array `x`, their gradients in another, `d`. The source is a file in the cache
folder of the user, named by a hash of the source: a table that changed gives another machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

from autograd.compiled.source import lines_of
from autograd.errors import MissingPackageError
from autograd.ops import EQUAL, LESS, LESS_EQUAL, OPERATIONS, SELECT, Operation, outside

COPY, SUM_OF, DOT_OF, PRODUCT = 0, 1, 2, 3
FIRST = 4
"""The codes of what is no row of fixed arity; those of rows follow, in the order of the table."""

OP, OUTER, INNER, WIDTH, OUT, BATCHED = range(6)
"""The columns of an instruction: what, two loops, the second size of a product, where to write, and whether there are samples."""
OPERANDS, FIELDS = 6, 6
IS_BATCHED, IS_LIST, START, STRIDE, STEP, IS_CONSTANT = range(6)
"""The columns of an operand; there are three."""
COLUMNS = OPERANDS + 3 * FIELDS

PRELUDE = '''"""Written by autograd.compiled.machine from the op table."""

import math
from math import (  # noqa: F401
    acos, acosh, asin, asinh, atan, atan2, atanh, cosh, cos, erf, erfc, exp, expm1, hypot, inf, isinf, log, log10, log1p, log2,
    nan, sin, sinh, sqrt, tan, tanh,
)

import numpy as np
from numba import njit
from numba.extending import register_jitable

@register_jitable
def where(c, a, b):
    return a if c else b

@register_jitable
def equal(a, b):
    return a == b

@register_jitable
def divide(a, b):
    return a / b

@register_jitable
def abs(a):
    return math.fabs(a)

@register_jitable
def floor(a):
    return np.floor(a)

@register_jitable
def ceil(a):
    return np.ceil(a)

@register_jitable
def cbrt(a):
    return np.cbrt(a)

@register_jitable
def power(a, b):
    if b == 2.0:
        return a * a
    if b == 1.0:
        return a
    return math.pow(a, b)

@register_jitable
def remainder(a, b):
    return a % b if b != 0.0 else nan

@register_jitable
def find(line, k, o, lists, shared, n):
    """Where operand k of the instruction c has its numbers of round o."""
    at = 6 + 6 * k
    place = lists[line[at + 2] + o] if line[at + 1] else line[at + 2] + o * line[at + 3]
    return shared + place * n if line[at] else place

@register_jitable
def pace(line, k):
    """How far it goes within a round: from sample to sample, or along its second axis."""
    at = 6 + 6 * k
    return 1 if line[at] else 0 if line[5] else line[at + 4]

@register_jitable
def element(line, k, o, j, columns, lists, shared, n):
    """Where operand k of a sum or product has its number in row o and column j."""
    at = 6 + 6 * k
    place = lists[line[at + 2] + o * columns + j] if line[at + 1] else line[at + 2] + o * line[at + 3] + j * line[at + 4]
    return shared + place * n if line[at] else place

@njit(cache=True, error_model="numpy", fastmath={"reassoc"})
def inner(x, a, sa, b, sb, n):
    """A dot product; the order of its terms is left to the machine."""
    total = 0.0
    if sa == 1 and sb == 1:
        for j in range(n):
            total += x[a + j] * x[b + j]
    else:
        for j in range(n):
            total += x[a + j * sa] * x[b + j * sb]
    return total

@njit(cache=True, error_model="numpy")
def multiply(x, line, y):
    """A matrix product of regular operands, row by row: the second one is turned over, so that the innermost loop is contiguous."""
    m, n, p = line[1], line[2], line[3]
    turned = np.empty(n * p)
    for k in range(p):
        for j in range(n):
            turned[j * p + k] = x[line[14] + k * line[15] + j * line[16]]
    for o in range(m):
        z = y + o * p
        for k in range(p):
            x[z + k] = 0.0
        for j in range(n):
            factor = x[line[8] + o * line[9] + j * line[10]]
            for k in range(p):
                x[z + k] += factor * turned[j * p + k]

@njit(cache=True, error_model="numpy")
def multiply_back(x, d, line, y):
    """The gradients by both operands."""
    m, n, p = line[1], line[2], line[3]
    even = line[10] == 1 and line[16] == 1
    for o in range(m):
        for k in range(p):
            a, b, g = line[8] + o * line[9], line[14] + k * line[15], d[y + o * p + k]
            if not line[11] and even:
                for j in range(n):
                    d[a + j] += g * x[b + j]
            elif not line[11]:
                for j in range(n):
                    d[a + j * line[10]] += g * x[b + j * line[16]]
            if not line[17] and even:
                for j in range(n):
                    d[b + j] += g * x[a + j]
            elif not line[17]:
                for j in range(n):
                    d[b + j * line[16]] += g * x[a + j * line[10]]

@njit(cache=True, error_model="numpy")
def axpy(d, t, st, factor, x, s, ss, n):
    """d += factor · x, along n numbers."""
    if st == 1 and ss == 1:
        for j in range(n):
            d[t + j] += factor * x[s + j]
    else:
        for j in range(n):
            d[t + j * st] += factor * x[s + j * ss]
'''

FORWARD = """
@njit(cache=True, error_model="numpy")
def forward(code, lists, x, shared, n, first, last, met):
    for s in range(first, last):
        line = code[s]
        op, outer, width, out = line[0], line[1], line[3], line[4]
        within = n if line[5] else line[2]
        samples = n if line[5] else 1
        y0 = shared + out * n if line[5] else out
        if op == 1:
            for o in range(outer):
                z = y0 + o * samples
                for i in range(samples):
                    x[z + i] = 0.0
                for j in range(line[2]):
                    a0 = element(line, 0, o, j, line[2], lists, shared, n)
                    for i in range(samples):
                        x[z + i] += x[a0 + i]
        elif op == 2:
            for o in range(outer):
                z = y0 + o * samples
                if not line[5] and not line[7] and not line[13]:
                    x[z] = inner(x, line[8] + o * line[9], line[10], line[14] + o * line[15], line[16], line[2])
                    continue
                for i in range(samples):
                    x[z + i] = 0.0
                for j in range(line[2]):
                    a0, b0 = element(line, 0, o, j, line[2], lists, shared, n), element(line, 1, o, j, line[2], lists, shared, n)
                    for i in range(samples):
                        x[z + i] += x[a0 + i * line[6]] * x[b0 + i * line[12]]
        elif op == 3 and not line[5] and not line[7] and not line[13]:
            multiply(x, line, y0)
        elif op == 3:
            for o in range(outer):
                for p in range(width):
                    z = y0 + (o * width + p) * samples
                    for i in range(samples):
                        x[z + i] = 0.0
                    for j in range(line[2]):
                        a0, b0 = element(line, 0, o, j, line[2], lists, shared, n), element(line, 1, p, j, line[2], lists, shared, n)
                        for i in range(samples):
                            x[z + i] += x[a0 + i * line[6]] * x[b0 + i * line[12]]
        else:
            ai, bi, ci = pace(line, 0), pace(line, 1), pace(line, 2)
            for o in range(outer):
                z = y0 + o * within
                a0, b0, c0 = find(line, 0, o, lists, shared, n), find(line, 1, o, lists, shared, n), find(line, 2, o, lists, shared, n)
                if op == 0:
                    for i in range(within):
                        x[z + i] = x[a0 + i * ai]
"""

BACKWARD = """
@njit(cache=True, error_model="numpy")
def backward(code, lists, x, d, shared, n, first, last):
    for s in range(last - 1, first - 1, -1):
        line = code[s]
        op, outer, width, out = line[0], line[1], line[3], line[4]
        within = n if line[5] else line[2]
        samples = n if line[5] else 1
        y0 = shared + out * n if line[5] else out
        if op == 1:
            for o in range(outer):
                z = y0 + o * samples
                for j in range(line[2]):
                    a0 = element(line, 0, o, j, line[2], lists, shared, n)
                    for i in range(samples):
                        d[a0 + i] += d[z + i]
        elif op == 2:
            for o in range(outer):
                z = y0 + o * samples
                if not line[5] and not line[7] and not line[13]:
                    if not line[11]:
                        axpy(d, line[8] + o * line[9], line[10], d[z], x, line[14] + o * line[15], line[16], line[2])
                    if not line[17]:
                        axpy(d, line[14] + o * line[15], line[16], d[z], x, line[8] + o * line[9], line[10], line[2])
                    continue
                for j in range(line[2]):
                    a0, b0 = element(line, 0, o, j, line[2], lists, shared, n), element(line, 1, o, j, line[2], lists, shared, n)
                    for i in range(samples):
                        if not line[11]:
                            d[a0 + i * line[6]] += d[z + i] * x[b0 + i * line[12]]
                        if not line[17]:
                            d[b0 + i * line[12]] += d[z + i] * x[a0 + i * line[6]]
        elif op == 3 and not line[5] and not line[7] and not line[13]:
            multiply_back(x, d, line, y0)
        elif op == 3:
            for o in range(outer):
                for p in range(width):
                    z = y0 + (o * width + p) * samples
                    for j in range(line[2]):
                        a0, b0 = element(line, 0, o, j, line[2], lists, shared, n), element(line, 1, p, j, line[2], lists, shared, n)
                        if not line[11]:
                            for i in range(samples):
                                d[a0 + i * line[6]] += d[z + i] * x[b0 + i * line[12]]
                        if not line[17]:
                            for i in range(samples):
                                d[b0 + i * line[12]] += d[z + i] * x[a0 + i * line[6]]
        else:
            ai, bi, ci = pace(line, 0), pace(line, 1), pace(line, 2)
            for o in range(outer):
                z = y0 + o * within
                a0, b0, c0 = find(line, 0, o, lists, shared, n), find(line, 1, o, lists, shared, n), find(line, 2, o, lists, shared, n)
                if op == 0:
                    for i in range(within):
                        d[a0 + i * ai] += d[z + i]
"""


def rows() -> dict[str, Operation]:
    """The operations the machine knows by their names: rows of the table with a fixed number of inputs, and comparisons."""
    known = {row.name: row for row in OPERATIONS.values() if row.arity is not None and not row.constants}
    return {**known, **{row.name: row for row in (LESS, LESS_EQUAL, EQUAL, SELECT)}}


def source() -> str:
    """The machine as Python text that Numba can compile."""
    forward, backward = [FORWARD.rstrip()], [BACKWARD.rstrip()]
    for code, row in enumerate(_built_in(), FIRST):
        names = list("abc"[: row.arity])
        forward.append(f"                elif op == {code}:  # {row.name}\n" + _indented(_forward(row, names), 20))
        backward.append(f"                elif op == {code}:  # {row.name}\n" + _indented(_backward(row, names), 20))
    return "\n".join([PRELUDE, *forward, "", *backward, ""])


def _built_in() -> list[Operation]:
    return [row for row in rows().values() if row.value.__module__ == "autograd.ops"]


def codes() -> dict[str, int]:
    """The code of each operation by its name; a user's own rows have none, and are left to the reference."""
    return {row.name: code for code, row in enumerate(_built_in(), FIRST)}


def _forward(row: Operation, names: list[str]) -> list[str]:
    body: list[str] = []
    if row.domain or row.pole:
        body = lines_of(lambda xp, *inputs: outside(row, xp, *inputs), names, "bad", "u")
        body += ["if bad:", "    met[s] = 1"]
    return _loop(names, [*body, *lines_of(row.value, names, "y"), "x[z + i] = y"])


def _backward(row: Operation, names: list[str]) -> list[str]:
    lines: list[str] = []
    for k, (name, rule) in enumerate(zip(names, row.derivatives, strict=True)):
        body = [*lines_of(rule, ["y", *names], "slope"), f"d[{name}0 + i * {name}i] += slope * d[z + i]"]
        if row is SELECT:  # exactly 0 for the side that is not chosen
            body = [f"if {'a == 0.0' if k == 2 else 'a != 0.0'}:", f"    d[{name}0 + i * {name}i] += d[z + i]"] if k else ["pass"]
        y = ["y = x[z + i]"] if _reads(body, "y") else []
        lines += [f"if not line[{OPERANDS + FIELDS * k + IS_CONSTANT}]:"]
        lines += ["    " + text for text in _loop([name for name in names if _reads(body, name)], [*y, *body])]
    return lines


def _reads(body: list[str], name: str) -> bool:
    return any(re.search(rf"\b{name}\b", text) for text in body)


def _loop(read: list[str], body: list[str]) -> list[str]:
    """The inner loop around a body that reads the numbers of some operands."""
    return ["for i in range(within):", *["    " + text for text in [*[f"{name} = x[{name}0 + i * {name}i]" for name in read], *body]]]


def _indented(lines: list[str], width: int) -> str:
    return "\n".join(" " * width + line for line in lines)


@cache
def machine() -> tuple[Callable[..., None], Callable[..., None]]:
    """The two functions, compiled now, or taken from the cache of an earlier process.

    Raises:
        MissingPackageError: Numba is not installed.
    """
    try:
        import numpy as np
        from numba import types  # noqa: F401 - whether it can be imported
    except ImportError as error:
        raise MissingPackageError("the native executor needs Numba: pip install 'scalar-autograd[fast]'") from error
    text = source()
    path = _written(f"scalar_autograd_machine_{hashlib.sha256(text.encode()).hexdigest()[:16]}.py", text)
    module = _loaded(path)
    done = path.with_suffix(".compiled")
    if not done.exists():
        print("compiling the native executor: this takes some ten seconds, once on this machine", file=sys.stderr, flush=True)
    code, lists, x = np.zeros((0, COLUMNS), np.int64), np.zeros(1, np.int64), np.zeros(1)
    module.forward(code, lists, x, 0, 1, 0, 0, np.zeros(0, np.uint8))
    module.backward(code, lists, x, x, 0, 1, 0, 0)
    done.touch()
    return module.forward, module.backward


def _written(name: str, text: str) -> Path:
    """The text in a file, as Numba's cache needs it; in a folder of this process alone, where none is writable."""
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scalar-autograd"
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text(text)
            beside.replace(path)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="scalar-autograd-")) / name
        path.write_text(text)
    return path


def _loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - for the type checker: a path that ends in .py has a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where Numba's cache looks for it
    spec.loader.exec_module(module)
    return module
