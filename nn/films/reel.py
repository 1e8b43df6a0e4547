"""The numbers of all frames as text: rounded, as differences from one frame to the next, which compress well, and in base64."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt


class Reel:
    """Collects numbers that change from frame to frame. The code of the page reads them in the same order.

    A number x in [-1, 1] becomes the whole number that is next to 127·x, or with two bytes to 32767·x. Of the first frame these are kept,
    and of the others the differences from the frame before, modulo 2⁸ or 2¹⁶; of two bytes, first all lower and then all higher ones.

    Args:
        frames: how many there are.

    Attributes:
        sections: what was added: the name, the bytes of a number, and how many numbers a frame has.

    Example:
        >>> reel = Reel(3)
        >>> reel.add("loss", [[1.0], [0.5], [0.5]])
        >>> reel.sections, list(zlib.decompress(base64.b64decode(reel.text())))
        ([['loss', 1, 1]], [127, 193, 0])
    """

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.sections: list[list[Any]] = []
        self._parts: list[bytes] = []

    def add(self, name: str, numbers: npt.ArrayLike, size: int = 1) -> None:
        """Add numbers in [-1, 1]; what is beyond becomes -1 or 1.

        Args:
            name: of the section.
            numbers: the first axis are the frames.
            size: how many bytes to take for each, 1 or 2.
        """
        import numpy as np

        flat = np.asarray(numbers, np.float64).reshape(self.frames, -1)
        whole = np.rint(np.clip(flat, -1.0, 1.0) * (127 if size == 1 else 32767)).astype(np.int64)
        differences = np.diff(whole, axis=0, prepend=0)
        self._parts += [(differences >> 8 * k).astype(np.uint8).tobytes() for k in range(size)]
        self.sections.append([name, size, flat.shape[1]])

    def text(self) -> str:
        """All of it, compressed by zlib, in base64."""
        return base64.b64encode(zlib.compress(b"".join(self._parts), 9)).decode()
