"""autograd.sum of many terms becomes the instructions that a chain of additions becomes."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

import autograd
from autograd import Value, compile, exp, tanh, where
from autograd.compiled.ir import Code, Instruction, Matmul
from autograd.ops import ADD, DOT, MUL, SUM, Operation

Sum = Callable[[Sequence[Value]], Any]


def chain(terms: Sequence[Value]) -> Any:
    """The builtin sum without its start of 0."""
    return sum(terms[1:], terms[0])


def nested(terms: Sequence[Value]) -> Any:
    """A sum of sums."""
    if len(terms) < 4:
        return autograd.sum(terms)
    middle = len(terms) // 2
    return autograd.sum([nested(terms[:middle]), nested(terms[middle:])])


def mixed(terms: Sequence[Value]) -> Any:
    """Sums in chains, and chains in sums."""
    return autograd.sum([chain(terms[:2]), *terms[2:]]) if len(terms) > 2 else chain(terms)


SUMS: dict[str, Sum] = {"sum": autograd.sum, "nested": nested, "mixed": mixed}


def instructions(code: Code) -> list[tuple[Operation, tuple[int, ...], list[list[int]]]]:
    return [(one.operation, one.shape, [x.all_places().tolist() for x in one.operands]) for one in code.flattened]


def leaves(count: int, seed: int = 0) -> list[Value]:
    rng = random.Random(seed)
    return [Value(rng.uniform(-1.0, 1.0)) for _ in range(count)]


BUILDS: dict[str, Callable[[Sum, list[Value]], Any]] = {
    "products": lambda add, x: add([a * b for a, b in zip(x[:5], x[5:10], strict=True)]),
    "products and others": lambda add, x: add([x[0] * x[1], x[2], x[3] * x[4], tanh(x[5]), x[6] * x[7]]),
    "one product": lambda add, x: add([x[0], x[1] * x[2], x[3], x[4]]),
    "a matrix product": lambda add, x: chain([tanh(add([a * b for a, b in zip(x[i : i + 4], x[j : j + 4], strict=True)])) for i in (0, 4, 8) for j in (12, 16)]),
    "of constants too": lambda add, x: add([x[0] * 2.0, x[1] * 3.0, x[2] * 0.5]),
}  # fmt: skip


@pytest.mark.parametrize("how", SUMS)
@pytest.mark.parametrize("name", BUILDS)
def test_the_same_instructions_as_a_chain(name: str, how: str) -> None:
    build, x = BUILDS[name], leaves(20)
    actual, expected = (compile(build(add, x), executor="numpy") for add in (SUMS[how], chain))
    assert instructions(actual.code) == instructions(expected.code)
    assert str(actual).split("\n")[2:] == str(expected).split("\n")[2:]
    assert actual() == expected()
    root = build(SUMS[how], x)
    eager = [v.grad for v in x]
    root.backward()
    assert actual.forward() == pytest.approx(root.data, rel=1e-14)
    assert [v.grad - before for v, before in zip(x, eager, strict=True)] == pytest.approx([before / 2 for before in eager], rel=1e-12)


def instructions_of(root: Value) -> list[Instruction]:
    return compile(root, executor="numpy").code.flattened


def operations(root: Value) -> list[Operation]:
    return [one.operation for one in instructions_of(root)]


def test_matrices_dots_and_sums() -> None:
    x = leaves(20)
    for add in (autograd.sum, chain):
        product, *others = instructions_of(BUILDS["a matrix product"](add, x))
        assert isinstance(product, Matmul)
        assert not any(isinstance(one, Matmul) for one in others)
    assert operations(autograd.sum([a * b for a, b in pairwise(x)])) == [DOT]
    assert operations(autograd.sum([autograd.sum(x[:3]), autograd.sum(x[3:7]), x[8]])) == [SUM]
    assert operations(autograd.sum([x[0]])) == [SUM]
    assert operations(autograd.sum([autograd.sum([x[0] * x[1]]), x[2] * x[3]])) == [DOT]
    assert operations(autograd.sum([x[0] + x[1]])) == [ADD]
    assert operations(autograd.sum([x[0] * x[1]])) == [MUL, SUM]


def test_what_is_used_twice_is_a_sum_of_its_own() -> None:
    x = leaves(8)
    part = autograd.sum([x[0] * x[1], x[2] * x[3]])
    assert operations(autograd.sum([part, tanh(part), x[4] * x[5]])).count(DOT) == 1
    product = x[0] * x[1]
    assert operations(autograd.sum([product, product, x[2]])) == [MUL, SUM]
    assert DOT not in operations(autograd.sum([product, product, x[2] * x[3]]))


def test_terms_that_are_wanted_at_different_times_stay_apart() -> None:
    def f(x: list[Value]) -> Any:
        inside = where(x[0] > 0.0, lambda: autograd.sum([x[1] * x[2], x[2] * x[3], exp(x[0])]), lambda: x[1])
        return autograd.sum([inside, x[0] * x[3], x[1] * x[1]])

    g = compile(f, in_axes=(None,), executor="numpy")
    for numbers in ([0.5, 1.5, -0.25, 2.0], [-0.5, 1.5, -0.25, 2.0]):
        x = [Value(number) for number in numbers]
        eager = f(x)
        eager.backward()
        value, gradient = g.value_and_grad(numbers)
        assert value == pytest.approx(eager.data, rel=1e-14)
        assert list(gradient) == pytest.approx([v.grad for v in x], rel=1e-12)
