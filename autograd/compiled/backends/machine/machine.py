"""The virtual machine of the native executor: its source, written from the op table, and compiled once by Numba.

One function runs all programs forward, and one backward. They are loops over the lines of encoded programs (see `encoding`). The
numbers of a run stand in one array `x`, their gradients in another, `d`. An operation on vectors is a loop over plain arrays, which
`kernels` finds. Scalars without samples have a loop of their own, with one branch for each operation. The source and what it was compiled
to are kept on disk (see `code_cache`), named by a hash of the source: a table that changed gives another machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging  # noqa: F401 - see `_LOCK`
import os
import py_compile
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd._runtime.streams import say
from autograd.compiled.backends.machine import code_cache, encoding
from autograd.compiled.backends.machine.encoding import FIRST, rows
from autograd.compiled.export.rule_text import lines_of
from autograd.errors import MissingPackageError
from autograd.namespaces import FUNCTIONS
from autograd.ops import Operation, outside

PRELUDE = '''"""Written by autograd.compiled.backends.machine.machine from the op table."""

import math
from math import (  # noqa: F401
    acos, acosh, asin, asinh, atan, atan2, atanh, cosh, cos, erf, erfc, exp, expm1, hypot, inf, isinf, log, log10, log1p, log2,
    nan, sin, sinh, sqrt, tan, tanh,
)

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

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
'''

FORWARD = """
@compiled(f"void(i8[:, ::1], i8[::1], i8[::1]{8 * ', f8[::1]'})", inside=False)
def load(rows, others, run, a, b, c, d, e, f, g, h):
    _, _, x, lent, shared, n = parts_of(run)
    given = at(a, 0), at(b, 0), at(c, 0), at(d, 0), at(e, 0), at(f, 0), at(g, 0), at(h, 0)
    for k in range(len(rows)):
        kind, place, count, source = rows[k, 0], rows[k, 1], rows[k, 2], given[k]
        y = at(x, address(place, shared, n))
        if kind == IS_LENT:
            lent[0], lent[1], lent[2] = place, place + (count if place >= 0 else 1), address_of(source)
            lent = at(lent, LOAN)
            for j in range(rows[k, 3], rows[k, 4]):
                x[others[j]] = source[others[j] - place]
        elif kind == BY_PLACE:
            for j in range(count):
                for i in range(n):
                    y[j * n + i] = source[i * count + j]
        else:
            for i in range(count * (n if place < 0 else 1)):
                y[i] = source[i]

@compiled("void(i8[:, ::1], f8[::1], f8[::1], i8, i8)", inside=False)
def fill(rows, numbers, memory, shared, n):
    for k in range(len(rows)):
        y, count = at(memory, address(rows[k, 0], shared, n)), rows[k, 1] * (n if rows[k, 0] < 0 else 1)
        for i in range(count):
            y[i] = numbers[k]

@compiled("i8(f8[::1])", inside=False)
def place_in_memory(array):
    return address_of(at(array, 0))

@compiled("void(i8[::1], i8[:, ::1], u4[:, ::1], i8[::1])", inside=False)
def place_tables(run, code, scalars, lists):
    run[AT_CODE], run[AT_SCALARS], run[AT_LISTS] = address_of(at(code, 0)), address_of(at(scalars, 0)), address_of(at(lists, 0))

@compiled("b1(i8[::1], i8, i8)", inside=False)
def forward(run, first, last):
    (code, lists, x, lent, shared, n), left = parts_of(run), False
    for s in range(first, last):
        line = at(code, s * COLUMNS)
        op, size, terms = line[OP], line[SIZE], line[TERMS]
        if op == SCALARS:
            left |= run_scalars(pointer(lines, run[AT_SCALARS]), size, line[OUT], lists, x)
            continue
        if op == PRODUCT:
            multiply(x, line, lists, lent, shared, n)
            continue
        samples = n if line[OUT] < 0 else 1
        count = size * samples
        y = at(x, address(line[OUT], shared, n))
        a = operand(x, line, 0, size * terms, samples, lists, shared, n)
        b = operand(x, line, 1, size * terms, samples, lists, shared, n)
        if op == COPY:
            for i in range(count):
                y[i] = a[i]
        elif op == OF_SUM:
            add_up(y, a, count, terms, samples)
        elif op == OF_DOT:
            add_products(y, a, b, count, terms, samples)
        elif op == OF_PEAK:
            peaks(y, a, count, terms, samples)
        elif op == OF_LOGSUMEXP:
            log_of_sums(y, a, b, count, terms, samples)
        else:
            c = operand(x, line, 2, size, samples, lists, shared, n)
            if line[CHECKED] and not line[ERROR_MASK]:
                left |= leaves_domain(op, a, b, c, a, False, count)
            apply(op, y, a, b, c, count)
    return left

