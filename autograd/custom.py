"""Operations of your own."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from inspect import signature
from string import ascii_lowercase
from typing import Any

from autograd import ops
from autograd._runtime.temporary import unless_done
from autograd.checking import check_gradients
from autograd.errors import DefinitionError, GradientCheckError, InputError
from autograd.functions import call, function_of
from autograd.namespaces import FLOATS
from autograd.ops import OPERATIONS, Operation, Rule


def define(
    name: str,
    value: Rule,
    *derivatives: Rule,
    domain: Rule | None = None,
    pole: Rule | None = None,
    requires: str = "",
    symbol: str = "",
    latex: str = "",
    doc: str = "",
    selects: bool = False,
    check_at: Sequence[Sequence[float]] = (),
) -> Callable[..., Any]:
    """Add an operation to the op table, and return it as a function of Values and numbers.

    It works like the built-in ones from then on: eager, compiled, in derivatives of any order, in pictures and checks.

    Args:
        name: a new name. An operation that is defined again in the same module, as by a notebook cell that runs again, replaces the
            former one; graphs and programs that exist already keep the former one.
        value: the value, a rule ``lambda xp, a, b: …``. `xp` has the functions in `autograd.namespaces.FUNCTIONS`; choose with
            `xp.where`, and compare for equality with `xp.equal`, because the rule also runs on arrays and on Values.
        derivatives: one rule ``lambda xp, y, a, b: …`` for each input, where `y` is the value.
        domain: a rule that is true where the operation is defined; elsewhere there is a DomainError.
        pole: a rule that is true where the value is infinite; there is a PoleError there.
        requires: the domain in words, for the message.
        symbol: the sign that a picture shows; the name where it is not given.
        latex: its notation in a formula, with the inputs as {a}, {b}, …, as in ``r"\\operatorname{{softsign}}({a})"``.
        doc: one line of description.
        selects: whether a derivative of 0 means that the value does not depend on the input there. The input then gets no gradient, also
            where that of the value is infinite and the product would be nan.
        check_at: points at which first and second derivatives are compared with numeric ones.

    Raises:
        DefinitionError: the name is taken or not an identifier, a rule is not a function of these arguments, a derivative is missing, or
            `domain` or `pole` returns neither True nor False.
        GradientCheckError: a derivative is wrong at a point of `check_at`, or there is nothing to compare it with. After this and any error
            of a rule, the table is as it was.
        InputError: a point of `check_at` is not a sequence of numbers; `requires`, `symbol`, `latex` or `doc` is not a string; or `selects`
            is not True or False.

    Example:
        >>> softsign = define(
        ...     "softsign_example",
        ...     lambda xp, a: a / (1.0 + xp.abs(a)),
        ...     lambda xp, y, a: 1.0 / (1.0 + xp.abs(a)) ** 2,
        ...     check_at=[(0.5,), (-2.0,)],
        ... )
        >>> x = Value(1.0)
        >>> softsign(x).backward()
        >>> x.grad
        0.25
    """
    _check_name(name)
    for what, text in (("requires", requires), ("symbol", symbol), ("latex", latex), ("doc", doc)):
        if not isinstance(text, str):
            raise InputError(f"{name}: {what} must be a string, not {text!r}")
    if not isinstance(selects, bool):
        raise InputError(f"{name}: selects must be True or False, not {selects!r}")
    with unless_done(partial(_return_to, name, OPERATIONS.get(name))) as done:  # also after an error of a rule, or of check_at
        if name in OPERATIONS and _is_from(value, OPERATIONS[name].value):
            del OPERATIONS[name]
        _check_definition(name, value, derivatives, domain, pole)
        row = ops.define(
            name, value, *derivatives, domain=domain, pole=pole, requires=requires, symbol=symbol, latex=latex, doc=doc, selects=selects
        )  # fmt: skip
        if not isinstance(check_at, Iterable) or getattr(check_at, "ndim", None) == 0:
            raise InputError(f"{name}: check_at must be a list of points, as in [(0.5,), (-2.0,)], not {check_at!r}")
        unconfirmed = [(point, c) for point in check_at for c in check_gradients(_caller(row), point, order=2) if not c.ok]
        if unconfirmed:
            fault = "are wrong" if any(c.verdict == "disagrees" for _, c in unconfirmed) else "have nothing to be compared with"
            lines = "\n".join(f"  at {tuple(point)}: {c}" for point, c in unconfirmed)
            raise GradientCheckError(f"the derivatives of {name} {fault}:\n{lines}")
        function = function_of(row)
        done()
    return function


def _return_to(name: str, before: Operation | None) -> None:
    """Put the row that had this name, or none, into the table again."""
    if before is None:
        OPERATIONS.pop(name, None)
    else:
        OPERATIONS[name] = before


def _is_from(rule: Any, other: Rule) -> bool:
    """Whether both rules come from one module, other than ours."""
    module = getattr(rule, "__module__", None)
    return isinstance(module, str) and module == getattr(other, "__module__", None) != ops.__name__


def _need_truth(name: str, kind: str, rule: Rule | None, inputs: int) -> None:
    """
    Raises:
        DefinitionError: the rule returns neither True nor False.
    """
    if rule is None:
        return
    point = [0.5] * inputs
    try:
        truth = rule(FLOATS, *point)
    except Exception:  # it may have a domain itself: whatever is wrong with it is an error where it is used
        return
    if not (type(truth).__name__ in ("bool", "bool_") or (isinstance(truth, int) and truth in (0, 1))):
        raise DefinitionError(f"{name}: {kind} must return True or False, as in lambda xp, a: a > 0.0, not {truth!r}, as for {point}")


def _check_name(name: object) -> None:
    """
    Raises:
        DefinitionError: see `define`.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise DefinitionError(f"an operation's name must be a Python identifier, not {name!r}")


def _check_definition(name: str, value: Rule, derivatives: Sequence[Rule], domain: Rule | None, pole: Rule | None) -> None:
    """
    Raises:
        DefinitionError: see `define`.
    """
    if name in OPERATIONS:
        raise DefinitionError(f"there is an operation {name!r} already: choose another name")
    if not derivatives:
        raise DefinitionError(f"{name}: give a derivative rule for each input, as in lambda xp, y, a: …")
    inputs = ", ".join(ascii_lowercase[: len(derivatives)])
    optional = [rule for rule in (domain, pole) if rule is not None]
    for own in (value, *derivatives, *optional):
        if not callable(own):
            raise DefinitionError(f"{name}: every rule must be a function, as in lambda xp, a: xp.exp(a), not {own!r}")
    for rule in (value, domain, pole):
        _need_arguments(name, rule, f"xp, {inputs}")
    for rule in derivatives:
        _need_arguments(name, rule, f"xp, y, {inputs}")
    _need_truth(name, "domain", domain, len(derivatives))
    _need_truth(name, "pole", pole, len(derivatives))


def _need_arguments(name: str, rule: Rule | None, arguments: str) -> None:
    if rule is None:
        return
    try:
        signature(rule).bind(*arguments.split(", "))
    except ValueError:  # a function of another package may have no signature
        return
    except TypeError as error:
        raise DefinitionError(
            f"{name}: with one derivative rule for each input, this rule must be lambda {arguments}: …; {error}"
        ) from error


def _caller(row: ops.Operation) -> Callable[..., Any]:
    return lambda *inputs: call(row, *inputs)
