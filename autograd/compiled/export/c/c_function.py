"""to_c: a compiled function, or the program of a graph, as C99."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

import numpy as np

from autograd._runtime.coercion import flag
from autograd.compiled.api.function import Function
from autograd.compiled.api.method import Method
from autograd.compiled.api.replay import Program
from autograd.compiled.export.c.c_file import CFile, Decision, Described, Way
from autograd.compiled.export.c.c_text import DOUBLE, SINGLE, Precision, identifier
from autograd.compiled.export.c.decisions import alike, argument_lines, need_exportable, placed, result_lines, span, tree_of, way_of
from autograd.compiled.export.rule_text import printable
from autograd.errors import CompileError
from autograd.value import Value


def to_c(
    target: Function[Any] | Method | Program,
    *args: Any,
    name: str = "model",
    dtype: Any = "float64",
    gradient: bool = True,
    checked: bool = False,
) -> str:
    """A compiled function, or the program of a graph, as C99: for microcontrollers, and for programs without Python.

    The text defines ``void model(const double *x, double *value)`` and, with the derivatives,
    ``void model_grad(const double *x, double *value, double *gradient)``, for one sample. `x` has the numbers of all arguments, one after
    the other; those of a program are its `leaves`. A comment says what is where. For several results, `gradient` has the gradients one
    after the other: the Jacobian, row by row. Values that the function refers to, such as the weights of a model that is not an argument,
    become constants.

    The code needs nothing but math.h, allocates nothing, and works in arrays of a fixed size, which the comment tells. They are static;
    with ``-DMODEL_STORAGE=auto`` they are on the stack.

    A compiled function is exported for the form of arguments that was recorded last. If it uses `if`, both sides must have been recorded,
    by calls with such arguments.

    Args:
        target: a compiled function or method, or ``compile(loss)``.
        args: an example of the arguments of a function, which is recorded for them if it was not.
        name: the name of the function in C.
        dtype: "float64", which is C's `double`, or "float32", its `float`.
        gradient: whether to define ``model_grad``.
        checked: whether all results are NAN where an operation is outside of its domain, so that Python would raise an error. Otherwise the
            operation gives what C gives: log(-1) is NAN, and exp(-1 / (x * x)) at 0 is 0.

    Returns:
        The text of a file, in ASCII.

    Raises:
        InputError: `name` cannot be the name of a function, or a flag is not True or False.
        CompileError: the target is not compiled, was not recorded yet, draws random numbers, or has an `if` of which one side was not
            recorded; an operation of your own has a rule that cannot be written in C; or there is no such dtype.
        DomainError, PoleError: the example is outside of the domain of an operation.

    Example:
        >>> from autograd import compile, tanh
        >>> neuron = compile(lambda w, x: tanh(w[0] * x[0] + w[1] * x[1]), in_axes=(None, None))
        >>> code = to_c(neuron, [0.5, -1.0], [1.0, 2.0], name="neuron")
        >>> print(code[code.index("static void") :])
        static void neuron_forward(const double *x, double *w)
        ...
    """
    name = identifier(name)
    precision = _precision(dtype)
    gradient, checked = flag("gradient", gradient), flag("checked", checked)
    if isinstance(target, Program):
        if args:
            raise CompileError("to_c takes example arguments of a function only: the arguments of a program are its leaves")
        ways, described = _of_program(target)
        root: int | Decision = 0
    elif isinstance(target, (Function, Method)):
        ways, root, described = _of_function(target, args, gradient, checked)
    else:
        raise CompileError(f"to_c needs a compiled function or program, as in to_c(compile(f), 2.0) or to_c(compile(loss)), not {target!r}")
    return CFile(name, precision, ways, root, gradient, checked).text(described)


def _precision(dtype: Any) -> Precision:
    """
    Raises:
        CompileError: it is neither float64 nor float32. "float" would be ambiguous: NumPy's is C's `double`.
    """
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError):
        kind = np.dtype(object)
    if dtype is None or dtype is float or (isinstance(dtype, str) and dtype not in ("float64", "float32")):
        kind = np.dtype(object)
    if kind not in (np.float64, np.float32):
        raise CompileError(f'dtype must be "float64", which is double in C, or "float32", which is float in C, not {dtype!r}')
    return DOUBLE if kind == np.float64 else SINGLE


def _of_program(program: Program) -> tuple[list[Way], Described]:
    tape, code = program.tape, program.code
    title = f"the program of a graph of {len(tape.nodes):,} nodes"
    one = placed(tape, code, tape.leaves(), tape.results)
    return [Way(one)], Described(title, leaf_lines(program.leaves), ["value[0]: the result"])


def _of_function(function: Any, args: tuple[Any, ...], gradient: bool, checked: bool) -> tuple[list[Way], int | Decision, Described]:
    own = printable(function.__name__)
    if args:
        last = function.specialise(*args)[2][-1]
    elif function.specialisations:
        last = function.specialisations[-1]
    else:
        raise CompileError(f"{own} was not recorded yet: call it first, or pass an example of its arguments, as in to_c({own}, 2.0)")
    order: list[Any] = []
    branches = alike(function.specialisations, last)
    for branch in branches:
        need_exportable(own, branch)
    root = tree_of(own, branches, order)
    return (
        [way_of(branch, gradient, checked) for branch in order],
        root,
        Described(f"the compiled function {own}", argument_lines(last), result_lines(last)),
    )


def leaf_lines(leaves: list[Value]) -> list[str]:
    """Lines that say which number of `x` is which leaf of a program. Labels that count up are one line.

    Example:
        >>> leaf_lines([Value(1.0, label="a"), *[Value(0.0, label=f"w[{i}]") for i in range(9)], Value(2.0)])
        ['x[0]: a', 'x[1] to x[9]: w[0] to w[8]', 'x[10]: a leaf without a label']
    """
    lines = []
    start = 0
    keys = [_family(i, leaf.label) for i, leaf in enumerate(leaves)]
    for _, group in groupby(range(len(leaves)), key=keys.__getitem__):
        own = [leaves[i].label for i in group]
        text = own[0] if own[0] == own[-1] else f"{own[0]} to {own[-1]}"
        if not own[0]:
            text = "a leaf without a label" if len(own) == 1 else "leaves without a label"
        lines.append(f"{span('x', start, len(own))}: {text}")
        start += len(own)
    return lines


def _family(i: int, label: str) -> tuple[str, str, int]:
    """A key that is the same for consecutive leaves whose labels are the same, or count up at the last number in them."""
    parts = re.fullmatch(r"(.*?)([0-9]{1,9})([^0-9]{0,99})", label, re.DOTALL)
    return (label, "", 0) if parts is None else (parts[1], parts[3], int(parts[2]) - i)
