"""Loops as functions, with the names and the argument order of JAX: `scan` and `while_loop`.

Both are plain Python loops. While a function is recorded, the step of a long `scan` is traced once, and stands in the graph as one node
(see `autograd.compiled.api.rolled`); the rounds of a short one are found again in what was unrolled (see `autograd.compiled.passes.loops`).
Either becomes a `Loop` of the program. The rounds of a `while_loop` are recorded as scans of more and more rounds.
"""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable, Sequence
from operator import index, is_
from typing import Any, SupportsIndex

from autograd._runtime.coercion import need_function, refuse_masked, shown
from autograd.conditions import Condition
from autograd.contexts import current_line
from autograd.errors import CompileError, ConvergenceError, InputError
from autograd.graph import Node
from autograd.recording import Recording, recorder
from autograd.tracing import refused
from autograd.trees import LEAF, Form, branches_of, flatten, of_branches

LEAST_ROUNDS = 200
"""A scan of fewer rounds is unrolled, and its rounds are found again."""


def scan(step: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Any = None, length: SupportsIndex | None = None) -> tuple[Any, Any]:
    """Repeat `carry, y = step(carry, x)` for each x in `xs`, and return the last carry and all ys.

    It is a plain Python loop. In a compiled function it becomes one `Loop`; from some hundred rounds on, its step is traced once instead of
    in every round, so that recording takes no longer for more of them. A step that branches, draws random numbers, or depends on more than
    its arguments is called in every round. Its arguments and its result are those of `jax.lax.scan`.

    Args:
        step: a function of the carry and of what `xs` has for the round, which returns the new carry and what to keep of the round (None
            for nothing).
        init: the first carry: a number or Value, or nested lists, tuples and dicts of them. All carries have its structure.
        xs: a list or an array, with one item for each round; or a tuple or dict of such, of which `step` gets one with the items of the
            round. Without it, `step` gets None.
        length: the number of rounds; needed only without `xs`.

    Returns:
        The last carry; and the ys with the rounds as the first axis: a list of the numbers, or of the lists, that `step` has returned. Of
        arrays it is an array, and of tuples and dicts a tuple or dict of such, which can be the `xs` of another scan. If there are no
        rounds, it is an empty list, whatever `step` would return.

    Raises:
        InputError: there is neither `xs` nor `length`, or they differ in their number of rounds; a part of `xs` has no rounds; `step`
            does not return a pair, or the structure of the carry or of y changes.

    Example:
        >>> scan(lambda total, x: (total + x, total), 0.0, [1.0, 2.0, 3.0])
        (6.0, [0.0, 1.0, 3.0])
        >>> scan(lambda p, _: ((p[1], p[0] + p[1]), None), (0.0, 1.0), length=10)
        ((55.0, 89.0), None)
        >>> grad(lambda rate: scan(lambda balance, paid: (balance * rate + paid, None), 0.0, [1.0] * 3)[0])(1.5)
        4.0
    """
    need_function(step, "scan(lambda carry, x: (carry + x, carry), 0.0, xs)")
    x_of, rounds = _rounds(xs, length)
    now = recorder()
    if now is not None and now.roll is not None and rounds >= LEAST_ROUNDS:
        rolled = now.roll(now, step, init, None if xs is None else x_of, rounds)
        if rolled is not None:
            return rolled[0], _stacked(rolled[1])
    form = flatten(init)[1]
    carry: Any = init
    ys: list[Any] = []
    y_form: Form | None = None
    for i in range(rounds):
        result = step(carry, x_of(i))
        if not isinstance(result, tuple) or len(result) != 2:
            raise InputError(
                f"step must return the pair (carry, y), not {_kind(result)}: write `return carry, y`, or `return carry, None` if nothing "
                "is to be kept of the round"
            )
        carry, y = result
        _need_same("the carry", form, carry, i, "step must return the new carry first, with the structure of init")
        if y_form is None:
            y_form = flatten(y)[1]
        _need_same("y", y_form, y, i, "step must return a y of one structure in every round")
        ys.append(y)
    return carry, _stacked(ys)


