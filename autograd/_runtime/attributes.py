"""Attributes of the user's own on Values: ``p.velocity = 0.0``.

In plain Python they are in the `__dict__` of the Value. In the compiled core a Value has none, which keeps it small, and no `__getattr__`,
which would make every attribute slower to read, and `hasattr` a hundred times. There, the first assignment of a new name adds a descriptor
to the class, which finds the attribute of each Value in its `Extra`.
"""

from __future__ import annotations

from typing import Any

from autograd.graph import Node


def attributes_of(node: Node) -> dict[str, Any]:
    """The attributes of the user's own, by name."""
    plain: dict[str, Any] | None = getattr(node, "__dict__", None)
    held = node._extra.attributes if plain is None and node._extra is not None else plain
    return held or {}


def is_own_attribute(cls: type, name: str) -> bool:
    """Whether a name is, from now on, that of an attribute of the user's own: not if Values have such an attribute themselves."""
    if not hasattr(cls, name) and not name.startswith("__"):
        setattr(cls, name, _Attribute(name))
    return isinstance(getattr(cls, name, None), _Attribute)


def delete_attribute(node: Node, name: str) -> None:
    """`delattr` in the compiled core.

    Raises:
        AttributeError: it is not an attribute of the user's own.
    """
    own = getattr(type(node), name, None)
    if not isinstance(own, _Attribute):
        raise AttributeError(f"property {name!r} of 'Value' object has no deleter", name=name, obj=node)
    own.__delete__(node)


class _Attribute:
    """A descriptor of an attribute in `Extra.attributes`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, node: Node | None, owner: type | None = None) -> Any:
        if node is None:
            return self
        return self._held(node)[self._name]

    def __set__(self, node: Node, item: object) -> None:
        extra = node._extras()
        if extra.attributes is None:
            extra.attributes = {}
        extra.attributes[self._name] = item

    def __delete__(self, node: Node) -> None:
        del self._held(node)[self._name]

    def _held(self, node: Node) -> dict[str, object]:
        """The attributes of a node.

        Raises:
            AttributeError: this one is not among them.
        """
        held = None if node._extra is None else node._extra.attributes
        if held is None or self._name not in held:
            raise AttributeError(f"'Value' object has no attribute {self._name!r}", name=self._name, obj=node)
        return held
