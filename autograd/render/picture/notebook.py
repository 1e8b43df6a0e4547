"""What a notebook shows for a Value at the end of a cell: a picture of its graph, if that is small enough to be read at a glance."""

from __future__ import annotations

from collections.abc import Iterable

from autograd.render.picture.draw import draw
from autograd.value import Value

MOST = 50  # nodes


def notebook_bundle(value: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> dict[str, str]:
    """The contents of a cell's output by MIME type: the text, and for a graph of up to 50 nodes a picture.

    Args:
        value: the Value to show.
        include, exclude: the MIME types to give, and not to give.

    Source: IPython, "Integrating your objects with IPython", section on `_repr_mimebundle_`.

    Example:
        >>> list(notebook_bundle(Value(2.0) * 3.0, exclude=["image/svg+xml"]))
        ['text/html', 'text/plain']
    """
    bundle = draw(value)._repr_mimebundle_(include, exclude) if at_most(value, MOST) else {}
    if (include is None or "text/plain" in include) and "text/plain" not in (exclude or ()):
        bundle["text/plain"] = repr(value)
    return bundle


def at_most(root: Value, limit: int) -> bool:
    """Whether a graph has at most `limit` nodes. It visits no more nodes than it takes to decide."""
    seen = {root}
    stack = [root]
    while stack and len(seen) <= limit:
        for source in stack.pop()._prev:
            if source not in seen:
                seen.add(source)
                stack.append(source)
                if len(seen) > limit:  # a node may have a million inputs
                    break
    return len(seen) <= limit
