"""What the numbers of a program are called: every place belongs to an array that has a name, or is a constant.

What instructions compute has their label, or else `t1`, `t2`, … by the line. Leaves are called by their labels:

- `x[0, 1]` is a number of the array `x`, at that index;
- `w0`, `w1`, … are an array `w` where many of them are read together, in the order of their numbers;
- leaves that share a label are an array, or several, where they are read by different instructions: `w`, `w_2`. They stand in the order of
  the arguments of the function, or of `program.leaves`, or else in the one in which `Line.leaves` has them: a legend tells which;
- leaves without a label are `leaves`.

A label that is no identifier, or that could be taken for something else, is quoted, as Python does.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

import numpy as np
import numpy.typing as npt

from autograd.compiled.forms import Tape
from autograd.compiled.ir import Code, Instruction, Rows, Scalars
from autograd.value import Value

_INDEX = re.compile(r"(.*?)((?:\[[0-9]{1,9}(?:, ?[0-9]{1,9}){0,7}\]){1,8})", re.DOTALL)
"""Bounded, because NumPy has at most 64 axes, and because without bounds the time to search a label grows with the square of its length."""

_NUMBER = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)
_TEMPORARY = re.compile(r"t[0-9]+")
INDEXED = " and an index"
_WORDS = {"nan", "inf", "Σ", "for", "where"}
"""Other words of a listing."""

LISTED = ", in the order of `Line.leaves`"

NUMBER = -1
"""In place of an array: a constant."""

Shapes = Sequence[tuple[str, tuple[int, ...]]]
"""The arrays that a function is given: what their numbers are labelled, without the index, and the shapes."""


@dataclass
class Named:
    """An array of numbers that has a name.

    Attributes:
        name, shape: of the array.
        labels: what its numbers are called one by one, where they have labels of their own.
        is_asked_for: whether the name was written, rather than the labels.
    """

    name: str
    shape: tuple[int, ...]
    labels: list[str] | None = None
    is_asked_for: bool = False

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass
class _Family:
    """Leaves whose labels have something in common, in their order.

    Attributes:
        kind: whether they are batched.
        base: the label, without the number or index; the name, unless that is taken.
        suffix: what the labels have behind that, in words.
        places: of the leaves.
        arrays: that the leaves are cut into; for each which of them.
        ordered: whether their order is that in which they are stored, rather than that of their indices or numbers.
    """

    kind: bool
    base: str
    suffix: str
    places: Rows
    arrays: list[tuple[Named, Rows]] = field(default_factory=list)
    ordered: bool = True

    @property
    def called(self) -> str:
        """The name, unless that is taken."""
        return self.base or ("leaf" if len(self.places) == 1 else "leaves")


class Names:
    """The names in a program.

    Attributes:
        arrays: those that are named; the first ones are what the instructions compute.
        array, position, number, same: for both kinds of storage, the shared and the batched one, and each place in it: which array the
            number belongs to (or NUMBER), where in it, the constant, and the first place that has the same constant.
    """

    def __init__(self, tape: Tape, code: Code, shapes: Shapes = ()) -> None:
        self._tape, self._code = tape, code
        sizes = (code.shared, code.batched)
        self.array = [np.full(size, NUMBER, dtype=np.intp) for size in sizes]
        self.position = [np.zeros(size, dtype=np.intp) for size in sizes]
        self.number = [np.zeros(size) for size in sizes]
        self.same = [np.arange(size) for size in sizes]
        self._row = [np.full(size, -1, dtype=np.intp) for size in sizes]
        for row, (kind, place) in enumerate(zip(tape.batched, code.place.tolist(), strict=True)):
            if place >= 0:
                self._row[kind][place] = row
        self._constants()
        self.arrays = [
            Named("", instruction.outputs.shape if isinstance(instruction, Scalars) else _without_ones(instruction.shape))
            for instruction in code.instructions
        ]
        for i, instruction in enumerate(code.instructions):
            if isinstance(instruction, Scalars):
                for kind in (False, True):
                    own = np.flatnonzero(instruction.output_batched == kind)
                    self._own(i, kind, instruction.outputs[own], own)
            else:
                self._own(
                    i, instruction.batched, np.arange(instruction.start, instruction.start + instruction.size), np.arange(instruction.size)
                )
        self._families = self._leaves(shapes)
        self._name_leaves()
        self._name_steps()

    def _own(self, array: int, kind: bool, places: Rows, positions: Rows) -> None:
        self.array[kind][places] = array
        self.position[kind][places] = positions

    def _constants(self) -> None:
        places, numbers = self._code.fixed
        self.number[False][places] = numbers
        _, first, which = np.unique(numbers.view(np.int64), return_index=True, return_inverse=True)  # bits: 0.0 is not -0.0
        self.same[False][places] = places[first][which]

    # -- leaves ---------------------------------------------------------------------------------------------------------

    def _leaves(self, shapes: Shapes) -> list[_Family]:
        """The leaves by what their labels have in common."""
        families = []
        for kind in (False, True):
            places = self._places(kind)
            labels = [self._tape.nodes[row].label for row in self._row[kind][places].tolist()]
            indexed: dict[str, list[int]] = {}
            numbered: dict[str, list[int]] = {}
            plain: dict[str, list[int]] = {}
            for i, label in enumerate(labels):
                index, number = _INDEX.fullmatch(label), _NUMBER.fullmatch(label)
                if index:
                    indexed.setdefault(index[1], []).append(i)
                elif number and number[1].isidentifier():
                    numbered.setdefault(number[1], []).append(i)
                else:
                    plain.setdefault(label, []).append(i)
            for stem, own in numbered.items():
                if len({labels[i] for i in own}) == 1:
                    plain.setdefault(labels[own[0]], []).extend(own)
                    continue
                distinct = len({labels[i] for i in own}) == len(own)
                in_order = sorted(own, key=lambda i: (int(labels[i][len(stem) :]), labels[i])) if distinct else own
                family = _Family(kind, stem, " and a number", places[in_order])
                each = [_name(labels[i], 1, len(self._code.instructions)) for i in in_order]
                if distinct:
                    family.ordered = False
                    family.arrays.append((Named("", (len(own),), each), np.arange(len(own))))
                families.append(family)
            families += [_Family(kind, label, "", places[own]) for label, own in plain.items()]
            for stem, own in indexed.items():
                family = _Family(kind, stem, INDEXED, places[own])
                indices = [tuple(map(int, re.findall("[0-9]+", labels[i][len(stem) :]))) for i in own]
                axes = {len(index) for index in indices}
                if len(axes) == 1 and len(set(indices)) == len(indices):
                    shape = tuple([1 + max(axis) for axis in zip(*indices, strict=True)])
                    known = [given for name, given in shapes if name == stem and len(given) == len(shape)]
                    if len(known) == 1 and all(n <= size for n, size in zip(shape, known[0], strict=True)):
                        shape = known[0]
                    if math.prod(shape) < 2**62:
                        family.arrays.append((Named("", shape), np.ravel_multi_index(tuple(np.array(indices).T), shape)))
                        family.ordered = False
                families.append(family)
        return families

    def _places(self, kind: bool) -> Rows:
        """The places of the leaves, in their order: the numbers of the arguments are the first."""
        rows = np.array(self._tape.leaves(), dtype=np.intp)
        places = self._code.place[rows[np.array(self._tape.batched, dtype=bool)[rows] == kind]]
        return np.sort(places[places >= 0])

    def _name_leaves(self) -> None:
        self._leaves_of: dict[int, tuple[_Family, Rows]] = {}
        first, readers = self._reading()
        for family in self._families:
            if not family.arrays:
                own = readers[family.kind][family.places]
                cuts = np.flatnonzero(own[1:] != own[:-1]) + 1
                one_each = len(np.unique(own)) == len(cuts) + 1 and 2 * (len(cuts) + 1) <= len(own)
                ends = [0, *(cuts.tolist() if one_each else []), len(own)]
                family.arrays = [(Named("", (b - a,)), np.arange(b - a)) for a, b in pairwise(ends)]
        parts = []
        for family in self._families:
            start = 0
            for named, positions in family.arrays:
                places = family.places[start : start + len(positions)]
                start += len(positions)
                parts.append((int(first[family.kind][places].min()), family, named, places, positions))
        taken = {f"t{i + 1}" for i in range(len(self.arrays))} | _WORDS
        for _, family, named, places, positions in sorted(parts, key=lambda part: part[0]):
            named.name = next(name for k in count(1) if (name := _name(family.called, k, len(self._code.instructions))) not in taken)
            if named.labels and not taken.isdisjoint(named.labels):
                named.labels = None
            taken.update([named.name, *(named.labels or ())])
            self._own(len(self.arrays), family.kind, places, positions)
            self._leaves_of[len(self.arrays)] = family, places
            self.arrays.append(named)
        self._taken = taken

    def _reading(self) -> tuple[list[Rows], list[npt.NDArray[np.uint64]]]:
        """For every place the first instruction input that reads it, and a number that tells by which ones it is read."""
        first = [np.full(size, np.iinfo(np.intp).max) for size in (self._code.shared, self._code.batched)]
        readers = [np.zeros(size, dtype=np.uint64) for size in (self._code.shared, self._code.batched)]
        reads: list[tuple[bool, Rows]] = []
        for instruction in self._code.instructions:
            if isinstance(instruction, Scalars):
                reads += [(kind, instruction.inputs[instruction.input_batched == kind]) for kind in (False, True)]
            else:
                reads += [(operand.batched, operand.all_places()) for operand in instruction.operands]
        for i, (kind, read) in enumerate(reads):
            places = np.unique(read)
            first[kind][places] = np.minimum(first[kind][places], i)
            readers[kind][places] = readers[kind][places] * np.uint64(6364136223846793005) + np.uint64(i + 1)
        return first, readers

    def legend(self) -> list[str]:
        """Which leaves the names stand for, where the labels do not say it."""
        families = Counter(family.called for family in self._families)
        kinds = Counter(family.base for family in self._families if family.kind) & Counter(f.base for f in self._families if not f.kind)
        lines = []
        count = len(self._code.instructions)
        for family in self._families:
            arrays = [named for named, _ in family.arrays]
            is_only_one = len(arrays) == families[family.called] == 1 and arrays[0].name == _name(family.called, 1, count)
            order = self._order_of(family)
            says_itself = is_only_one and not (family.ordered and family.suffix) and order != LISTED
            if says_itself or (arrays[0].labels and not arrays[0].is_asked_for):
                continue
            names = ", ".join(named.name + shape_text(named.shape if named.size > 1 else (), family.kind) for named in arrays)
            kind = "" if family.base not in kinds else "batched " if family.kind else "shared "
            what = f"labelled {family.base!r}{family.suffix}" if family.base or family.suffix else "without a label"
            lines.append(f"{names}: the {kind}leaves {what}{order}")
        return lines

    def _order_of(self, family: _Family) -> str:
        """The order of a family, in words."""
        if not family.ordered or len(family.places) == 1:
            return ""
        given = np.isin(family.places, self._code.given[family.kind])
        if given.all():
            return ", in the order of the arguments"
        in_order = (np.diff(self._row[family.kind][family.places]) > 0).all() and not given.any()
        return ", in the order of `leaves`" if in_order else LISTED

    def rows(self, instruction: Instruction) -> list[int]:
        """The row of the tape that each output of an instruction stands for; -1 where that is a sum that only the program has."""
        return self._row[instruction.batched][instruction.start : instruction.start + instruction.size].tolist()  # type: ignore[no-any-return]

    def leaves(self, array: int) -> tuple[Value, ...]:
        """The leaves of an array, in its order."""
        family, places = self._leaves_of[array]
        own = places[np.argsort(self.position[family.kind][places])]
        return tuple([self._tape.nodes[row] for row in self._row[family.kind][own].tolist()])

    def has_shape(self, array: int) -> bool:
        """Whether it is no array of leaves whose labels leave the shape open."""
        family = self._leaves_of[array][0] if array in self._leaves_of else None
        return family is None or (family.suffix == INDEXED and not family.ordered)

    # -- instructions ----------------------------------------------------------------------------------------------------------

    def _name_steps(self) -> None:
        """By the label of what a one computes, where that has one of its own, else by the number of the line."""
        for i, instruction in enumerate(self._code.instructions):
            label = ""
            if not isinstance(instruction, Scalars):
                label = _common([self._tape.nodes[row].label if row >= 0 else "" for row in self.rows(instruction)], instruction.shape)
            name = quoted(label) if label and not _TEMPORARY.fullmatch(label) else ""
            self.arrays[i].name = name if name and name not in self._taken else f"t{i + 1}"
            self._taken.add(self.arrays[i].name)


def _name(base: str, k: int, count: int) -> str:
    """The k-th name of what is labelled so; a label that could be taken for one of so many temporaries is quoted."""
    text = base if k == 1 else f"{base}_{k}"
    is_temporary = _TEMPORARY.fullmatch(text) and int(text[1:]) <= count
    return repr(text) if is_temporary else quoted(text)


def quoted(label: str) -> str:
    """The label, if it is a word that is nothing else in a listing; or else in quotes."""
    return label if label.isidentifier() and label not in _WORDS and "ᵀ" not in label else repr(label)


def shape_text(shape: tuple[int, ...], batched: bool) -> str:
    """A shape, where `n` is the axis of the samples; nothing for a single number."""
    sizes = [*(["n"] if batched else []), *map(str, shape)]
    return f"[{', '.join(sizes)}]" if sizes else ""


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])


def _common(labels: list[str], shape: tuple[int, ...]) -> str:
    """The label that all share, or what `h[0]`, `h[1]`, … or `h0`, `h1`, … have in common, where they stand in this order."""
    if len(set(labels)) == 1:
        return labels[0]
    indexed = [_INDEX.fullmatch(label) or _NUMBER.fullmatch(label) for label in labels]
    if len({match[1] if match else None for match in indexed}) != 1 or indexed[0] is None:
        return ""
    indices = [tuple(map(int, re.findall("[0-9]+", match[2]))) for match in indexed if match]
    orders = [list(np.ndindex(*shape)), [(i,) for i in range(len(labels))]]
    return indexed[0][1] if indices in orders else ""
