"""What happens in a forward and a backward pass, node by node: the numbers, and the equations in words. `play` makes a page of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from autograd._runtime.bulk import inputs_by
from autograd._runtime.coercion import real
from autograd.errors import InputError, StaleGraphError
from autograd.graph import topological_order
from autograd.namespaces import FLOATS
from autograd.ops import CONSTANT, LEAF
from autograd.render.formula.equations import derivative, equation, formula, local_derivative, plus, times
from autograd.render.lettering import labelled, listed, ordinal, short
from autograd.render.player.node_names import unique_names
from autograd.value import Value

MAX_NODES = 500
FEW = 4  # the most nodes that a title names
MOST = 24  # the most numbers that are listed one by one


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pass.

    Attributes:
        phase: "forward" or "backward".
        title: what happens.
        node: the position of the current node, or None at the beginning and the end of a pass.
        lines: the equations, each in up to three parts: for a backward step the local derivative, the chain rule, the sum so far.
        facts: short equations in no particular order.
        remarks: sentences.
        data: the data that become known in this step, by position of the node.
        grads: the gradients that are set or added to, by position of the node; a constant has none.
    """

    phase: str
    title: str
    node: int | None = None
    lines: list[tuple[str, ...]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    data: dict[int, float] = field(default_factory=dict)
    grads: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passes:
    """The forward and the backward pass through the graph behind a Value.

    Attributes:
        order: the nodes in topological order.
        inputs: for each node the positions of its inputs, in order and with multiplicity.
        names: a unique name for each node; constants are called by their numbers.
        steps: the steps from the leaves to the root, and back.
    """

    order: list[Value]
    inputs: list[tuple[int, ...]]
    names: list[str]
    steps: list[Step]


def passes(root: object) -> Passes:
    """Follow a forward and a backward pass, in the engine's order, on copies of the numbers. The graph is not changed.

    Args:
        root: a Value, such as a loss.

    Raises:
        InputError: `root` is not a Value, or its graph has more than 500 nodes.
        StaleGraphError: `.data` was assigned since the graph was built, so that its numbers do not follow from each other.

    Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986).

    Example:
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> for step in passes(a * b).steps:
        ...     print(step.phase, "|", step.title, "|", *[" | ".join(line) for line in step.lines])
        forward | The inputs |
        forward | Compute L | L = a · b = 2 · (−3) = −6
        backward | Begin at L | ∂L/∂L = 1
        backward | From L back to a and b | ∂L/∂a = b = −3 | ∂L/∂a += ∂L/∂L · ∂L/∂a = 1 · (−3) = −3 | ∂L/∂a = 0 + (−3) = −3 ...
        backward | The gradients |
    """
    if not isinstance(root, Value):
        raise InputError(f"play needs a Value, not an object of type {type(root).__name__}: write play(loss), with the result you computed")
    nodes = topological_order(root)
    order = cast("list[Value]", nodes)
    if len(order) > MAX_NODES:
        raise InputError(
            f"the graph has {len(order):,} nodes, and more than {MAX_NODES} cannot be followed step by step: play a part of it, as in "
            "play(node) with one neuron or the loss of one sample, or look at all of it with draw(root)"
        )
    for node in order:
        check_fresh(node)
    inputs = inputs_by({node: i for i, node in enumerate(nodes)}, nodes)
    story = Passes(order, inputs, unique_names(order), [])
    story.steps.extend(forward(story))
    story.steps.extend(backward(story))
    return story


def check_fresh(node: Value) -> None:
    """Check that a node and its local derivatives are what its operation gives for its inputs.

    Raises:
        StaleGraphError: they are not.
    """
    inputs = node._prev
    if not inputs or node._operation.by_hand:  # there is nothing to compute its number from
        return
    data = [x.data for x in inputs]
    stored = [node.data, *node._slopes]
    try:
        value = real(node._operation.value(FLOATS, *data))
        computed = [value, *[real(slope) for slope in node._operation.slopes(FLOATS, value, *data)]]
    except (ArithmeticError, ValueError):  # from a user's own rule: these inputs are outside its domain
        computed = []
    if len(computed) != len(stored) or any(a != b and (a == a or b == b) for a, b in zip(computed, stored, strict=True)):
        raise StaleGraphError(
            f"{node!r} was computed by {node._operation.name} from other numbers than {data}: .data was assigned since the graph "
            "was built. Build the graph again, then play it."
        )


def forward(story: Passes) -> Iterator[Step]:
    """The steps of the forward pass: the leaves, then each computed node."""
    given = {i: node.data for i, node in enumerate(story.order) if not story.inputs[i]}
    leaves = [i for i in given if story.order[i]._operation is LEAF]
    facts = [f"{story.names[i]} = {short(given[i])}" for i in leaves]
    remarks = ["These were given, and all others are computed from them." if leaves else "All values here are constants."]
    given_here = [
        name for node, name in zip(story.order, story.names, strict=True) if node._operation is not CONSTANT and not labelled(node)
    ]
    if given_here:
        remarks.append(f"Without a label, and so named here: {', '.join(some(given_here))}.")
    yield Step("forward", "The inputs", facts=some(facts), remarks=remarks, data=given)
    for i, node in enumerate(story.order):
        if story.inputs[i]:
            names = [story.names[j] for j in story.inputs[i]]
            numbers = [short(story.order[j].data) for j in story.inputs[i]]
            line = equation(story.names[i], formula(node._operation, names), formula(node._operation, numbers), short(node.data))
            yield Step("forward", f"Compute {story.names[i]}", i, [(line,)], data={i: node.data})


def backward(story: Passes) -> Iterator[Step]:
    """The steps of the backward pass: the root, then each computed node, last first, as `Value.backward` visits them."""
    order, names = story.order, story.names
    root = len(order) - 1
    top = names[root]
    uses = Counter(j for inputs in story.inputs for j in inputs)
    grads = [0.0] * root + [1.0]
    start = {i: grads[i] for i, node in enumerate(order) if node._operation is not CONSTANT}
    remarks = [f"All gradients are set to 0, and that of {top} by itself to 1.", *already(order, names)]
    yield Step("backward", f"Begin at {top}", root, [(f"{derivative(top, top)} = 1",)], remarks=remarks, grads=start)
    for i in range(root, -1, -1):
        if not story.inputs[i]:
            continue
        lines: list[tuple[str, ...]] = []
        changed: dict[int, float] = {}
        for k, (j, slope) in enumerate(zip(story.inputs[i], order[i]._slopes, strict=True)):
            if order[j]._operation is not CONSTANT:
                before, product = grads[j], slope * grads[i]
                grads[j] = changed[j] = before + product
                total, local = derivative(top, names[j]), local_sign(story, i, k)
                rule = local_derivative(order[i]._operation, names[i], [names[source] for source in story.inputs[i]], k)
                lines.append(
                    (
                        equation(local, rule, short(slope)),
                        f"{total} += {derivative(top, names[i])} · {local} = {times(grads[i], slope)} = {short(product)}",
                        f"{total} = {plus(before, product)} = {short(grads[j])}",
                    )
                )
        remarks = []
        both = [derivative(top, names[j]) for j in changed if i == root and uses[j] > story.inputs[i].count(j)]
        if both:
            remarks.append(f"In the products, {listed(both)} is the derivative of this operation alone.")
        if uses[i] > 1:
            remarks.append(
                f"{names[i]} is used {uses[i]} times; all of these have added to {derivative(top, names[i])}, so it is complete."
            )
        constants = [names[j] for j in dict.fromkeys(story.inputs[i]) if order[j]._operation is CONSTANT]
        if constants:
            remarks.append(
                f"No gradient for {listed(list(dict.fromkeys(constants)))}: {'a constant' if len(constants) == 1 else 'constants'}."
            )
        targets = listed([names[j] for j in changed]) if len(changed) <= FEW else f"its {len(changed)} inputs"
        title = f"From {names[i]} back to {targets or 'constants'}"
        yield Step("backward", title, i, lines, remarks=remarks, grads=changed)
    facts = [f"{derivative(top, names[i])} = {short(grads[i])}" for i, node in enumerate(order) if node._operation is LEAF]
    remark = "backward() adds these numbers to the .grad of the leaves." if facts else "There are no leaves, so nothing gets a gradient."
    yield Step("backward", "The gradients", facts=some(facts), remarks=[remark])


def local_sign(story: Passes, i: int, k: int) -> str:
    """∂c/∂a for the input at position k of the node i; `a * a` has two, ∂c/∂(1st a) and ∂c/∂(2nd a)."""
    inputs = story.inputs[i]
    j = inputs[k]
    which = f"{ordinal(inputs[: k + 1].count(j))} " if inputs.count(j) > 1 else ""
    return derivative(story.names[i], which + story.names[j])


def already(order: list[Value], names: list[str]) -> list[str]:
    """A remark on leaves that already have a gradient: `Value.backward` would add to it."""
    grads = {name: node.grad for node, name in zip(order, names, strict=True) if node._operation is LEAF}
    numbers = {name: grad.data if isinstance(grad, Value) else grad for name, grad in grads.items()}
    nonzero = some([f"{name}.grad = {short(x)}" for name, x in numbers.items() if x != 0.0])
    return [f"In the graph itself, {listed(nonzero)}: backward() would add to that, here it starts from 0."] if nonzero else []


def some(facts: list[str]) -> list[str]:
    """The facts; of very many only the first ones, and how many more there are."""
    return facts if len(facts) <= MOST else [*facts[: MOST - 1], f"{len(facts) - MOST + 1} more"]
