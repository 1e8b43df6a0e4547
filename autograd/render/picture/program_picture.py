"""The picture of a compiled program: its instructions as boxes, with the shapes of the arrays between them, and a frame for each branch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol, runtime_checkable

from autograd.render.lettering import shown
from autograd.render.picture.boxes import Box, Cluster, Picture, View, labelled_box, picture_of, shortened


class OutlineLine(Protocol):
    """An instruction in words, as a line of a program's outline."""

    @property
    def name(self) -> str:
        """The name of the result."""
        ...  # pragma: no cover - a protocol

    @property
    def shape(self) -> str:
        """The shape of the result, as "[n, 16]"."""
        ...  # pragma: no cover - a protocol

    @property
    def text(self) -> str:
        """What the instruction does."""
        ...  # pragma: no cover - a protocol

    @property
    def body(self) -> tuple[str, ...]:
        """Of a loop, what its rounds do."""
        ...  # pragma: no cover - a protocol

    @property
    def is_product(self) -> bool:
        """Whether it is a matrix product."""
        ...  # pragma: no cover - a protocol

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """A key and a text for each array that it reads."""
        ...  # pragma: no cover - a protocol


MOST_LINES = 12
"""So many lines of a loop stand in its frame."""

MOST_BRANCHES = 8
"""So many branches of a function are drawn."""

MOST_CONDITIONS, WIDEST_CONDITION = 8, 64
"""So many conditions stand above a branch, and so many characters of each."""


def _shortened(body: Sequence[str], most: int = MOST_LINES, what: str = "lines") -> Sequence[str]:
    if len(body) <= most:
        return body
    return (*body[: most - 1], f"… {len(body) - most + 1:,} more {what}")


@runtime_checkable
class Outlined(Protocol):
    """What is drawn as a program: an object with an outline, such as `compile` returns."""

    def outline(self) -> Sequence[OutlineLine]:
        """The instructions in words."""
        ...  # pragma: no cover - a protocol


class FunctionLine(OutlineLine, Protocol):
    """An instruction of a function in words."""

    @property
    def is_result(self) -> bool:
        """Whether the function returns some of its numbers."""
        ...  # pragma: no cover - a protocol


class OutlinedBranch(Protocol):
    """A branch of a function in words."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that lead to it."""
        ...  # pragma: no cover - a protocol

    @property
    def lines(self) -> Sequence[FunctionLine]:
        """Its instructions."""
        ...  # pragma: no cover - a protocol


class OutlinedBranches(Protocol):
    """Branches of a function in words."""

    @property
    def branches(self) -> Sequence[OutlinedBranch]:
        """Some of the branches."""
        ...  # pragma: no cover - a protocol

    @property
    def left_out(self) -> int:
        """How many more there are."""
        ...  # pragma: no cover - a protocol

    @property
    def others(self) -> int:
        """The number of programs for other arguments."""
        ...  # pragma: no cover - a protocol


@runtime_checkable
class Branched(Outlined, Protocol):
    """A function whose branches are drawn."""

    def branch_outlines(self, most: int) -> OutlinedBranches:
        """The programs of at most so many branches in words."""
        ...  # pragma: no cover - a protocol


class _Drawn:
    """Boxes and edges, to which programs are added."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.edges: list[tuple[int, int]] = []
        self.spine: set[int] = set()

    def add(self, lines: Sequence[OutlineLine], results: Sequence[OutlineLine], cluster: int = -1) -> range:
        """Add the boxes of a program; returns their positions.

        Args:
            lines: its instructions.
            results: those that are orange.
            cluster: the position of the cluster around them, or -1.
        """
        start = len(self.boxes)
        place: dict[str, int] = {}
        computed: set[int] = set()
        for line in lines:
            for key, text in line.sources:
                if key not in place:
                    place[key] = len(self.boxes)
                    self.boxes.append(labelled_box(f"n{len(self.boxes)}", "leaf", text, cluster=cluster))
            place[line.name] = len(self.boxes)
            kind = "root" if line in results else "scope" if line.is_product else "inner"
            for key, _ in line.sources:
                if place[key] in computed:
                    self.spine.add(len(self.edges))
                self.edges.append((place[key], len(self.boxes)))
            computed.add(len(self.boxes))
            rows = (line.text, *_shortened(line.body))
            self.boxes.append(Box(f"n{len(self.boxes)}", kind, f"{line.name}{line.shape}", rows, cluster))
        return range(start, len(self.boxes))


@picture_of.register
def program_picture(program: Outlined, view: View) -> Picture:
    """The picture of a program: leaves are blue, instructions grey, matrix products green, and the last instruction is orange.

    The box of a loop is a frame around what its rounds do.

    Args:
        program: the program.
        view: the direction; everything else is about the graphs of Values.
    """
    lines, drawn = program.outline(), _Drawn()
    drawn.add(lines, lines[-1:])
    content = _content(lines)
    return Picture(
        drawn.boxes,
        drawn.edges,
        view.rankdir,
        content=content,
        spine=frozenset(drawn.spine),
        alternative=f"A program of {content}{_result(lines[-1:])}",
    )


def _content(lines: Sequence[OutlineLine]) -> str:
    return f"{len(lines)} instructions, of which {sum(line.is_product for line in lines)} matrix products"


def _result(lines: Sequence[OutlineLine]) -> str:
    """What a program computes."""
    texts = [line.text if line.name == "returns" else f"{line.name}{line.shape} = {line.text}" for line in lines]
    return f", with the result {', '.join(texts)}" if lines else ""


@picture_of.register
def function_picture(function: Branched, view: View) -> Picture:
    """The picture of a function: of its only program, or of the programs of its branches, each in a frame with its conditions.

    Instructions that compute what is returned are orange. The branches are below each other, or, from top to bottom, one after the other.

    Args:
        function: the function.
        view: see `program_picture`.
    """
    found, drawn = function.branch_outlines(MOST_BRANCHES), _Drawn()
    clusters: list[Cluster] = []
    parts: list[range] = []
    words: list[str] = []
    for branch in found.branches:
        conditions = [shortened(shown(condition), WIDEST_CONDITION) for condition in branch.conditions]
        results = [line for line in branch.lines if line.is_result]
        if conditions:
            title = tuple(_shortened(conditions, MOST_CONDITIONS, "conditions"))
            words.append(f"where {'; '.join(title)}, {_content(branch.lines)}{_result(results)}")
            clusters.append(Cluster(title))
        else:
            words.append(f"{_content(branch.lines)}{_result(results)}")
        parts.append(drawn.add(branch.lines, results, len(clusters) - 1))
    many = len(found.branches) > 1
    count = f"{len(found.branches) + found.left_out:,} branches"
    caption = [f"{len(found.branches)} of {count} are drawn: print the function to see all"] if found.left_out else []
    if found.others:
        caption.append(f"without {found.others:,} program{'s' * (found.others > 1)} for other arguments: print the function to see them")
    return Picture(
        drawn.boxes,
        drawn.edges,
        view.rankdir,
        clusters=clusters,
        caption=tuple(caption),
        content=count if many else _content(found.branches[0].lines),
        alternative=f"A function with {count}: {'; '.join(words)}" if many else f"A program of {words[0]}",
        spine=frozenset(drawn.spine),
        order=tuple(_one_after_the_other(parts, drawn.edges)) if view.rankdir == "TB" else (),
    )


def _one_after_the_other(parts: Sequence[range], edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The pairs of the last boxes of each part and the first ones of the next."""
    tails, heads = {tail for tail, _ in edges}, {head for _, head in edges}
    return [(last, first) for one, other in pairwise(parts) for last in one for first in other if last not in tails and first not in heads]