@compiled("b1(i8[::1], i8)", inside=False)
def errors_where_wanted(run, count):
    (code, lists, x, _, shared, n), left = parts_of(run), False
    for s in range(count):
        line = at(code, s * COLUMNS)
        if line[CHECKED] and line[ERROR_MASK]:
            size, samples = line[SIZE], n if line[OUT] < 0 else 1
            a = operand(x, line, 0, size, samples, lists, shared, n)
            b = operand(x, line, 1, size, samples, lists, shared, n)
            c = operand(x, line, 2, size, samples, lists, shared, n)
            left |= leaves_domain(line[OP], a, b, c, mask_of(x, line, size, samples, lists, shared, n), True, size * samples)
    return left
"""

BACKWARD = """
@compiled("void(i8[::1], f8[::1], i8, i8)", inside=False)
def backward(run, gradients, first, last):
    (code, lists, x, lent, shared, n), d = parts_of(run), at(gradients, 0)
    for s in range(last - 1, first - 1, -1):
        line = at(code, s * COLUMNS)
        op, size, terms = line[OP], line[SIZE], line[TERMS]
        if op == SCALARS:
            pull_scalars(pointer(lines, run[AT_SCALARS]), size, line[OUT], lists, x, d)
            continue
        if op == PRODUCT:
            multiply_back(x, d, line, lists, lent, shared, n)
            continue
        samples = n if line[OUT] < 0 else 1
        count = size * samples
        begin = address(line[OUT], shared, n)
        y, g = at(x, begin), at(d, begin)
        a = operand(x, line, 0, size * terms, samples, lists, shared, n)
        b = operand(x, line, 1, size * terms, samples, lists, shared, n)
        c = operand(x, line, 2, size, samples, lists, shared, n)
        for k in range(3):
            if not is_wanted(line, k):
                continue
            if op >= FIRST and is_direct(line, k):
                pull(op, k, piece(d, line, k, shared, n), mask_of_old(line, k), g, y, a, b, c, count)
                continue
            part = copied(d, line, k, shared, n)
            if op >= FIRST:
                pull(op, k, part, 0, g, y, a, b, c, count)
            else:
                spread_gradients(part, g, count, terms, samples)  # of a copy, which has one term, a copy
                if op == OF_DOT:
                    scale(part, a if k else b, count * terms)
                elif op == OF_PEAK:
                    for i in range(count * terms):
                        part[i] = 0.0
                elif op == OF_LOGSUMEXP:
                    share(part, a, b, c, count, terms, samples)
            if line[MASKED]:
                keep_wanted(part, mask_of(x, line, size, samples, lists, shared, n), count * terms, terms, samples)
            scatter(d, part, line, k, size * terms, samples, lists, shared, n)
