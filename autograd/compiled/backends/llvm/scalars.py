"""The interpreter of scalars that no vector instruction computes: a kernel for each operation, and a loop that calls one after the other.

What it runs is a table of integers, the *words*: for each scalar the address of its kernel, the place of its output, the number of its
inputs if that varies, and the places of its inputs. A kernel returns where the words of the next scalar begin.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.compiled.backends.llvm.frame import LEFT_DOMAIN, SHARED, SHARED_GRADIENTS, Kernel
from autograd.compiled.backends.llvm.lanes import Lanes
from autograd.compiled.backends.llvm.machine_code import kernel
from autograd.compiled.backends.llvm.step import Integers
from autograd.compiled.backends.llvm.text import FLOAT, TRUTH, Carried, Function, Module, Number
from autograd.compiled.ir import Dot, Scalars, Sum, kind_of
from autograd.ops import Operation, outside, product

PARAMETERS = ["ptr %x", "ptr %d", "ptr %flag", "ptr %words"]


class _Scalar:
    """The kernel of one operation."""

    def __init__(self) -> None:
        self.module = Module(1)
        self.f: Function = self.module.function("kernel", PARAMETERS, "ptr")
        self.xp = Lanes(self.f)

    def word(self, k: int | str) -> str:
        f = self.f
        return f.name_of(f"load i64, ptr {f.name_of(f'getelementptr i64, ptr %words, i64 {k}')}")

    def at(self, memory: str, place: str) -> str:
        return self.f.name_of(f"getelementptr double, ptr {memory}, i64 {place}")

    def number(self, memory: str, place: str) -> Number:
        return self.f.number(f"load double, ptr {self.at(memory, place)}", FLOAT, pure=False)

    def store(self, x: object, memory: str, place: str) -> None:
        self.f.line(f"store double {self.f.literal(x)}, ptr {self.at(memory, place)}")

    def add(self, part: object, place: str) -> None:
        self.store(self.number("%d", place) + part, "%d", place)

    def end(self, words: int | str) -> Module:
        self.f.end(f"ptr {self.f.name_of(f'getelementptr i64, ptr %words, i64 {words}')}")
        return self.module


def forward_kernel(operation: Operation, checked: bool, lanes: int) -> Module:
    """Compute a scalar. `operation` may be a sum or a dot."""
    scalar = _Scalar()
    f = scalar.f
    kind = kind_of(operation)
    if kind in (Sum, Dot):
        count, total = scalar.word(2), Carried(0.0)
        terms = count if kind is Sum else f.name_of(f"lshr i64 {count}, 1")
        with f.loop(terms, carried=[total]) as k:
            term = scalar.number("%x", scalar.word(f.name_of(f"add i64 {k}, 3")))
            if kind is Dot:
                other = f.name_of(f"add i64 {f.name_of(f'add i64 {k}, {terms}')}, 3")
                term = term * scalar.number("%x", scalar.word(other))
            assert total.now is not None
            total.after = total.now + term
        scalar.store(total.after, "%x", scalar.word(1))
        return scalar.end(f.name_of(f"add i64 {count}, 3"))
    assert operation.arity is not None
    inputs = [scalar.number("%x", scalar.word(2 + k)) for k in range(operation.arity)]
    if checked:
        bad = f.constant(outside(operation, scalar.xp, *inputs), TRUTH)
        before = f.name_of("load i64, ptr %flag")
        some = f.name_of(f"zext i1 {bad.name} to i64")
        f.line(f"store i64 {f.name_of(f'or i64 {before}, {some}')}, ptr %flag")
    scalar.store(operation.value(scalar.xp, *inputs), "%x", scalar.word(1))
    return scalar.end(2 + operation.arity)


def backward_kernel(operation: Operation, constant: tuple[bool, ...], lanes: int) -> Module:
    """Add the gradients of the inputs of a scalar, but for those that are constant. Of a sum or a dot, none is."""
    scalar = _Scalar()
    f = scalar.f
    kind = kind_of(operation)
    gradient = scalar.number("%d", scalar.word(1))
    if kind in (Sum, Dot):
        count = scalar.word(2)
        half = count if kind is Sum else f.name_of(f"lshr i64 {count}, 1")
        with f.loop(half) as k:
            place = scalar.word(f.name_of(f"add i64 {k}, 3"))
            if kind is Sum:
                scalar.add(gradient, place)
            else:
                other = scalar.word(f.name_of(f"add i64 {f.name_of(f'add i64 {k}, {half}')}, 3"))
                a, b = scalar.number("%x", place), scalar.number("%x", other)
                scalar.add(b * gradient, place)
                scalar.add(a * gradient, other)
        return scalar.end(f.name_of(f"add i64 {count}, 3"))
    y, places = scalar.number("%x", scalar.word(1)), [scalar.word(2 + k) for k in range(len(constant))]
    inputs = [scalar.number("%x", place) for place in places]
    for place, slope in zip(places, operation.slopes_except(constant, scalar.xp, y, *inputs), strict=True):
        if slope is not None:
            scalar.add(product(operation, scalar.xp, slope, gradient), place)
    return scalar.end(2 + len(constant))


def interpreter(lanes: int) -> Module:
    """The loop. Its arguments are the address of the first word, and that behind the last."""
    loop = Kernel(lanes)
    f = loop.f
    x, d = loop.pointer(loop.entry(SHARED)), loop.pointer(loop.entry(SHARED_GRADIENTS))
    flag = f.name_of(f"getelementptr i64, ptr %frame, i64 {LEFT_DOMAIN}")
    first, end = loop.argument(0), loop.argument(1)
    begin, top, after = "start", f.fresh("loop"), f.fresh("end")
    f.line(f"br label %{top}")
    f.block(top)
    words, following = f.fresh("%words"), f.fresh("%next")
    f.line(f"{words} = phi i64 [ {first}, %{begin} ], [ {following}, %{top} ]")
    pointer = loop.pointer(words)
    function = loop.pointer(f.name_of(f"load i64, ptr {pointer}"))
    rest = f.name_of(f"call ptr {function}(ptr {x}, ptr {d}, ptr {flag}, ptr {pointer})")
    f.line(f"{following} = ptrtoint ptr {rest} to i64")
    f.line(f"br i1 {f.name_of(f'icmp ult i64 {following}, {end}')}, label %{top}, label %{after}")
    f.block(after)
    f.end()
    return loop.module


def forward_words(scalars: Scalars) -> Integers:
    """The words that compute scalars."""
    addresses: dict[tuple[Operation, bool], int] = {}
    keys = list(zip(scalars.operations, scalars.checked, strict=True))
    for key in dict.fromkeys(keys):
        addresses[key] = kernel(forward_kernel, *key)
    return _words(scalars, [addresses[key] for key in keys], range(len(keys)))


def backward_words(scalars: Scalars) -> Integers:
    """The words that add their gradients."""
    constant = scalars.input_constant.tolist()
    keys: list[tuple[Operation, tuple[bool, ...]] | None] = []
    for i, own in scalars.terms():
        flags = tuple(constant[own])
        if all(flags):
            keys.append(None)
        else:
            keys.append((scalars.operations[i], () if kind_of(scalars.operations[i]) in (Sum, Dot) else flags))
    addresses = {key: kernel(backward_kernel, *key) for key in dict.fromkeys(keys) if key is not None}
    which = [i for i in range(len(keys) - 1, -1, -1) if keys[i] is not None]
    return _words(scalars, [0 if key is None else addresses[key] for key in keys], which)


def _words(scalars: Scalars, addresses: Sequence[int], order: Sequence[int]) -> Integers:
    """The words of some scalars, in an order."""
    starts = np.concatenate(([0], scalars.ends[:-1]))
    counts = scalars.ends - starts
    varying = np.array([kind_of(operation) in (Sum, Dot) for operation in scalars.operations], dtype=np.int64)
    which = np.array(order, dtype=np.int64)
    length = 2 + varying[which] + counts[which]
    at = np.concatenate(([0], np.cumsum(length)))
    words = np.zeros(int(at[-1]), dtype=np.int64)
    begin = at[:-1]
    words[begin] = np.array(addresses, dtype=np.int64)[which]
    words[begin + 1] = scalars.outputs[which]
    several = varying[which] == 1
    words[begin[several] + 2] = counts[which][several]
    # the inputs of each scalar, one after the other
    total = int(counts[which].sum())
    within = np.arange(total) - np.repeat(np.cumsum(counts[which]) - counts[which], counts[which])
    to = np.repeat(begin + 2 + varying[which], counts[which]) + within
    words[to] = scalars.inputs[np.repeat(starts[which], counts[which]) + within]
    return words
