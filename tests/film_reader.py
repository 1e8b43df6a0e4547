"""Reads the page of a film: its content, and the numbers of its frames, independently of the code of the page."""

import base64
import html.parser
import json
import zlib
from typing import Any

import numpy as np

from nn import film
from nn.films.film import Film


class FilmPage(html.parser.HTMLParser):
    """A page as a browser reads it.

    Attributes:
        tags: each element and its attributes.
        scene: the content.
        numbers: of each section, [frame][number].
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(page)
        self.close()
        self.scene: dict[str, Any] = json.loads(self.texts["scenes"])
        self.numbers = self._numbers(zlib.decompress(base64.b64decode(self.texts["reel"])))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        name = attributes.get("id") or tag
        self.texts[name] = self.texts.get(name, "") + data

    def _numbers(self, content: bytes) -> dict[str, Any]:
        frames, at, result = len(self.scene["frames"]), 0, {}
        for name, size, count in self.scene["sections"]:
            planes = np.frombuffer(content, np.uint8, frames * count * size, at).reshape(size, frames, count).astype(np.int64)
            at += planes.size
            whole = np.cumsum(sum(plane << 8 * k for k, plane in enumerate(planes)), axis=0) % 256**size
            whole[whole >= 128 * 256 ** (size - 1)] -= 256**size
            result[name] = whole / (127 if size == 1 else 32767)
        assert at == len(content)
        return result

    def maps(self) -> Any:
        """The picture of the plane, [frame][map][row][column]."""
        roots, plane = self.numbers["maps"], self.scene["plane"]
        return (roots * np.abs(roots)).reshape(len(roots), plane["maps"], plane["side"], plane["side"])

    def pictures(self, column: int) -> Any:
        """The pictures of the neurons of a column, [frame][neuron][row][column]."""
        shown = self.scene["columns"][column]
        flat = self.numbers[shown["pictures"]] * shown["scale"]
        return flat.reshape(len(flat), -1, shown["height"], shown["width"])


def page_of(*arguments: Any, **settings: Any) -> FilmPage:
    """The page of a film."""
    made = film(*arguments, **settings)
    assert isinstance(made, Film)
    return FilmPage(made.page)


def grid_of(plane: dict[str, Any], side: int) -> Any:
    """The points of a picture of the plane, row by row."""
    (left, bottom), (right, top) = plane["from"], plane["to"]
    middles = (np.arange(side) + 0.5) / side
    return np.stack(np.meshgrid(left + middles * (right - left), top - middles * (top - bottom)), axis=-1).reshape(-1, 2)
