"""Specialisations: a program for each form of arguments; Values that the function refers to are read at every run."""

from collections import OrderedDict, defaultdict, namedtuple
from typing import Any, NamedTuple

import numpy as np
import pytest
from against_eager import recorded

import autograd
from autograd import Value, compile, grad, sin
from autograd.errors import InputError
from nn import Linear

First = namedtuple("Point", "x y")


Second = namedtuple("Point", "x y")


class Third(NamedTuple):
    """A class with the same name and fields as another one."""

    x: Any
    y: Any


def test_trees_of_one_text_have_programs_of_their_own(executor: str) -> None:
    kinds: list[tuple[Any, float]] = [(First(1.0, 2.0), 1.0), (Second(1.0, 2.0), 2.0), (Third(1.0, 2.0), 3.0)]

    def f(p: Any) -> Any:
        return p[0] * {First: 1.0, Second: 2.0, Third: 3.0}[type(p)]

    compiled = compile(f, in_axes=(None,), executor=executor)
    for _ in range(2):
        for tree, expected in kinds:
            assert compiled(tree) == expected
            assert type(compiled.value_and_grad(tree, wrt=0)[1]) is type(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1: 2.0}, {True: 2.0}),
        ({1: 2.0}, {1.0: 2.0}),
        ({"a": 2.0, "b": 1.0}, {"b": 2.0, "a": 1.0}),
        (OrderedDict(a=2.0), {"a": 2.0}),
        (defaultdict(list, a=2.0), defaultdict(dict, a=2.0)),
        ([2.0, 2.0], (2.0, 2.0)),
        ([[2.0]], [np.array([2.0])]),
        ({"a": None, "b": 1.0}, {"a": 1.0, "b": None}),
        ([np.ones(2), np.ones(2)], (np.ones(2), np.ones(2))),
    ],
)
def test_the_function_sees_what_was_passed(one: Any, other: Any, executor: str) -> None:
    seen: list[Any] = []

    def f(tree: Any) -> Any:
        keys = list(tree) if isinstance(tree, dict) else []
        missing = [key for key in keys if tree[key] is None]
        seen.append((type(tree), keys, [type(key) for key in keys], missing, getattr(tree, "default_factory", None)))
        return sum([sin(x) for x in autograd.trees.flatten(tree)[0]])

    compiled = compile(f, in_axes=(None,), executor=executor)
    for tree in (one, other, one, other):
        compiled(tree)
    assert len(seen) == 4  # each of both is recorded, and once more to compare
    assert seen[0] == seen[1]
    if isinstance(one, dict):
        assert seen[0] != seen[2]
        assert type(compiled.value_and_grad(one)[1]) is type(one)


def test_none_is_a_tree_without_leaves(executor: str) -> None:
    def f(p: Any, x: Any) -> Any:
        return p["w"] * x if p["b"] is None else p["w"] * x + p["b"]

    compiled = compile(f, in_axes=(None, 0), executor=executor)
    assert compiled({"w": 2.0, "b": None}, [1.0, 2.0]).tolist() == [2.0, 4.0]
    assert compiled({"w": 2.0, "b": 1.0}, [1.0, 2.0]).tolist() == [3.0, 5.0]
    assert compiled.value_and_grad({"w": 2.0, "b": None}, [1.0, 2.0], wrt=0, reduce="sum") == (6.0, {"w": 3.0, "b": None})
    assert grad(lambda p: p[0] * 3.0 if p[1] is None else p[0])([2.0, None]) == [3.0, None]
    for transform in (autograd.jacobian, autograd.grad):
        with pytest.raises(InputError):
            transform(lambda x: None)(1.0)


def test_a_module_keeps_its_programs_apart_from_those_of_another(executor: str) -> None:
    f = compile(lambda model, x: model(x)[0], in_axes=(None, 0), executor=executor)
    one, two = (Linear(1, 1, initialiser=lambda *_, k=k: k) for k in (2.0, 3.0))
    assert f(one, [[1.0]]).tolist() == [2.0]
    assert f(two, [[1.0]]).tolist() == [3.0]
    assert f(one, x=[[2.0]]).tolist() == [4.0]


def test_values_that_the_function_refers_to_are_live(executor: str) -> None:
    w, used_twice = Value(2.0), Value(5.0)
    frozen = [3.0]
    f, runs = recorded(lambda x: w * x + used_twice * used_twice + frozen[0])
    compiled = compile(f, executor=executor)
    assert compiled([1.0, 2.0]).tolist() == [30.0, 32.0]
    w.data, used_twice.data, frozen[0] = 10.0, 1.0, 100.0
    assert compiled([1.0, 2.0]).tolist() == [14.0, 24.0]  # a number is frozen, as documented
    assert compiled.value_and_grad([1.0, 2.0], reduce="sum")[1].tolist() == [10.0, 10.0]
    assert len(runs) == 2
    assert (w.grad, used_twice.grad) == (0.0, 0.0)


def test_what_was_computed_outside_of_the_function_stays_what_it_is(executor: str) -> None:
    w = Value(2.0)
    square = w * w
    compiled = compile(lambda x: square * x, executor=executor)
    assert compiled(3.0) == 12.0
    w.data = 5.0
    assert compiled(3.0) == (square * 3.0).data == 12.0
    square.data = 7.0
    assert compiled(3.0) == 21.0
    assert compiled.value_and_grad(3.0) == (21.0, 7.0)
