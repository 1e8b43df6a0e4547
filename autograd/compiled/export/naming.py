"""The names of the numbers of a program: each place is a constant, or belongs to a named array.

The outputs of an instruction have their label, or else `t1`, `t2`, … by the number of the line. Leaves are named by their labels:

- `x[0, 1]` is the number of the array `x` at that index.
- `w0`, `w1`, … are an array `w` where many of them are read together, in the order of their numbers.
- Leaves that share a label are one array, or several if different instructions read them: `w`, `w_2`. They are in the order of the
  arguments of the function, of `program.leaves`, or of `Line.leaves`: a legend says which.
- Leaves without a label are `leaves`.

A label that is not an identifier, or that could be mistaken for something else, is quoted as in Python.
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

from autograd.compiled.ir import Code, Instruction, LongLoop, Loop, Places, Scalars
from autograd.compiled.stages import Tape
from autograd.value import Value

_INDEX = re.compile(r"(.*?)((?:\[[0-9]{1,9}(?:, ?[0-9]{1,9}){0,7}\]){1,8})", re.DOTALL)
"""Bounded, because NumPy has at most 64 axes, and because an unbounded search takes quadratic time in the length of the label."""

_NUMBER = re.compile(r"(.*?)([0-9]{1,9})", re.DOTALL)
_TEMPORARY = re.compile(r"t[0-9]+")
INDEXED = " and an index"
_WORDS = {"nan", "inf", "Σ", "for", "where"}
"""Words of a listing that cannot be names."""

LISTED = ", in the order of `Line.leaves`"

NUMBER = -1
"""The array of a constant."""

Shapes = Sequence[tuple[str, tuple[int, ...]]]
"""The arrays that are passed to a function: the labels of their numbers without the index, and the shapes."""


@dataclass
class Named:
    """A named array of numbers.

    Attributes:
        name, shape: those of the array.
        labels: the labels of its numbers, if they have their own.
        is_used: whether the name was written, rather than the labels.
    """

    name: str
    shape: tuple[int, ...]
    labels: list[str] | None = None
    is_used: bool = False

    @property
    def size(self) -> int:
        """The number of its numbers."""
        return math.prod(self.shape)


@dataclass
class _Family:
    """Leaves with a common part in their labels, in order.

    Attributes:
        kind: whether they are batched.
        base: the label without the number or index; it is the name, unless that is taken.
        suffix: the rest of the labels, in words.
        places: the places of the leaves.
        arrays: the arrays into which the leaves are divided, and the positions of the leaves in them.
        ordered: whether they are in the order of storage, rather than in that of their indices or numbers.
    """

    kind: bool
    base: str
    suffix: str
    places: Places
    arrays: list[tuple[Named, Places]] = field(default_factory=list)
    ordered: bool = True

    @property
    def called(self) -> str:
        """The name, unless it is taken."""
        return self.base or ("leaf" if len(self.places) == 1 else "leaves")


class Names:
    """The names in a program.

    Attributes:
        arrays: the named arrays; the first ones are the outputs of the instructions.
        taken: all names.
        array, position, number, same: for the shared and the batched storage, and each place in it: the index of its array (or NUMBER),
            the position in the array, the constant, and the first place that has the same constant.
    """

    def __init__(self, tape: Tape, code: Code, shapes: Shapes = ()) -> None:
        self._tape, self._code = tape, code
        sizes = (code.shared, code.batched)
        self.array = [np.full(size, NUMBER, dtype=np.intp) for size in sizes]
        self.position = [np.zeros(size, dtype=np.intp) for size in sizes]
        self.number = [np.zeros(size) for size in sizes]
        self.same = [np.arange(size) for size in sizes]
        self._row = _rows_at(tape, code)
        self._constants()
        self.arrays: list[Named] = []
        for i, instruction in enumerate(code.instructions):
            shape, outputs = _outputs_of(instruction)
            self.arrays.append(Named("", shape))
            for kind, places, positions in outputs:
                self._assign(i, kind, places, positions)
        self._families = self._leaves(shapes)
        self._name_leaves()
        self._name_outputs()

    def _assign(self, array: int, kind: bool, places: Places, positions: Places) -> None:
        self.array[kind][places] = array
        self.position[kind][places] = positions

    def _constants(self) -> None:
        places, numbers = self._code.fixed
        self.number[False][places] = numbers
        bits = numbers.view(np.int64)  # by which 0.0 is not -0.0
        _, first, which = np.unique(bits, return_index=True, return_inverse=True)
        self.same[False][places] = places[first][which]

    # -- leaves ---------------------------------------------------------------------------------------------------------

    def _leaves(self, shapes: Shapes) -> list[_Family]:
        """The leaves, grouped by the common parts of their labels."""
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

    def _places(self, kind: bool) -> Places:
        """The places of the leaves, in ascending order: the numbers of arguments are first."""
        rows = np.array(self._tape.leaves(), dtype=np.intp)
        places = self._code.place[rows[np.array(self._tape.batched, dtype=bool)[rows] == kind]]
        return np.sort(places[places >= 0])

    def _name_leaves(self) -> None:
        self._leaves_of: dict[int, tuple[_Family, Places]] = {}
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
            self._assign(len(self.arrays), family.kind, places, positions)
            self._leaves_of[len(self.arrays)] = family, places
            self.arrays.append(named)
        self.taken = taken

    def _reading(self) -> tuple[list[Places], list[npt.NDArray[np.uint64]]]:
        """For every place the index of the first operand that reads it, and a hash of all operands that do."""
        first = [np.full(size, np.iinfo(np.intp).max) for size in (self._code.shared, self._code.batched)]
        readers = [np.zeros(size, dtype=np.uint64) for size in (self._code.shared, self._code.batched)]
        reads: list[tuple[bool, Places]] = []
        for instruction in self._code.instructions:
            if isinstance(instruction, LongLoop):
                reads += [(own.batched, own.places) for own in instruction.body.outside]
            elif isinstance(instruction, Scalars):
                reads += [(kind, instruction.inputs[instruction.input_batched == kind]) for kind in (False, True)]
            else:
                reads += [(operand.batched, operand.all_places()) for operand in instruction.operands]
        for i, (kind, read) in enumerate(reads):
            places = np.unique(read)
            first[kind][places] = np.minimum(first[kind][places], i)
            readers[kind][places] = readers[kind][places] * np.uint64(6364136223846793005) + np.uint64(i + 1)
        return first, readers

    def legend(self) -> list[str]:
        """Lines that say which leaves the names stand for, unless the labels show it."""
        families = Counter(family.called for family in self._families)
        kinds = Counter(family.base for family in self._families if family.kind) & Counter(f.base for f in self._families if not f.kind)
        lines = []
        count = len(self._code.instructions)
        for family in self._families:
            arrays = [named for named, _ in family.arrays]
            is_only_one = len(arrays) == families[family.called] == 1 and arrays[0].name == _name(family.called, 1, count)
            order = self._order_of(family)
            says_itself = is_only_one and not (family.ordered and family.suffix) and order != LISTED
            if says_itself or (arrays[0].labels and not arrays[0].is_used):
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
        """The row of the tape for each output of an instruction; -1 for a dot that is not on the tape."""
        return self._row[instruction.batched][instruction.start : instruction.start + instruction.size].tolist()  # type: ignore[no-any-return]

    def leaves(self, array: int) -> tuple[Value, ...]:
        """The leaves of an array, in order."""
        family, places = self._leaves_of[array]
        own = places[np.argsort(self.position[family.kind][places])]
        return tuple([self._tape.nodes[row] for row in self._row[family.kind][own].tolist()])

    def has_shape(self, array: int) -> bool:
        """Whether the shape of an array is known: false for leaves whose labels have no indices."""
        family = self._leaves_of[array][0] if array in self._leaves_of else None
        return family is None or (family.suffix == INDEXED and not family.ordered)

    # -- instructions ----------------------------------------------------------------------------------------------------------

    def _name_outputs(self) -> None:
        """Name the outputs of each instruction by their label, if they have one of their own, otherwise by the number of the line."""
        for i, instruction in enumerate(self._code.instructions):
            label = ""
            if not isinstance(instruction, Scalars):
                label = _common([self._tape.nodes[row].label if row >= 0 else "" for row in self.rows(instruction)], instruction.shape)
            name = quoted(label) if label and not _TEMPORARY.fullmatch(label) else ""
            self.arrays[i].name = name if name and name not in self.taken else f"t{i + 1}"
            self.taken.add(self.arrays[i].name)


def _outputs_of(one: Instruction | Scalars) -> tuple[tuple[int, ...], list[tuple[bool, Places, Places]]]:
    """The shape of the array of the outputs; and whether they are batched, their places, and where in the array they are."""
    if isinstance(one, LongLoop):
        shape = _without_ones((len(one.body.members), one.body.rounds))
        return shape, [(one.batched, places, positions) for places, positions in one.positions()]
    if isinstance(one, Scalars):
        shape, positions = _table_of(one)
        kinds = [(kind, one.output_batched == kind) for kind in (False, True)]
        return shape, [(kind, one.outputs[of_kind], positions[of_kind]) for kind, of_kind in kinds]
    positions = np.arange(one.size)
    return _without_ones(one.shape), [(one.batched, one.start + positions, positions)]


def _table_of(scalars: Scalars) -> tuple[tuple[int, ...], Places]:
    """The shape of the array of their outputs, and where in it each of them is: of a loop, a row has the same scalar of all rounds."""
    positions = np.arange(len(scalars.outputs))
    if not isinstance(scalars, Loop):
        return positions.shape, positions
    table = positions.reshape(scalars.body, scalars.rounds)
    return _without_ones(table.shape), table.T.ravel()


def _rows_at(tape: Tape, code: Code) -> list[Places]:
    """The row at each shared and each batched place, or -1. Of equal rows, which share a place, one with a label, or a result."""
    rows_at = [np.full(size, -1, dtype=np.intp) for size in (code.shared, code.batched)]
    place = code.place.tolist()
    rows = [row for row in [*tape.results, *range(len(place))] if place[row] >= 0]
    for row in reversed([*[row for row in rows if tape.nodes[row].label], *rows]):  # the first one counts
        rows_at[tape.batched[row]][place[row]] = row
    return rows_at


def _name(base: str, k: int, count: int) -> str:
    """The k-th name for this label. It is quoted if it could be mistaken for one of the `count` temporaries."""
    text = base if k == 1 else f"{base}_{k}"
    is_temporary = _TEMPORARY.fullmatch(text) and int(text[1:]) <= count
    return repr(text) if is_temporary else quoted(text)


def quoted(label: str) -> str:
    """The label, in quotes unless it is an identifier that means nothing else in a listing."""
    return label if label.isidentifier() and label not in _WORDS and "ᵀ" not in label else repr(label)


def shape_text(shape: tuple[int, ...], batched: bool) -> str:
    """A shape, in which `n` is the axis of the samples; empty for a single number."""
    sizes = [*(["n"] if batched else []), *map(str, shape)]
    return f"[{', '.join(sizes)}]" if sizes else ""


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n != 1])


def _common(labels: list[str], shape: tuple[int, ...]) -> str:
    """The label that all share, or the common part of `h[0]`, `h[1]`, … or `h0`, `h1`, … if they are in this order."""
    if len(set(labels)) == 1:
        return labels[0]
    indexed = [_INDEX.fullmatch(label) or _NUMBER.fullmatch(label) for label in labels]
    if len({match[1] if match else None for match in indexed}) != 1 or indexed[0] is None:
        return ""
    indices = [tuple(map(int, re.findall("[0-9]+", match[2]))) for match in indexed if match]
    orders = [list(np.ndindex(*shape)), [(i,) for i in range(len(labels))]]
    return indexed[0][1] if indices in orders else ""
