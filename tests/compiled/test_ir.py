"""The intermediate representation: legal code, with overlapping operands."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, dot, grad
from autograd.compiled.backends.numpy import reference
from autograd.compiled.ir import Code, Dot, Instruction, Map, Matmul, Operand, Scalars, Select, Spread, Sum, check
from autograd.errors import CompileError
from autograd.ops import ADD, DOT, EXP, LOGSUMEXP, MUL, POS, SELECT, SUM, Operation

NOWHERE = np.zeros(0, dtype=np.intp)


def view(shape: tuple[int, ...], start: int, strides: tuple[int, ...], batched: bool = False) -> Operand:
    """An operand that is a strided view."""
    return Operand(shape, start, strides, None, True, False, batched)


def listed(places: list[Any], batched: bool = False) -> Operand:
    """An operand that is a list of places."""
    array = np.array(places, dtype=np.intp)
    return Operand(array.shape, 0, (), array, len(np.unique(array)) == array.size, False, batched)


def made(
    kind: type[Instruction],
    operation: Operation,
    shape: tuple[int, ...],
    start: int,
    *operands: Operand,
    batched: bool = False,
    mask: Operand | None = None,
    error_mask: Operand | None = None,
) -> Instruction:
    return kind(operation, shape, start, operands, batched, mask, False, error_mask)


def program(*instructions: Instruction | Scalars, shared: int = 12, batched: int = 0, leaves: int = 4) -> Code:
    """Code whose first places are leaves, shared and batched."""
    given = np.arange(leaves), np.arange(min(leaves, batched))
    return Code([*instructions], shared, batched, NOWHERE, (NOWHERE, np.zeros(0)), (NOWHERE, NOWHERE), (NOWHERE, NOWHERE), given)


A, B = view((2,), 0, (1,)), view((2,), 2, (1,))
"""The first and the last two of four leaves."""

PRODUCT = made(Map, MUL, (2,), 4, A, B)

LEGAL: list[tuple[str, Code]] = [
    ("nothing", program()),
    ("Map", program(PRODUCT)),
    ("Map of any number of inputs", program(made(Map, LOGSUMEXP, (2,), 4, view((2, 2), 0, (2, 1))))),
    ("Map of three numbers", program(made(Map, LOGSUMEXP, (1,), 4, *[view((1,), place, (0,)) for place in range(3)]))),
    ("Select", program(made(Select, SELECT, (2,), 4, A, B, listed([3, 0])))),
    ("Sum", program(made(Sum, SUM, (2,), 4, view((2, 2), 0, (2, 1))))),
    ("Dot", program(made(Dot, DOT, (2,), 4, view((2, 2), 0, (2, 1)), view((2, 2), 0, (1, 2))))),
    ("Matmul", program(made(Matmul, DOT, (2, 1), 4, view((2, 2), 0, (2, 1)), view((1, 2), 2, (2, 1))))),
    ("Spread", program(made(Spread, POS, (2,), 4, A, batched=True), batched=8)),
    ("one after the other", program(PRODUCT, made(Map, ADD, (2,), 6, view((2,), 4, (1,)), A))),
    ("shared beside batched", program(made(Map, MUL, (2,), 4, A, view((2,), 0, (1,), batched=True), batched=True), batched=8)),
    ("a number for all", program(made(Map, MUL, (2,), 4, A, view((2,), 3, (0,))))),
    ("a number several times", program(made(Map, MUL, (2,), 4, A, listed([3, 3])))),
    ("the same operand twice", program(made(Map, MUL, (2,), 4, A, A))),
    ("operands that overlap", program(made(Map, MUL, (2,), 4, A, view((2,), 1, (1,))))),
    ("an operand that overlaps itself", program(made(Dot, DOT, (3,), 4, listed([[0, 1], [1, 2], [2, 3]]), view((3, 2), 0, (0, 1))))),
    ("a mask that is computed later", program(made(Map, EXP, (2,), 4, A, mask=view((2,), 6, (1,))), made(Map, MUL, (2,), 6, A, B))),
    ("a batched mask of a shared number", program(made(Map, EXP, (2,), 4, A, mask=view((2,), 0, (1,), batched=True)), batched=4)),
]


@pytest.mark.parametrize("code", [code for _, code in LEGAL], ids=[name for name, _ in LEGAL])
def test_legal_code_passes_and_runs(code: Code) -> None:
    check(code)
    executable = reference.load(code)
    data = executable.storage(3)
    executable.forward(data)
    executable.backward(data, executable.gradients(3))


def scalars(outputs: list[int], inputs: list[int], batched: list[bool] | None = None) -> Scalars:
    """Products of two numbers each, one after the other; whether the outputs are batched."""
    n = len(outputs)
    ends = 2 * np.arange(1, n + 1)
    outputs_batched = np.array(batched or [False] * n)
    every = np.zeros(2 * n, dtype=bool)
    return Scalars([MUL] * n, [False] * n, np.array(outputs), np.array(inputs), ends, outputs_batched, every, every)


ILLEGAL: list[tuple[str, Code, str]] = [
    ("outputs overlap", program(PRODUCT, made(Map, ADD, (2,), 5, A, B)), "instruction 1, Map add .* writes what another one has written"),
    ("two scalars at one place", program(scalars([4, 4], [0, 1, 2, 3])), "writes what another one has written"),
    ("a leaf is written", program(made(Map, MUL, (2,), 3, A, A)), "writes a leaf or a constant"),
    ("a batched leaf is written", program(made(Spread, POS, (2,), 3, A, batched=True), batched=8), "writes a leaf or a constant"),
    ("output out of storage", program(made(Map, MUL, (2,), 11, A, B)), "writes outside of the storage"),
    ("output before storage", program(made(Map, MUL, (2,), -1, A, B)), "writes outside of the storage"),
    ("batched output out of storage", program(made(Spread, POS, (2,), 4, A, batched=True), batched=5), "writes outside of the storage"),
    ("operand out of storage", program(made(Map, MUL, (2,), 4, A, view((2,), 11, (1,)))), "reads outside of the storage"),
    ("operand before storage", program(made(Map, MUL, (2,), 4, A, view((2,), 0, (-1,)))), "reads outside of the storage"),
    ("listed operand out of storage", program(made(Map, MUL, (2,), 4, A, listed([0, 12]))), "reads outside of the storage"),
    (
        "read before written",
        program(made(Map, ADD, (2,), 6, view((2,), 4, (1,)), A), PRODUCT),
        "instruction 0, .* reads what is computed later",
    ),
    ("its own output is read", program(made(Map, MUL, (2,), 4, A, view((2,), 4, (1,)))), "reads what is computed later"),
    ("a scalar reads a later one", program(scalars([4, 5], [0, 5, 2, 3])), "instruction 0, Map mul .* reads what is computed later"),
    ("shared reads batched", program(made(Map, MUL, (2,), 4, A, view((2,), 0, (1,), True)), batched=8), "is shared, and reads batched"),
    (
        "a place twice",
        program(made(Dot, DOT, (3,), 4, view((3, 2), 0, (1, 1)), view((3, 2), 0, (0, 1)))),
        "a strided operand with a place twice",
    ),
    ("a mask outside", program(made(Map, MUL, (2,), 4, A, B, mask=view((2,), 99, (1,)))), "has a mask outside of the storage"),
    ("a sum of matrices", program(made(Sum, SUM, (2, 1), 4, view((2, 1, 2), 0, (2, 0, 1)))), "has operands of the shapes"),
    ("another mask", program(made(Map, MUL, (2,), 4, A, B, mask=view((1,), 0, (0,)))), "has a mask of another shape"),
    ("another error mask", program(made(Map, MUL, (2,), 4, A, B, error_mask=view((3,), 0, (1,)))), "has a mask of another shape"),
    (
        "places of another shape",
        program(made(Map, MUL, (2,), 4, A, Operand((2,), 0, (), np.arange(3), True, False, False))),
        r"places of the shape \(3,\)",
    ),
    ("Map: shape", program(made(Map, MUL, (2,), 4, A, view((3,), 0, (1,)))), r"operands of the shapes \(2,\), \(3,\)"),
    ("Map: one operand too few", program(made(Map, MUL, (2,), 4, A)), "operands of the shapes"),
    ("Map: rows of inputs", program(made(Map, LOGSUMEXP, (3,), 4, view((2, 2), 0, (2, 1)))), "operands of the shapes"),
    ("Select: shape", program(made(Select, SELECT, (2,), 4, A, B, view((1,), 0, (0,)))), "instruction 0, Select .* operands of the shapes"),
    ("Sum: shape", program(made(Sum, SUM, (2,), 4, view((2,), 0, (1,)))), "instruction 0, Sum .* operands of the shapes"),
    ("Sum: two operands", program(made(Sum, SUM, (2,), 4, *[view((2, 2), 0, (2, 1))] * 2)), "operands of the shapes"),
    ("Dot: terms", program(made(Dot, DOT, (2,), 4, view((2, 2), 0, (2, 1)), view((2, 1), 0, (1, 0)))), "instruction 0, Dot .* operands of"),
    ("Dot: rows", program(made(Dot, DOT, (1,), 4, *[view((2, 2), 0, (2, 1))] * 2)), "operands of the shapes"),
    (
        "Matmul: terms",
        program(made(Matmul, DOT, (2, 2), 4, view((2, 2), 0, (2, 1)), view((2, 1), 0, (1, 0)))),
        "instruction 0, Matmul .* op",
    ),
    ("Matmul: rows", program(made(Matmul, DOT, (2, 2), 4, view((2, 2), 0, (2, 1)), view((1, 2), 0, (2, 1)))), "operands of the shapes"),
    ("Matmul: vectors", program(made(Matmul, DOT, (2, 2), 4, A, B)), "operands of the shapes"),
    ("Spread: shape", program(made(Spread, POS, (3,), 4, A, batched=True), batched=8), "instruction 0, Spread .* operands of the shapes"),
]


@pytest.mark.parametrize(("code", "message"), [row[1:] for row in ILLEGAL], ids=[row[0] for row in ILLEGAL])
def test_each_way_of_being_illegal_is_found(code: Code, message: str) -> None:
    with pytest.raises(CompileError, match=f"the code is not legal: .*{message}"):
        check(code)


def test_a_constant_is_not_written() -> None:
    fixed = np.array([4]), np.array([0.5])
    code = Code([PRODUCT], 12, 0, NOWHERE, fixed, (NOWHERE, NOWHERE), (NOWHERE, NOWHERE), (NOWHERE, NOWHERE))
    with pytest.raises(CompileError, match="writes a leaf or a constant"):
        check(code)


# -- overlapping operands, in every executor ----------------------------------------------------------------------------

OVERLAPPING: list[tuple[str, Callable[[Any], Any]]] = [
    ("its diagonal", lambda A: sum([dot(row, [A[0][0], A[1][1]]) for row in A])),
    ("a column", lambda A: sum([dot(row, [A[0][0], A[1][0]]) for row in A])),
    ("its rows, permuted", lambda A: sum([dot(a, b) for a in A for b in (A[1], A[0])])),
    ("its transpose", lambda A: sum([dot(a, [A[0][k], A[1][k]]) for a in A for k in range(2)])),
    ("itself", lambda A: sum([dot(a, b) for a in A for b in A])),
    ("a square of itself", lambda A: sum([dot(a, a) * A[0][0] for a in A])),
    ("beside itself", lambda A: sum([A[i][j] * A[j][i] + A[i][i] / A[j][j] for i in range(2) for j in range(2)])),
]


@pytest.mark.parametrize(("name", "f"), OVERLAPPING, ids=[name for name, _ in OVERLAPPING])
def test_operands_may_overlap(name: str, f: Callable[[Any], Any], executor: str) -> None:
    samples = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.5, -1.0], [2.0, 0.25]], [[1.5, 1.0], [-2.0, 3.0]]])
    exact = np.array([grad(f)(A.tolist()) for A in samples])
    if name == "its diagonal":
        assert exact[0].tolist() == [[5.0, 4.0], [1.0, 10.0]]
    shared, each = compile(f, in_axes=(None,), executor=executor), compile(f, in_axes=0, executor=executor)
    for _ in range(2):
        for A, expected in zip(samples, exact, strict=True):
            np.testing.assert_allclose(shared.value_and_grad(A, wrt=0)[1], expected, rtol=1e-14)
            np.testing.assert_allclose(shared.value_and_grad(A.tolist(), wrt=0)[1], expected, rtol=1e-14)
        np.testing.assert_allclose(each.value_and_grad(samples, wrt=0)[1], exact, rtol=1e-14)
