"""A copy of a model whose layers report what they return."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from autograd.errors import InputError
from autograd.graph import topological_order
from autograd.ops import CONSTANT, Operation
from autograd.trees import flatten
from autograd.value import Value
from nn.layers import Embedding
from nn.module import Module, summary_rows

ACTIVATIONS = {"relu", "tanh", "sigmoid", "elu", "gelu", "silu", "softplus", "erf", "atan", "clip", "maximum", "minimum", "leaky_relu"}
"""The operations that are activations where they have one input besides constants: what dies or saturates is the result of one of them."""

CALLS, LEVELS = 16, 16
"""A layer without parameters has a row for each of its calls, up to so many; activations within a module of one's own have a row for each
depth at which they occur, up to so many. In a loop over time there are more, which then share a row."""


class Unit(NamedTuple):
    """One number that a layer returned for one sample.

    Attributes:
        row: the key of the row that it belongs to.
        neuron: its index in the layer; in an image, the channel.
        node: the number.
        z: what the activation was applied to, if `node` is the result of one; else None.
        activation: the operation, its other inputs, and the place of `z` among them; None as `z`.
    """

    row: tuple[str, str]
    neuron: int
    node: Value
    z: Value | None
    activation: tuple[Operation, int, tuple[float, ...]] | None


class WatchedModel:
    """A deep copy of a model, so that whatever the calls change, the model itself stays as it is.

    Args:
        model: any module.

    Attributes:
        model: the copy, in evaluation mode. Between `begin` and `end` its layers report their outputs.
        rows: the names of its layers, those of `model.summary()`, with their descriptions and their parameters.

    Raises:
        InputError: the model cannot be copied.

    Example:
        >>> from nn import MLP
        >>> watched = WatchedModel(MLP(2, [3, 1]))
        >>> watched.begin()
        >>> output = watched.model([1.0, 2.0])
        >>> [(unit.row[0], unit.neuron) for unit in watched.end()]
        [('layers.0', 0), ('layers.0', 1), ('layers.0', 2), ('layers.1', 0)]
    """

    def __init__(self, model: Module) -> None:
        try:
            self.model = copy.deepcopy(model).eval()
        except Exception as error:
            raise InputError(
                f"diagnose looks at a copy of the model, and copy.deepcopy of {type(model).__name__} fails: {error}. Define its "
                "__deepcopy__, or leave out the attribute that cannot be copied"
            ) from error
        self.rows: dict[str, tuple[str, list[Value]]] = {}
        self.indices: set[int] = set()  # the `id` of each leaf of the sample that an embedding took
        self._names: dict[int, str] = {}
        self._own: dict[int, str] = {}
        self._units: list[Unit] | None = None
        self._known: dict[int, Value] = {}  # what was reported, by its `id`
        self._calls: dict[str, int] = {}  # how often each layer was called
        self._list()

    def _list(self) -> None:
        rows = list(summary_rows(self.model, "", set()))
        for name, module, count in rows:
            self._names[id(module)] = name or type(module).__name__
            self.rows[self._names[id(module)]] = f"{type(module).__name__}({module.extra_repr()})", module.parameters() if count else []
        for name, module in self.model.named_modules():
            if not type(module).__module__.startswith("nn."):
                self._own[id(module)] = name or type(module).__name__
        name = self._names.setdefault(id(self.model), type(self.model).__name__)  # the outputs, if no layer returns them
        self.rows.setdefault(name, ("the outputs", []))
        for _, module in self.model.named_modules():
            if id(module) in self._names or id(module) in self._own:
                self._watch(module)

    def _watch(self, module: Module) -> None:
        base = type(module)
        if not callable(module):
            return
        call: Any = base.__call__

        def watched(instance: Any, *args: Any, **kwargs: Any) -> Any:
            return self._called(instance, call(instance, *args, **kwargs), (args, kwargs))

        same = {name: getattr(base, name) for name in ("__module__", "__qualname__", "__doc__")}
        module.__class__ = type(base.__name__, (base,), {**same, "__slots__": (), "__call__": watched})

    def begin(self) -> None:
        """Begin with a new sample."""
        self._units, self._known, self._calls, self.indices = [], {}, {}, set()

    def end(self, result: Value | None = None) -> list[Unit]:
        """The numbers that the layers have returned since `begin`, those of a layer together.

        Args:
            result: what was computed from them. Layers come in the order in which it depends on them; by default in that of their calls.
        """
        units, self._units = self._units or [], None
        places = {} if result is None else {id(node): place for place, node in enumerate(topological_order(result))}
        last: dict[tuple[str, str], int] = {}
        for unit in units:
            last[unit.row] = max(last.get(unit.row, -1), places.get(id(unit.node), -1))
        return sorted(units, key=lambda unit: last[unit.row])

    def _called(self, module: Module, output: Any, arguments: Any) -> Any:
        if self._units is None:
            return output
        leaves, _ = flatten(output)
        if isinstance(module, Embedding):
            self.indices |= set(map(id, flatten(arguments)[0]))
        name = self._names.get(id(module))
        new = [isinstance(leaf, Value) and id(leaf) not in self._known for leaf in leaves]
        if id(module) in self._own:
            own = self._own[id(module)]
            self._report_activations(own, [x for x in leaves if isinstance(x, Value)], flatten(arguments)[0], name is not None)
        if name is None or not any(new):  # such as Flatten, or a Dropout in evaluation mode, returns what it was given
            return output
        call = self._calls[name] = self._calls.get(name, 0) + 1
        named = "" if call == 1 or call > CALLS or self.rows[name][1] else f"call {call}"
        for neuron, leaf in zip(neurons_of(output, len(leaves)), leaves, strict=True):
            if isinstance(leaf, Value):
                self._units.append(_unit((name, named), neuron, leaf))
                self._known[id(leaf)] = leaf
        return output

    def _report_activations(self, name: str, outputs: list[Value], inputs: list[Any], but_outputs: bool) -> None:
        """Report activations in the graph between the inputs of a module and its outputs that no layer has returned."""
        assert self._units is not None
        excluded = set(map(id, outputs)) if but_outputs else set()
        found: dict[tuple[str, int], list[Value]] = {}
        level: dict[int, int] = {}
        for node in _between(outputs, map(id, inputs)):
            activation = activation_at(node)
            level[id(node)] = max((level.get(id(x), 0) for x in node._prev), default=0) + (activation is not None)
            if activation is not None and id(node) not in excluded and id(node) not in self._known:
                found.setdefault((activation[0].name, level[id(node)]), []).append(node)
                self._known[id(node)] = node
        for (operation, depth), nodes in found.items():
            is_loop = sum(other == operation for other, _ in found) > LEVELS
            named = operation if is_loop or len(found) == 1 else f"{operation} {depth}"
            self._units += [_unit((name, named), neuron, node) for neuron, node in enumerate(nodes)]


def _between(outputs: list[Value], ends: Iterable[int]) -> Iterator[Value]:
    """The nodes that the outputs were computed from, each after its inputs, as far as to these ends."""
    seen = set(ends)
    for output in outputs:
        stack = [(output, False)]
        while stack:
            node, is_done = stack.pop()
            if is_done:
                yield node
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack += [(x, False) for x in reversed(node._prev) if id(x) not in seen]


def activation_at(node: Value) -> tuple[Operation, int, tuple[float, ...]] | None:
    """The operation of a node, the place of its input and its constants, if it is an activation of one input.

    Example:
        >>> from autograd import maximum, tanh
        >>> x = Value(0.5)
        >>> activation_at(tanh(x))[1:], activation_at(maximum(0.0, x))[1:], activation_at(x * 2.0)
        ((0, ()), (1, (0.0,)), None)
    """
    operation, inputs = node._operation, node._prev
    if operation.name not in ACTIVATIONS:
        return None
    free = [i for i, x in enumerate(inputs) if x._operation is not CONSTANT]
    if len(free) != 1:
        return None
    return operation, free[0], tuple([x._data for i, x in enumerate(inputs) if i != free[0]])


def _unit(row: tuple[str, str], neuron: int, node: Value) -> Unit:
    activation = activation_at(node)
    return Unit(row, neuron, node, None if activation is None else node._prev[activation[1]], activation)


def neurons_of(output: Any, count: int) -> list[int]:
    """To which neuron each number of an output belongs: its place in a list, in the lists of a sequence, or its channel in an image.

    Example:
        >>> neurons_of([5.0, 6.0], 2), neurons_of([[5.0, 6.0], [7.0, 8.0]], 4), neurons_of([[[5.0, 6.0]], [[7.0, 8.0]]], 4)
        ([0, 1], [0, 1, 0, 1], [0, 0, 1, 1])
    """
    paths = list(_paths(output.tolist() if hasattr(output, "tolist") else output, ()))
    if len(paths) != count or len({len(path) for path in paths}) != 1:
        return list(range(count))
    return [0 if not path else path[0] if len(path) == 3 else path[-1] for path in paths]


def _paths(tree: Any, path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if isinstance(tree, (list, tuple)):
        for i, branch in enumerate(tree):
            yield from _paths(branch, (*path, i))
    else:
        yield path
