"""Operations of any number of inputs as loops over them. Others of that kind are written out, term by term."""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiled.export.c.c_text import Precision
from autograd.ops import LOGSUMEXP, PEAK, TAKE, Operation

TERM = "k"
"""The index of the terms of a sum, or of the inputs of an operation."""

Loop = Callable[[list[str]], list[str]]
"""Writes the loop over the terms around some lines."""


def _peak(precision: Precision, term: str, loop: Loop) -> list[str]:
    """The lines that compute `peak`, as `formulas.peak` does."""
    kind, f = precision.type, precision.suffix
    infinity = precision.literal(float("inf"))
    return [
        f"{kind} largest = -{infinity};",
        *loop([f"const {kind} a = {term};", "largest = a > largest ? a : (largest >= a ? largest : a + largest);"]),
        f"const {kind} peak = floor{f}(isinf(largest) ? {precision.literal(0.0)} : largest);",
    ]


def _exponentials(precision: Precision, term: str, loop: Loop) -> list[str]:
    """The lines that compute `peak`, and the sum of the exponentials."""
    kind, f = precision.type, precision.suffix
    return [
        *_peak(precision, term, loop),
        f"{kind} sum = {precision.literal(0.0)};",
        *loop([f"sum += exp{f}({term} - peak);"]),
    ]


def _shares(precision: Precision, term: str, loop: Loop) -> list[str]:
    """The lines before the loop in which `share` is the derivative with respect to a term, as `formulas.shares` does."""
    kind, f, zero = precision.type, precision.suffix, precision.literal(0.0)
    return [
        *_exponentials(precision, term, loop),
        f"{kind} others = {zero};",
        *loop([f"const {kind} e = exp{f}({term} - peak);", f"others += e + e > sum ? {zero} : e;"]),
    ]


def _share(precision: Precision, term: str) -> list[str]:
    kind, f = precision.type, precision.suffix
    return [
        f"const {kind} e = exp{f}({term} - peak);",
        f"const {kind} share = e + e > sum ? {precision.literal(1.0)} - others / sum : e / sum;",
    ]


def _index(precision: Precision, term: str, loop: Loop) -> list[str]:
    """The lines that read the index, which is the first input of `take`."""
    return [f"{precision.type} index = {precision.literal(0.0)};", *loop([f"if ({TERM} == 0) index = {term};"])]


def _is_other(precision: Precision) -> str:
    """The condition under which an input is not at the index."""
    return f"{TERM} == 0 || index != ({precision.type})({TERM} - 1)"


def _taken(precision: Precision, term: str, loop: Loop) -> list[str]:
    """The lines that compute `take`."""
    return [
        *_index(precision, term, loop),
        f"{precision.type} taken = {precision.literal(float('nan'))};",
        *loop([f"if ({_is_other(precision)}) continue;", f"taken = {term};"]),
    ]


VALUES: dict[Operation, Callable[[Precision, str, Loop], tuple[list[str], str]]] = {
    PEAK: lambda precision, term, loop: (_peak(precision, term, loop), "peak"),
    LOGSUMEXP: lambda precision, term, loop: (_exponentials(precision, term, loop), f"peak + log{precision.suffix}(sum)"),
    TAKE: lambda precision, term, loop: (_taken(precision, term, loop), "taken"),
}
"""The lines that come before the value, and the value."""

SLOPES: dict[Operation, Callable[[Precision, str, Loop], tuple[list[str], list[str], str]]] = {
    PEAK: lambda precision, term, loop: ([], [], ""),
    LOGSUMEXP: lambda precision, term, loop: (_shares(precision, term, loop), _share(precision, term), "share"),
    TAKE: lambda precision, term, loop: (
        _index(precision, term, loop),
        [f"if ({_is_other(precision)}) continue;"],
        precision.literal(1.0),
    ),
}
"""The lines before a loop over the terms, those that come first in it, and the derivative with respect to a term; "" if it is 0."""