def while_loop(condition: Callable[[Any], Any], step: Callable[[Any], Any], init: Any, max_rounds: SupportsIndex | None = None) -> Any:
    """Repeat `carry = step(carry)` as long as `condition(carry)` is true, and return the last carry.

    It is a plain Python loop. In a compiled function every sample has its own number of rounds. The first rounds are recorded one by one,
    and make a branch each; then half as many as before are one loop, in which samples whose condition is no longer true keep their carry.
    So a program serves for up to one and a half times the rounds of the last one. A condition that uses `and`, and a step that branches,
    draws random numbers, depends on more than its arguments, or has a plain number in the carry, such as a counter, are called in every
    round, each of which makes a branch. The arguments are those of `jax.lax.while_loop`, but for `max_rounds`. It has derivatives in both
    directions: they are those of the rounds that were run.

    Args:
        condition: a function of the carry that returns True or False, as a comparison does.
        step: a function of the carry that returns the new one.
        init: the first carry: a number or Value, or nested lists, tuples and dicts of them. All carries have its structure.
        max_rounds: the loop must have ended after so many rounds. Without it, nothing ends a loop whose condition stays true.

    Raises:
        ConvergenceError: the condition is still true after `max_rounds` rounds.
        CompileError: without it, the loop does not end by a million rounds in a function that is recorded.
        InputError: `condition` returns neither True nor False, or the structure of the carry changes.

    Example:
        >>> while_loop(lambda x: x < 100.0, lambda x: 2.0 * x, 3.0)
        192.0
        >>> def root(a):
        ...     return while_loop(lambda y: abs(y * y - a) > 1e-9, lambda y: 0.5 * (y + a / y), a, max_rounds=50)
        >>> round(grad(root)(4.0), 9)
        0.25
    """
    for function in (condition, step):
        need_function(function, "while_loop(lambda x: x < 100.0, lambda x: 2.0 * x, 3.0)")
    most = None if max_rounds is None else _whole("max_rounds", max_rounds)
    form = flatten(init)[1]
    now = recorder()
    carry, rounds = init, 0
    while True:
        truth = condition(carry)
        if not _truth(truth):
            return carry
        if rounds == most:
            raise ConvergenceError(
                f"the loop at {current_line()} did not end within {most} rounds, its max_rounds: its condition is still true. Allow more "
                "rounds, or correct the condition or the step"
            )
        later, many = None, 1
        if now is not None and isinstance(truth, Condition):
            many = _together(rounds) if most is None else min(_together(rounds), most - rounds)
            later = _rounds_together(now, condition, step, init, carry, many) if many > 1 else None
        if later is None:
            later, many = step(carry), 1
        carry = later
        _need_same("the carry", form, carry, rounds, "step must return a carry with the structure of init")
        rounds += many


ALONE, LEAST_TOGETHER = 2, 4
"""In a function that is recorded, so many rounds of a `while_loop` are recorded one by one; then so many together, or more."""

MOST_RECORDED = 1_000_000
"""A loop without `max_rounds` must end by so many rounds in a function that is recorded."""