"""

SUMS_OF_SCALARS = """
        if op == OF_SUM:
            total = 0.0
            for j in range(u, u + v):
                total += x[lists[j]]
            x[z] = total
        elif op == OF_DOT:
            total = 0.0
            for j in range(u, u + v):
                total += x[lists[j]] * x[lists[j + v]]
            x[z] = total
        elif op == PRODUCTS:
            y = x[lists[u]]
            for j in range(u + 1, u + v):
                y *= x[lists[j]]
                x[lists[j + v - 1]] = y
        elif op == MUL_ADD:
            x[z] = x[u] * x[v] + x[w]
        elif op == MUL_SUB:
            x[z] = x[u] * x[v] - x[w]
        elif op == SUB_MUL:
            x[z] = x[w] - x[u] * x[v]"""

SUMS_OF_SCALARS_BACK = """
        if op == OF_SUM:
            for j in range(u, u + v):
                d[lists[j]] += g
        elif op == OF_DOT:
            for j in range(u, u + v):
                p, q = lists[j], lists[j + v]
                d[p] += g * x[q]
                d[q] += g * x[p]
        elif op == PRODUCTS:
            for j in range(u + v - 1, u + 1, -1):
                p = lists[j]
                d[p] += g * x[lists[j + v - 2]]
                g *= x[p]
            p, q = lists[u], lists[u + 1]
            d[p] += g * x[q]
            d[q] += g * x[p]
        elif op == MUL_ADD or op == MUL_SUB or op == SUB_MUL:
            if flags & 4:
                d[w] += -g if op == MUL_SUB else g
            if op == SUB_MUL:
                g = -g
            if flags & 1:
                d[u] += x[v] * g
            if flags & 2:
                d[v] += x[u] * g"""


def sources() -> list[str]:
    """The halves of the machine, forward and backward, as Python text that Numba can compile."""
    columns = {name: value for name, value in vars(encoding).items() if name.isupper() and isinstance(value, int)}
    wide, kernels = (Path(encoding.__file__).with_name(name).read_text(encoding="utf-8") for name in ("wide.py", "kernels.py"))
    wide, kernels = (text[text.index("# mypy: ignore-errors") :] for text in (wide, kernels))
    both, forward, backward = re.split(r"\n# == \w+ =+\n", kernels)
    begin = "\n".join([PRELUDE, wide, *[f"{name} = {value}" for name, value in columns.items()], both])

    known = [(code, row, list("abc"[: row.arity])) for code, row in enumerate(rows(), FIRST)]
    values = {code: _value(row, names) for code, row, names in known}
    checked = {code: _check(row, names) for code, row, names in known if row.domain or row.pole}
    of_scalars = {code: _scalar(row, names) for code, row, names in known}
    parts = _by_width(f"void(i8{4 * ', numbers'}, i8)", "apply(op, y, a, b, c, count)", "op", values)
    parts += _function(f"b1(i8{4 * ', numbers'}, b1, i8)", "leaves_domain(op, a, b, c, mask, masked, count)", "op", checked)
    parts.append("    return False\n")
    signature = "b1(lines, i8, i8, places, numbers)", "run_scalars(scalars, first, last, lists, x)"
    parts += _over_scalars(*signature, "range(first, last)", "", SUMS_OF_SCALARS, of_scalars)

    slopes = {3 * code + k: _slope(row, names, k) for code, row, names in known for k in range(len(names))}
    of_scalars = {code: _scalar_slopes(row, names) for code, row, names in known}
    back = _by_width(f"void(i8, i8, numbers, i8{5 * ', numbers'}, i8)", "pull(op, k, t, old, g, y, a, b, c, count)", "3 * op + k", slopes)
    signature = "b1(lines, i8, i8, places, numbers, numbers)", "pull_scalars(scalars, first, last, lists, x, d)"
    back += _over_scalars(*signature, "range(last - 1, first - 1, -1)", "g = d[z]", SUMS_OF_SCALARS_BACK, of_scalars)
    return ["\n".join([begin, forward, *parts, FORWARD]), "\n".join([begin, backward, *back, BACKWARD])]


def _function(types: str, signature: str, key: str, branches: dict[int, list[str]]) -> list[str]:
    """A function with one branch for each operation, or for all that do the same."""
    lines = [f'@compiled("{types}")', f"def {signature}:", f"    key = {key}"]
    codes: dict[tuple[str, ...], list[int]] = {}
    for code, body in branches.items():
        codes.setdefault(tuple(body), []).append(code)
    for i, (shared, same) in enumerate(codes.items()):
        condition = " or ".join([f"key == {code}" for code in same])
        lines += [f"    {'elif' if i else 'if'} {condition}:", *_indented([*shared], 8)]
    return lines


NARROW = re.compile(rf"/|\b({'|'.join(set(FUNCTIONS) - {'abs', 'equal', 'where'})})\(")
"""What gains nothing from wider vectors: division, roots, and functions of a library, which take one number at a time."""


def _by_width(types: str, signature: str, key: str, branches: dict[int, list[str]]) -> list[str]:
    """The same as two functions, of which the second is compiled for vectors as wide as the processor has."""
    narrow = {code: body for code, body in branches.items() if NARROW.search("".join(body)) and "wide_" not in "".join(body)}
    wide = {code: body for code, body in branches.items() if code not in narrow}
    rest = signature.replace("(", "_narrow(", 1)
    lines = [*_function(types, signature, key, wide), "    else:", f"        {rest}"]
    lines[lines.index(f"def {signature}:")] += "\n    widest()"
    return [*_function(types, rest, key, narrow), *lines]


def _over_scalars(types: str, signature: str, steps: str, first: str, sums: str, branches: dict[int, list[str]]) -> list[str]:
    """A function that goes through scalars, with one branch for each operation."""
    lines = [f'@compiled("{types}")', f"def {signature}:", "    left = False", f"    for s in {steps}:"]
    lines += ["        line = at(scalars, s * SCALAR_COLUMNS)"]
    lines += ["        op, z, flags = line[SCALAR_OP], line[SCALAR_OUT], line[SCALAR_FLAGS]"]
    lines += [f"        {place} = line[SCALAR_INPUTS + {k}]" for k, place in enumerate("uvw")]
    lines += [f"        {first}", sums.strip("\n")]
    for code, body in branches.items():
        lines += [f"        elif op == {code}:", *_indented(body, 12)]
    return [*lines, "    return left", ""]


def _needed(names: list[str], body: list[str]) -> list[str]:
    """The names that occur in a body."""
    return [name for name in names if any(re.search(rf"\b{name}\b", line) for line in body)]


# -- vectors: each input is many numbers, `a`, and the number at hand is `a_` --------------------------------------------------


WIDE = ("exp", "log", "tanh", "erf", "gaussian")
"""What is computed by the functions of `wide`."""


def _over_arrays(body: list[str]) -> list[str]:
    body = [re.sub(rf"\b({'|'.join(WIDE)})\(", r"wide_\1(", line) for line in body]
    read = [f"{name} = {name[0]}[i]" for name in _needed(["a_", "b_", "c_", "y_"], body)]
    return ["for i in range(count):", *_indented([*read, *body], 4)]


def _numbers(names: list[str]) -> list[str]:
    return [f"{name}_" for name in names]


def _value(row: Operation, names: list[str]) -> list[str]:
    return _over_arrays(lines_of(row.value, _numbers(names), "y[i]", own=WIDE))


def _check(row: Operation, names: list[str]) -> list[str]:
    test = _outside(row, _numbers(names))
    all_of_them = ["found = False", *_over_arrays([*test, "found |= bad"])]  # without a branch: several numbers at once
    wanted = _over_arrays([*test, "if bad and mask[i] != 0.0:", "    return True"])
    return [*all_of_them, "if not found or not masked:", "    return found", *wanted]


def _slope(row: Operation, names: list[str], k: int) -> list[str]:
    slope = lines_of(row.derivatives[k], ["y_", *_numbers(names)], "slope", own=WIDE)
    return _over_arrays([*slope, f"t[i] = kept(t[i], old) + {_product(row, 'g[i]')}"])


def _product(row: Operation, gradient: str) -> str:
    """See `ops.product`."""
    return f"(slope * {gradient} if slope != 0.0 else 0.0)" if row.selects else f"slope * {gradient}"


# -- scalars: each input is a place -----------------------------------------------------------------------------------------


def _read(names: list[str], body: list[str]) -> list[str]:
    return [f"{name} = x[{'uvw'[names.index(name)]}]" for name in _needed(names, body)]


def _scalar(row: Operation, names: list[str]) -> list[str]:
    body = lines_of(row.value, names, "x[z]")
    if row.domain or row.pole:
        body += [*_outside(row, names), "if bad and flags & SCALAR_CHECKED:", "    left = True"]
    return [*_read(names, body), *body]


def _scalar_slopes(row: Operation, names: list[str]) -> list[str]:
    """Each gradient where it is wanted."""
    lines: list[str] = []
    for k in range(len(names)):
        body = [*lines_of(row.derivatives[k], ["y", *names], "slope"), f"change = {_product(row, 'g')}"]
        body = [*_read(names, body), *[f"{y} = x[z]" for y in _needed(["y"], body)], *body]
        lines += [f"if flags & {1 << k}:", *_indented([*body, f"d[{'uvw'[k]}] += change"], 4)]
    return lines


def _outside(row: Operation, names: list[str]) -> list[str]:
    return lines_of(lambda xp, *inputs: outside(row, xp, *inputs), names, "bad", "u")


def _indented(lines: list[str], width: int) -> list[str]:
    return [" " * width + line for line in lines]


@dataclass(frozen=True)
class Machine:
    """The functions that run programs. See `FORWARD` and `BACKWARD`."""

    place_in_memory: Callable[..., int]
    place_tables: Callable[..., None]
    load: Callable[..., None]
    fill: Callable[..., None]
    forward: Callable[..., bool]
    errors_where_wanted: Callable[..., bool]
    backward: Callable[..., None]


_LOCK = threading.RLock()
"""Held while the machine is made. A process is forked before or after that: in the child, the locks of the compiler would stay taken."""

if hasattr(os, "register_at_fork"):  # after `logging` was imported, whose lock the compiler needs: the last one registered waits first
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


@cache
def machine() -> Machine:
    """The machine, compiled now, or taken from the cache of an earlier process.

    Raises:
        MissingPackageError: Numba is not installed.
    """
    with _LOCK:
        return _made_once()


@cache
def _made_once() -> Machine:
    return make_machine()


def make_machine() -> Machine:
    """Compile the machine, or take it from the cache. Where nothing can be kept on disk, each process compiles it anew, in memory.

    Raises:
        MissingPackageError: Numba is not installed.
    """
    if importlib.util.find_spec("numba") is None:
        raise MissingPackageError("the native executor needs Numba: pip install 'scalar-autograd[fast]'")
    texts = {f"scalar_autograd_machine_{hashlib.sha256(text.encode()).hexdigest()[:16]}": text for text in sources()}
    folder, obstacle = None, ""
    try:
        folder = code_cache.cache_folder()
    except OSError as error:
        obstacle = str(error)
    entry = None if folder is None else folder / _key(texts)
    if entry is not None and code_cache.is_whole(entry):
        with suppress(Exception), code_cache.opened(entry) as place:  # whatever is wrong with it, it can be compiled again
            return _machine_of([_loaded(place / f"{name}.py", is_compiled=True) for name in texts])
        code_cache.discard(entry)
    often = f"at every start, because {obstacle}" if obstacle else "once on this machine"
    say(f"compiling the native executor: this takes some ten seconds, {often}", sys.stderr)
    with suppress(OSError, RuntimeError), code_cache.workplace(folder) as place:  # Numba says that it finds no folder by a RuntimeError
        halves = _compiled(texts, place)
        if entry is not None:
            code_cache.keep(place, entry)
        return _machine_of(halves)
    return _machine_of([_in_memory(name, text) for name, text in texts.items()])


def _key(texts: Iterable[str]) -> str:
    """The name of the entry: what was compiled, by what, for which processor."""
    import llvmlite
    import numba
    from numba.core.registry import cpu_target

    versions = sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, cpu_target.target_context.codegen().magic_tuple()
    return hashlib.sha256(repr((sorted(texts), versions)).encode()).hexdigest()[:16]


def _machine_of(halves: list[ModuleType]) -> Machine:
    forward, backward = halves
    names = ("place_in_memory", "place_tables", "fill", "forward", "errors_where_wanted")
    return Machine(load=forward.load, backward=_code(backward.backward), **{name: _code(getattr(forward, name)) for name in names})


def _code(function: Any) -> Callable[..., Any]:
    """The compiled code of a function of one signature, without Numba's dispatcher, which looks at the types of all arguments first.

    Only for arguments that are certain to have these types: `load`, which receives arrays of the caller, relies on the TypeError.
    """
    (found,) = function.overloads.values()
    code: Callable[..., Any] = found.entry_point
    return code


def _compiled(texts: Mapping[str, str], place: Path) -> list[ModuleType]:
    """Both halves, compiled with their code on disk; where possible, another process compiles one of them meanwhile.

    Raises:
        OSError: they cannot be written.
    """
    paths = [place / f"{name}.py" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text, encoding="utf-8")
        py_compile.compile(str(path), doraise=True)
    helper = _compiling(paths[1])
    try:
        forward = _loaded(paths[0])
        if helper is not None:
            helper.wait()
    finally:
        if helper is not None:
            helper.kill()  # after an interrupt
            helper.wait()
    return [forward, _loaded(paths[1])]


def _compiling(path: Path) -> subprocess.Popen[bytes] | None:
    """Another process that compiles this half meanwhile; None where there can be none, or it would be of no use."""
    if (os.cpu_count() or 1) < 2 or not Path(sys.executable or "").stem.startswith("python"):
        return None
    command = "import sys, pathlib; from autograd.compiled.backends.machine import machine; machine._loaded(pathlib.Path(sys.argv[1]))"
    package = str(Path(__file__).resolve().parents[4])
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}
    quiet = subprocess.DEVNULL
    try:
        return subprocess.Popen([sys.executable, "-c", command, str(path)], env=known, stdin=quiet, stdout=quiet, stderr=quiet)
    except OSError:
        return None


def _loaded(path: Path, is_compiled: bool = False) -> ModuleType:
    """The module of a half. Its functions are compiled, or found compiled beside the file."""
    config: Any = importlib.import_module("numba.core.config")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - for the type checker: a path that ends in .py has a loader
    module = importlib.util.module_from_spec(spec)
    module.IS_COMPILED, module.IS_KEPT = is_compiled, True  # type: ignore[attr-defined]
    sys.modules[path.stem] = module  # where Numba's cache looks for it
    config.reload_config()  # which it would do later, if the environment was changed
    before, config.CACHE_DIR = config.CACHE_DIR, ""  # beside the file
    try:
        spec.loader.exec_module(module)
    finally:
        config.CACHE_DIR = before
    return module


def _in_memory(name: str, text: str) -> ModuleType:
    """The module of a half, compiled for this process."""
    module = sys.modules[name] = ModuleType(name)
    module.IS_COMPILED = module.IS_KEPT = False  # type: ignore[attr-defined]
    exec(compile(text, f"<{name}>", "exec"), vars(module))
    return module
