"""A page that stands alone: one HTML file that loads nothing else, and that a notebook shows in a frame."""

from __future__ import annotations

import html
import json
import os
import re
from importlib.resources import files
from pathlib import Path

from autograd._runtime.files import as_path, write_atomically
from autograd.errors import InputError


class HtmlPage:
    """A page of HTML. In a notebook it shows itself; elsewhere `save` writes it to a file.

    Args:
        page: the page, see below.
        title: what the notebook's frame is called.
        height: of that frame, in pixels.

    Attributes:
        page: the page as HTML. It loads nothing else, and the same content gives the same page.
    """

    _kind, _file = "page", "page.html"  # what messages call it, and the file's name in their examples

    def __init__(self, page: str, title: str, height: int) -> None:
        self.page, self._title, self._height = page, title, height

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a file, and return the file's path.

        Args:
            path: where to write it, ending in .html. Missing folders are created.

        Raises:
            InputError: the path does not end in .html.
            OSError: the file cannot be written, or is a folder, a device or a pipe.

        Example:
            >>> from autograd import Value, play
            >>> play(Value(1.0) + 1.0).save("picture.png")
            Traceback (most recent call last):
            ...
            autograd.errors.InputError: a player is saved as an HTML page, not as 'picture.png': write .save("play.html")
        """
        if not isinstance(path, str | os.PathLike) or Path(path).suffix.lower() not in (".html", ".htm"):
            raise InputError(f'a {self._kind} is saved as an HTML page, not as {path!r}: write .save("{self._file}")')
        path = as_path(path, f".save('{self._file}')")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, self.page.encode())
        return str(path)

    def _repr_html_(self) -> str:
        page, style = html.escape(self.page), f"width:100%;height:{self._height}px;border:0"
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" title="{html.escape(self._title)}" style="{style}"></iframe>'


def safe_json(content: object) -> str:
    """JSON for a script element: without <, so that nothing in it can end the element.

    Example:
        >>> safe_json(["</script>"])
        '["\\\\u003c/script>"]'
    """
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def fill(package: str, file: str, unit: str, title: str, **parts: str) -> str:
    """A page with buttons, a slider and keys, with its parts filled in. All are filled in at once, so a placeholder within a part is left
    alone.

    Args:
        package: in which the template is.
        file: the template's name; it has placeholders: ``{{HEAD}}`` for the beginning; for the controls ``{{STYLE}}``, ``{{CONTROLS}}``
            and ``{{SCRIPT}}``; and its own.
        unit: what the slider steps through, as in "Next step".
        title: of the page, as HTML.
        parts: what else to put in, by the name of the placeholder.
    """
    shared = {
        part: _read("autograd.render", name).rstrip("\n")
        for part, name in (("HEAD", "head.html"), ("STYLE", "controls.css"), ("CONTROLS", "controls.html"), ("SCRIPT", "controls.js"))
    }
    shared["HEAD"] = _filled(shared["HEAD"], {"TITLE": title})
    shared["CONTROLS"] = _filled(shared["CONTROLS"], {"UNIT": unit, "SLIDER": unit.capitalize()})
    return _filled(_read(package, file), shared | parts)


def _read(package: str, file: str) -> str:
    return files(package).joinpath(file).read_text(encoding="utf-8")


def _filled(template: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: parts[match[1]], template)
