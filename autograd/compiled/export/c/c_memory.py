"""Where the numbers of a program are in C: the arguments in `x`, constants in a table, and what is computed in `w`.

The gradients of the arguments are in `gradient`, those of computed numbers in `d`. An operand that has numbers of several arrays is read by
a function, `at`, that takes a number over all of them: first those of `x`, then the constants, then `w`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from autograd.compiled.export.c.c_text import Precision, table
from autograd.compiled.ir import Code, Places

GIVEN, CONSTANT, COMPUTED, SEVERAL = range(4)
"""The arrays: `x`, the table of constants, `w`; or several of them."""

ENDS = ((255, "unsigned char"), (65_535, "unsigned short"), (2**32 - 1, "unsigned long"))
"""The types of tables of places, and the largest number that each is sure to hold."""


@dataclass(frozen=True)
class Element:
    """An element of an operand within loops.

    Attributes:
        value: the expression that reads it.
        add: the beginning and the end of the statement that adds to its gradient; None for a constant, which has none.
        is_short: whether the expression is a name or an index without loops.
    """

    value: str
    add: tuple[str, str] | None
    is_short: bool


class CMemory:
    """The arrays of a program.

    Args:
        code: the program, without samples.
        name: what the names of its tables and functions begin with.
        precision: the type of the numbers.
        given: for each place the index of the argument that is there, or -1.
        constants: places of further constants, and their numbers.
        read: the places of each operand, and of all else that `element` is asked for.

    Attributes:
        size: how many numbers are computed.
        most: the largest number over all arrays.
    """

    def __init__(
        self,
        code: Code,
        name: str,
        precision: Precision,
        given: Places,
        constants: tuple[Places, npt.NDArray[np.float64]],
        read: Iterable[Places],
    ) -> None:
        self.name, self.precision = name, precision
        self.array = np.where(given >= 0, GIVEN, COMPUTED)
        self._numbers = np.full(code.shared, np.nan)
        for places, numbers in (code.fixed, constants):
            self.array[places] = CONSTANT
            self._numbers[places] = numbers
        in_table = np.zeros(code.shared, dtype=bool)
        for places in read:
            if not self._is_literal(places):
                in_table[places] = True
        self._index = given.copy()
        for own in (np.flatnonzero((self.array == CONSTANT) & in_table), np.flatnonzero(self.array == COMPUTED)):
            self._index[own] = np.arange(own.size)
        self.size = int(np.count_nonzero(self.array == COMPUTED))
        self._given = int(given.max(initial=-1)) + 1
        self._constants = self._numbers[(self.array == CONSTANT) & in_table]
        self.most = self._given + self._constants.size + self.size
        self._tables: dict[bytes, tuple[str, Places]] = {}

    # -- elements ---------------------------------------------------------------------------------------------------

    def element(self, places: Places, variables: Sequence[str]) -> Element:
        """The element of an operand at some indices.

        Args:
            places: those of the operand.
            variables: the index along each of its axes. An axis of length 1 needs none.
        """
        if places.size == 1:
            return self._single(int(places.flat[0]))
        if self._is_literal(places):
            return Element(self.precision.literal(float(self._numbers[places].flat[0])), None, True)
        kinds = np.unique(self.array[places])
        kind = int(kinds[0]) if kinds.size == 1 else SEVERAL
        index = self.index(self._index[places] if kind != SEVERAL else self._overall(places), variables)
        if kind != SEVERAL:
            return self._of(kind, index, index.isdigit())
        value = f"{self.name}_at({', '.join(self._there('x', 'w'))}, {index})"
        return Element(value, (f"{self.name}_add({', '.join(self._there('gradient', 'd'))}, {index}, ", ");"), False)

    def of_round(self, start: int, variable: str, back: int) -> Element:
        """The number that a scalar of a loop computed some rounds before.

        Args:
            start: the place of that of the first round.
            variable: the index of the round.
            back: how many rounds before.
        """
        base = int(self._index[start]) - back
        return self._of(COMPUTED, _sum(base, [(1, variable)]) if base >= 0 else f"{variable} - {-base}", False)

    def _is_literal(self, places: Places) -> bool:
        """Whether all numbers are one constant, which is written where it is read."""
        if places.size == 1:
            return bool(self.array[places.flat[0]] == CONSTANT)
        return bool((self.array[places] == CONSTANT).all()) and np.unique(self._numbers[places].view(np.int64)).size == 1

    def _single(self, place: int) -> Element:
        """The number at a place."""
        kind = int(self.array[place])
        if kind == CONSTANT:
            return Element(self.precision.literal(float(self._numbers[place])), None, True)
        return self._of(kind, str(self._index[place]), True)

    def _of(self, kind: int, index: str, is_short: bool) -> Element:
        if kind == GIVEN:
            return Element(f"x[{index}]", (f"gradient[{index}] += ", ";"), is_short)
        if kind == COMPUTED:
            return Element(f"w[{index}]", (f"d[{index}] += ", ";"), is_short)
        return Element(f"{self.name}_constants[{index}]", None, is_short)

    def _there(self, given: str, computed: str) -> list[str]:
        """The pointers to arguments and to computed numbers, if there are any."""
        return [name for name, size in ((given, self._given), (computed, self.size)) if size]

    def _overall(self, places: Places) -> Places:
        """Numbers over all arrays."""
        starts = np.array([0, self._given, self._given + self._constants.size])
        return self._index[places] + starts[self.array[places]]  # type: ignore[no-any-return]

    # -- indices ----------------------------------------------------------------------------------------------------

    def index(self, numbers: Places, variables: Sequence[str]) -> str:
        """An expression for integers, given the index along each of their axes: strides where there are any, tables elsewhere."""
        variables = variables[: numbers.ndim]
        base = int(numbers.flat[0])
        offsets = [np.moveaxis(numbers, axis, 0).reshape(n, -1)[:, 0] - base for axis, n in enumerate(numbers.shape)]
        total = np.full(numbers.shape, base)
        for axis, own in enumerate(offsets):
            total += own.reshape([-1 if k == axis else 1 for k in range(numbers.ndim)])
        if not np.array_equal(total, numbers):
            sizes = numbers.shape
            strides = [int(np.prod(sizes[axis + 1 :])) for axis in range(numbers.ndim)]
            position = _sum(0, [(stride, variable) for n, stride, variable in zip(sizes, strides, variables, strict=True) if n > 1])
            return f"{self._table(numbers.ravel())}[{position}]"
        terms: list[tuple[int, str]] = []
        listed: list[tuple[Places, str]] = []
        for own, variable in zip(offsets, variables, strict=True):
            stride = int(own[1]) if own.size > 1 else 0
            if np.array_equal(own, stride * np.arange(own.size)):
                terms += [(stride, variable)] if stride else []
            else:
                base += int(own.min())
                listed.append((own - own.min(), variable))
        if len(listed) == 1 and base >= 0:  # the first number belongs into the table
            listed, base = [(listed[0][0] + base, listed[0][1])], 0
        return _sum(base, [*terms, *[(1, f"{self._table(own)}[{variable}]") for own, variable in listed]])

    def _table(self, numbers: Places) -> str:
        """The name of a table of integers that are not negative."""
        key = numbers.astype(np.int64).tobytes()
        if key not in self._tables:
            self._tables[key] = f"{self.name}_places_{len(self._tables)}", numbers
        return self._tables[key][0]

    # -- definitions ------------------------------------------------------------------------------------------------

    def definitions(self, code: str, integer: str) -> list[str]:
        """The tables and functions that the code refers to. `integer` is the type of indices."""
        kind, ends = self.precision.type, (self._given, self._given + self._constants.size)
        at, add, constants = (f"{self.name}_{what}" for what in ("at", "add", "constants"))
        lines: list[str] = []
        for name, numbers in self._tables.values():
            if f"{name}[" in code:
                of_places = next(own for most, own in ENDS if numbers.max() <= most)
                lines += table(f"static const {of_places} {name}", [str(n) for n in numbers.tolist()])
        if f"{constants}[" in code or (f"{at}(" in code and self._constants.size):
            lines += table(f"static const {kind} {constants}", [self.precision.literal(x) for x in self._constants.tolist()])
        if f"{at}(" in code:
            pointers = "".join([f"const {kind} *{name}, " for name in self._there("x", "w")])
            lines += ["", "/* A number of x, of the constants, or of w. */", f"static {kind} {at}({pointers}{integer} i)", "{"]
            parts = [(ends[0], "return x[i]"), (ends[1], f"return {constants}[i - {ends[0]}]"), (self.most, f"return w[i - {ends[1]}]")]
            lines += [*_choice(parts), "}"]
        if f"{add}(" in code:
            pointers = "".join([f"{kind} *{name}, " for name in self._there("gradient", "d")])
            lines += ["", "/* Add to the gradient of a number of x or of w; constants have none. */"]
            lines += [f"static void {add}({pointers}{integer} i, {kind} part)", "{"]
            parts = [(ends[0], "gradient[i] += part"), (ends[1], ""), (self.most, f"d[i - {ends[1]}] += part")]
            lines += [*_choice(parts), "}"]
        return lines


def _sum(base: int, terms: Iterable[tuple[int, str]]) -> str:
    """base + stride * variable + …"""
    text = str(base) if base else ""
    for stride, variable in sorted(terms, key=lambda term: term[0] < 0):
        own = variable if abs(stride) == 1 else f"{abs(stride)} * {variable}"
        text = f"{text} {'-' if stride < 0 else '+'} {own}" if text else own if stride > 0 else f"-{own}"
    return text or "0"


def _choice(parts: list[tuple[int, str]]) -> list[str]:
    """What to do with a number `i` over all arrays: for each of them the end of its numbers, and a statement, or none."""
    lines: list[str] = []
    start = 0
    filled = [(end, text) for (end, text), before in zip(parts, [0, *[end for end, _ in parts]], strict=False) if end > before]
    last = filled[-1][0]
    for end, text in filled:
        if text.startswith("return") and end == last:
            lines.append(f"    {text};")
        elif text:
            condition = f"i < {end}" if start == 0 else f"i >= {start}" if end == last else f"i >= {start} && i < {end}"
            lines += [f"    if ({condition}) {{", f"        {text};", "    }"]
        start = end
    return lines
