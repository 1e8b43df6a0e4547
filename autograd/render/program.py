"""A compiled program as a picture: its instructions as boxes, with the shapes of what goes between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from autograd.errors import InputError
from autograd.render.picture import Box, Picture


class Line(Protocol):
    """An instruction in words, as `autograd.compiled.export.listing` gives it."""

    @property
    def name(self) -> str:
        """Of what it computes."""
        ...  # pragma: no cover - a protocol

    @property
    def shape(self) -> str:
        """Of that, as "[n, 16]"."""
        ...  # pragma: no cover - a protocol

    @property
    def text(self) -> str:
        """What it does."""
        ...  # pragma: no cover - a protocol

    @property
    def is_product(self) -> bool:
        """Whether it is a matrix product."""
        ...  # pragma: no cover - a protocol

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """A key and a text for each thing it reads."""
        ...  # pragma: no cover - a protocol


def picture_of(lines: Sequence[Line], rankdir: str = "LR") -> Picture:
    """The picture of a program: leaves blue, instructions grey, matrix products green, and the last instruction orange.

    Args:
        lines: what `program.outline()` gives.
        rankdir: see `draw`.

    Raises:
        InputError: the direction is none of the two.
    """
    if rankdir not in ("LR", "TB"):
        raise InputError(f'rankdir must be "LR" or "TB", not {rankdir!r}')
    boxes: list[Box] = []
    place: dict[str, int] = {}
    edges: list[tuple[int, int]] = []
    for line in lines:
        for key, text in line.sources:
            if key not in place:
                place[key] = len(boxes)
                boxes.append(Box(f"n{len(boxes)}", "leaf", text))
        place[line.name] = len(boxes)
        kind = "root" if line is lines[-1] else "scope" if line.is_product else "inner"
        edges += [(place[key], len(boxes)) for key, _ in line.sources]
        boxes.append(Box(f"n{len(boxes)}", kind, f"{line.name}{line.shape}", (line.text,)))
    products = sum(line.is_product for line in lines)
    return Picture(boxes, edges, rankdir, content=f"{len(lines)} instructions, of which {products} matrix products")
