"""The picture of a compiled program: its instructions as boxes, with the shapes of the arrays between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from autograd.render.picture.boxes import Box, Picture, View, labelled_box, picture_of


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


def _shortened(body: Sequence[str]) -> Sequence[str]:
    if len(body) <= MOST_LINES:
        return body
    return (*body[: MOST_LINES - 1], f"… {len(body) - MOST_LINES + 1:,} more lines")


@runtime_checkable
class Outlined(Protocol):
    """What is drawn as a program: an object with an outline, such as `compile` returns."""

    def outline(self) -> Sequence[OutlineLine]:
        """The instructions in words."""
        ...  # pragma: no cover - a protocol


@picture_of.register
def program_picture(program: Outlined, view: View) -> Picture:
    """The picture of a program: leaves are blue, instructions grey, matrix products green, and the last instruction is orange.

    The box of a loop is a frame around what its rounds do.

    Args:
        program: the program.
        view: the direction; everything else is about the graphs of Values.
    """
    lines = program.outline()
    boxes: list[Box] = []
    place: dict[str, int] = {}
    edges: list[tuple[int, int]] = []
    for line in lines:
        for key, text in line.sources:
            if key not in place:
                place[key] = len(boxes)
                boxes.append(labelled_box(f"n{len(boxes)}", "leaf", text))
        place[line.name] = len(boxes)
        kind = "root" if line is lines[-1] else "scope" if line.is_product else "inner"
        edges += [(place[key], len(boxes)) for key, _ in line.sources]
        boxes.append(Box(f"n{len(boxes)}", kind, f"{line.name}{line.shape}", (line.text, *_shortened(line.body))))
    products = sum(line.is_product for line in lines)
    content = f"{len(lines)} instructions, of which {products} matrix products"
    result = f", with the result {lines[-1].name}{lines[-1].shape} = {lines[-1].text}" if lines else ""
    return Picture(boxes, edges, view.rankdir, content=content, alternative=f"A program of {content}{result}")