def _together(rounds: int) -> int:
    """How many rounds are recorded together after so many. With half as many, few are in vain, and few branches are made.

    Raises:
        CompileError: the loop does not end.
    """
    if rounds > MOST_RECORDED:
        raise refused(
            CompileError(
                f"the loop at {current_line()} did not end within {MOST_RECORDED:,} rounds while the function was recorded: correct the "
                "condition or the step, or end it by max_rounds"
            )
        )
    return 1 if rounds < ALONE else max(LEAST_TOGETHER, rounds // 2)


def _rounds_together(
    now: Recording, condition: Callable[[Any], Any], step: Callable[[Any], Any], init: Any, carry: Any, rounds: int
) -> Any:
    """The carry after so many rounds, which are recorded as one loop; None if they cannot be.

    Rounds after the end of the loop change nothing. There the step is computed for the first carry, for which it is defined, as the first
    round has shown; nobody uses the result.
    """
    (first, form), leaves = flatten(init), flatten(carry)[0]
    is_plain = [not isinstance(x, Node) for x in leaves]
    if now.roll is None or not all(x is start for x, start, plain in zip(leaves, first, is_plain, strict=True) if plain):
        return None  # plain numbers, such as a counter, would not be plain after a number of rounds that the sample decides

    def held(tree: Any, _: Any) -> tuple[Any, None]:
        leaves = flatten(tree)[0]
        goes_on = condition(tree)
        before = [x if plain else goes_on.held(x, start) for x, start, plain in zip(leaves, first, is_plain, strict=True)]
        given = form(before)
        after, other = flatten(step(given))
        unchanged = [new is old for new, old in zip(after, before, strict=False)]
        is_still = all(map(is_, flatten(given)[0], before)) and all(same for same, plain in zip(unchanged, is_plain, strict=False) if plain)
        if other != form or not is_still:  # for the recorder, any error says that this cannot be one loop
            raise InputError("the step changes the carry in place, its structure, or a plain number in it")
        return form([x if same else goes_on.held(new, x) for x, new, same in zip(leaves, after, unchanged, strict=True)]), None

    held.__wrapped__ = step  # type: ignore[attr-defined] # whose code tells the loop from others
    rolled = now.roll(now, held, carry, None, rounds)
    return None if rolled is None else rolled[0]


def _truth(truth: Any) -> bool:
    if isinstance(truth, Condition) or type(truth).__name__ in ("bool", "bool_"):
        return bool(truth)
    raise InputError(f"the condition must return True or False, not {_kind(truth)}: compare, as in lambda x: x > 0.0")


def _whole(name: str, number: Any) -> int:
    try:
        whole = index(number)
    except TypeError:
        whole = -1
    if whole < 0 or isinstance(number, bool):
        raise InputError(f"{name} must be a whole number that is not negative, not {shown(number)}")
    return whole


# -- what each round gets, and what is kept of it ----------------------------------------------------------------------------


def _rounds(xs: Any, length: Any) -> tuple[Callable[[int], Any], int]:
    """A function that returns what a round gets, and how many rounds there are."""
    lengths = {} if length is None else {"length": _whole("length", length)}
    x_of = _by_round(xs, "xs", lengths)
    if not lengths:
        raise InputError("scan needs xs, with one item for each round, or the number of rounds, as in scan(step, init, length=10)")
    (first, rounds), *others = lengths.items()
    for name, count in others:
        if count != rounds:
            words = f"length is {rounds}" if length is not None else f"{first} has {rounds} items"
            raise InputError(f"{words}, and {name} has {count} items: there must be one for each round")
    return x_of, rounds


def _by_round(tree: Any, name: str, lengths: dict[str, int]) -> Callable[[int], Any]:
    """A function of a round that returns its part of `xs`. Adds to `lengths` the number of rounds of each leaf."""
    if tree is None:
        return lambda i: None
    if isinstance(tree, (dict, tuple)):
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        parts = [_by_round(branch, f"{name}[{key!r}]", lengths) for key, branch in zip(keys, branches_of(tree), strict=True)]
        form = of_branches(tree, [LEAF for _ in parts])
        return lambda i: form([part(i) for part in parts])
    items = _items(tree, name)
    lengths[name] = len(items)
    return items.__getitem__


def _items(leaf: Any, name: str) -> Sequence[Any]:
    """The items of a leaf of `xs`, one for each round."""
    if isinstance(leaf, (list, range)):
        return leaf
    if hasattr(leaf, "tolist") and getattr(leaf, "ndim", 0) > 0:
        refuse_masked(leaf)
        is_array = type(leaf) is getattr(sys.modules.get("numpy"), "ndarray", None)
        items: list[Any] = list(leaf) if is_array and leaf.ndim > 1 else leaf.tolist()
        return items
    raise InputError(
        f"{name} has no rounds, being {_kind(leaf)}: write a list or an array with one item for each round, or a tuple or dict of several "
        "such. If a tuple or an iterator has the items, write list(…)"
    )


def _stacked(ys: list[Any]) -> Any:
    """What was kept of each round, with the rounds as the first axis."""
    first = ys[0] if ys else 0.0
    if first is None:
        return None
    if isinstance(first, dict):
        return of_branches(first, [LEAF for _ in first])([_stacked([y[key] for y in ys]) for key in first])
    if isinstance(first, tuple):
        return of_branches(first, [LEAF for _ in first])([_stacked(list(column)) for column in zip(*ys, strict=True)])
    numpy = sys.modules.get("numpy")
    return numpy.stack(ys) if numpy is not None and isinstance(first, numpy.ndarray) and first.ndim else ys


# -- structures --------------------------------------------------------------------------------------------------------------


def _need_same(name: str, form: Form, tree: Any, i: int, rule: str) -> None:
    """
    Raises:
        InputError: the tree has another structure.
    """
    other = flatten(tree)[1]
    difference = "" if other == form else _difference(name, form, other)
    if difference:
        raise InputError(f"{difference} after round {i}: {rule}")


def _difference(name: str, form: Form, other: Form) -> str:
    """How a form differs from another, in words; "" if only the order of keys does."""
    pairs = zip(form.branches, other.branches, strict=False)
    if form.kind is not other.kind or len(form.branches) != len(other.branches):
        return f"{name} was {_structure(form)}, and is {_structure(other)}"
    if form.kind is not None and issubclass(form.kind, dict):
        ours, theirs = _by_key(form), _by_key(other)
        if ours.keys() != theirs.keys():
            return f"{name} was {_structure(form)}, and is {_structure(other)}"
        parts = [_difference(f"{name}[{key[1]!r}]", branch, theirs[key]) for key, branch in ours.items()]
    elif form.keys != other.keys:
        return f"{name} was {_structure(form)}, and is {_structure(other)}"
    else:
        parts = [_difference(f"{name}[{k}]", a, b) for k, (a, b) in enumerate(pairs)]
    return next(filter(None, parts), "")


def _by_key(form: Form) -> dict[Any, Form]:
    return dict(zip(form.keys, form.branches, strict=False))  # a defaultdict has its factory behind its keys


def _structure(form: Form) -> str:
    """The outermost part of a form, in words."""
    if form.kind is None:
        return "a number"
    if form.kind is type(None):
        return "None"
    if issubclass(form.kind, dict):
        return f"a {form.kind.__name__} with the keys {[key for _, key in _by_key(form)]}"
    if form.kind in (list, tuple) or form.branches:
        return f"a {form.kind.__name__} of {len(form.branches)}"
    return f"an array of shape {form.keys}"


def _kind(x: Any) -> str:
    """What was given, in words. The text of a Value is refused while a function is recorded."""
    if isinstance(x, Node):
        return "a Value"
    form = flatten(x)[1]
    if form is not LEAF:
        return _structure(form)
    return f"the {type(x).__name__} {reprlib.repr(x)}" if isinstance(x, (float, int, str)) else f"an object of type {type(x).__name__}"
