"""Arguments of compiled functions: split into arrays, rebuilt, and distinguished by their form."""

from collections import OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd.compiled.api.arguments import Parameters, as_argument, has_values, split
from autograd.errors import InputError, MagnitudeError
from nn import MLP, Dropout, Linear, Sequential

Pair = namedtuple("Pair", ["a", "b"])


def shapes(tree: Any) -> list[tuple[int, ...]]:
    return [array.shape for array in split(tree, "x")[0]]


TREES: list[tuple[Any, list[tuple[int, ...]]]] = [
    (1.0, [()]),
    (3, [()]),
    (True, [()]),
    (np.float32(0.5), [()]),
    (np.array(2.0), [()]),
    (Fraction(1, 2), [()]),
    ([1.0, 2, True, Decimal("0.5")], [(4,)]),
    ([[1.0, 2.0], [3.0, 4.0]], [(2, 2)]),
    ([[[1.0], [2.0]]], [(1, 2, 1)]),
    ([], [(0,)]),
    (range(3), [(3,)]),
    (np.zeros((2, 3), dtype=np.int8), [(2, 3)]),
    (np.array([Fraction(1, 2), 2], dtype=object), [(2,)]),
    ((1.0, 2.0), [(), ()]),
    ((), []),
    ({}, []),
    ({"w": [1.0, 2.0], "b": 3.0}, [(2,), ()]),
    (OrderedDict(b=1.0, a=[2.0]), [(), (1,)]),
    (Pair(1.0, [2.0, 3.0]), [(), (2,)]),
    ([[1.0, 2.0], [3.0]], [(2,), (1,)]),
    ([1.0, [2.0]], [(), (1,)]),
    ([(1.0, 2.0), (3.0, 4.0)], [(), (), (), ()]),
    ([np.zeros(2), np.zeros((2, 2)), 1.0], [(2,), (2, 2), ()]),
    ([np.zeros(2), np.zeros(2)], [(2,), (2,)]),
    ([{"a": 1.0}, {"a": [2.0]}], [(), (1,)]),
    ({"layers": [{"W": np.zeros((3, 2)), "b": np.zeros(3)}, {"W": np.zeros((1, 3)), "b": np.zeros(1)}]}, [(3, 2), (3,), (1, 3), (1,)]),
]


@pytest.mark.parametrize(("tree", "expected"), TREES, ids=[str(i) for i in range(len(TREES))])
def test_trees_are_split_into_arrays_and_built_again(tree: Any, expected: list[tuple[int, ...]]) -> None:
    arrays, build = split(tree, "x")
    assert [array.shape for array in arrays] == expected
    assert all(array.dtype == np.float64 for array in arrays)
    marks = [f"mark {i}" for i in range(len(arrays))]
    again = build(marks)
    if len(arrays) == 1 and not isinstance(tree, (dict, tuple)):
        assert again == "mark 0"
    else:
        assert type(again) in (dict, type(tree))
        assert split_marks(again) == marks
    assert build([0] * len(arrays)) == build([0] * len(arrays))  # more than once


def split_marks(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [mark for branch in tree.values() for mark in split_marks(branch)]
    return [tree] if isinstance(tree, str) else [mark for branch in tree for mark in split_marks(branch)]


def test_dicts_keep_the_order_of_their_keys_and_named_tuples_their_names() -> None:
    _, build = split({"b": 1.0, "a": 2.0}, "x")
    assert list(build([1, 2]).items()) == [("b", 1), ("a", 2)]
    _, build = split(Pair(1.0, [Pair(2.0, 3.0)]), "x")
    assert build([1, 2, 3]) == Pair(1, [Pair(2, 3)])


BAD: list[tuple[Any, str]] = [
    ("a", "x must be a number, or numbers in arrays, lists, tuples and dicts: .*'a'"),
    ("1.0", "x must be a number.*'1.0'"),
    (b"1", "x must be a number"),
    (1j, "x must be a number.*complex"),
    (object(), "x must be a number.*object"),
    ({1.0}, "x must be a number.*set"),
    (["1", "2"], "x must be a number"),
    (np.array([1j]), "x must be a number.*complex"),
    (np.array(["1"]), "x must be a number"),
    (np.array(["2020-01-01"], dtype="datetime64[D]"), "x must be a number"),
    (np.array([1.0, None]), "x must be a number.*None"),
    (np.array([], dtype="U1"), "x must be a number"),
    ({"a": [1.0, {"b": "c"}]}, r"x\['a'\]\[1\]\['b'\] must be a number.*'c'"),
    (Pair(1.0, (2.0, "b")), r"x\[1\]\[1\] must be a number.*'b'"),
    ([[1.0], ["a", 2.0]], r"x\[1\] must be a number.*'a'"),
]


@pytest.mark.parametrize(("tree", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_what_is_no_number_is_named_with_its_place(tree: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"(?s)^{message}"):
        split(tree, "x")


def test_too_large_an_integer() -> None:
    for tree in (10**400, [1.0, 10**400], Fraction(10**400)):
        with pytest.raises(MagnitudeError, match="too large for a float"):
            split(tree, "x")


def test_values_are_found_anywhere() -> None:
    v = Value(1.0)
    for tree in (v, [1.0, v], {"a": (1.0, [v])}, np.array([1.0, v]), np.array(v), Pair(1.0, v)):
        assert has_values(tree)
    for tree in (1.0, [1.0], {"a": (1.0, [2.0])}, np.array([1.0]), np.array([1.0, 2], dtype=object), "v", None, Linear(1, 1)):
        assert not has_values(tree)
    (array,), _ = split([v, 2.0], "x")
    assert array.dtype == object
    assert array[0] is v


def test_variables_have_the_numbers_of_one_sample_and_the_form_of_the_argument() -> None:
    tree = {"w": np.arange(6.0).reshape(3, 2), "b": [10.0, 20.0, 30.0]}
    leaves, seen = as_argument("p", tree, True).variables(1)
    assert [v.data for v in leaves] == [2.0, 3.0, 20.0]
    assert [v.label for v in leaves] == ["w[0]", "w[1]", "b"]
    assert isinstance(seen["w"], np.ndarray)
    assert seen["w"][1] is leaves[1]
    assert seen["b"] is leaves[2]
    leaves, seen = as_argument("x", [[1.0, 2.0], [3.0, 4.0]], False).variables(0)
    assert seen == [[leaves[0], leaves[1]], [leaves[2], leaves[3]]]
    assert [v.label for v in leaves] == ["x[0, 0]", "x[0, 1]", "x[1, 0]", "x[1, 1]"]
    (leaf,), seen = as_argument("x", 5, False).variables(0)
    assert seen is leaf
    assert (leaf.data, leaf.label) == (5.0, "x")


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize(
    "tree",
    [
        np.arange(4.0),
        [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        {"a": np.arange(24.0).reshape(4, 3, 2), "b": [1, 2, 3, 4]},
        ([1.0], [[2.0, 3.0]]),
    ],
    ids=["vector", "matrix", "dict", "tuple"],
)
def test_restore_undoes_numbers(tree: Any, batched: bool) -> None:
    argument = as_argument("x", tree, batched)
    samples = len(argument.arrays[0]) if batched else 7
    numbers = argument.numbers(samples)
    leaves, _ = argument.variables(samples - 1)
    assert numbers.shape == ((len(leaves), samples) if batched else (len(leaves),))
    assert [v.data for v in leaves] == (numbers[:, -1] if batched else numbers).tolist()
    again, build = split(argument.restore(numbers), "x")
    for result, array in zip(again, argument.arrays, strict=True):
        np.testing.assert_array_equal(result, array)
    assert isinstance(tree, list) or repr(build([0] * len(again))) == repr(argument.build([0] * len(again)))


def test_an_argument_of_its_own_for_each_sample() -> None:
    argument = as_argument("p", {"w": [1.0, 2.0], "b": 3.0}, False)
    each = argument.for_each(4)
    assert each.batched
    assert each.numbers(4).tolist() == [[1.0] * 4, [2.0] * 4, [3.0] * 4]
    assert each.for_each(4) is each
    assert not argument.batched


def test_the_key_is_the_form_and_not_the_numbers() -> None:
    def key(tree: Any, batched: bool = False) -> Any:
        return as_argument("x", tree, batched).key

    same = [
        (1.0, 2),
        ([1.0, 2.0], [3, 4]),
        (np.zeros(3), np.ones(3, dtype=np.int8)),
        ({"a": 1.0, "b": [1.0]}, {"a": 2.0, "b": [3.0]}),
        (Pair(1.0, 2.0), Pair(3.0, 4.0)),
    ]
    for a, b in same:
        assert key(a) == key(b)
        assert hash(key(a)) == hash(key(b))
    other = [
        (1.0, [1.0]),
        ([1.0], [1.0, 2.0]),
        ([1.0, 2.0], np.array([1.0, 2.0])),  # a function sees a list or an array
        ([1.0, 2.0], (1.0, 2.0)),
        ({"a": 1.0}, {"b": 1.0}),
        ({1: 1.0}, {"1": 1.0}),
        ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}),
        (Pair(1.0, 2.0), (1.0, 2.0)),
        ([[1.0, 2.0]], [[1.0], [2.0]]),
    ]
    for a, b in other:
        assert key(a) != key(b)
    assert key([[1.0, 2.0]], True) == key([[1.0, 2.0], [3.0, 4.0]], True)  # the number of samples is no part of it
    assert key([1.0, 2.0], True) != key([1.0, 2.0])


def test_forms_are_those_of_directions() -> None:
    lists, arrays = as_argument("x", [1.0, 2.0], False), as_argument("x", np.array([3.0, 4.0]), False)
    assert lists.form == arrays.form
    assert lists.form != as_argument("x", [1.0, 2.0, 3.0], False).form
    assert as_argument("x", {"a": 1.0}, False).form != as_argument("x", {"b": 1.0}, False).form


def test_a_module_keeps_its_parameters() -> None:
    model = MLP(2, [2, 1])
    argument = as_argument("model", model, False)
    leaves, seen = argument.variables(0)
    assert seen is model
    assert leaves == model.parameters()
    assert argument.numbers(5).tolist() == [p.data for p in model.parameters()]
    assert argument.restore(argument.numbers(1)) == {name: p.data for name, p in model.named_parameters()}
    each = argument.for_each(3)
    assert each.numbers(3).shape == (len(leaves), 3)
    assert each.restore(each.numbers(3))[next(iter(dict(model.named_parameters())))].shape == (3,)
    model.parameters()[0].data = 5.0
    assert argument.numbers(1)[0] == 5.0
    with pytest.raises(InputError, match="model is a module, whose parameters are the same for all samples: write None for it in in_axes"):
        as_argument("model", model, True)


def test_training_and_evaluating_are_different_forms_of_a_module() -> None:
    model = Sequential(Linear(2, 2), Dropout(0.5))
    before = as_argument("model", model, False).key
    model.eval()
    evaluating = as_argument("model", model, False).key
    model.train()
    assert before != evaluating
    assert before == as_argument("model", model, False).key
    assert before != as_argument("model", Sequential(Linear(2, 2), Dropout(0.5)), False).key


def test_parameters_stand_in_one_array_for_their_data() -> None:
    model = Linear(2, 1)
    parameters = Parameters(model, model.parameters())
    assert parameters.array.tolist() == [p.data for p in model.parameters()]
    parameters.array[:] = [1.0, 2.0, 3.0]
    assert [p.data for p in model.parameters()] != [1.0, 2.0, 3.0]
    parameters.write()
    assert [p.data for p in model.parameters()] == [1.0, 2.0, 3.0]
    assert all(type(p.data) is float for p in model.parameters())
    model.parameters()[1].data = 7.0
    parameters.read()
    assert parameters.array.tolist() == [1.0, 7.0, 3.0]
    argument = as_argument("model", parameters, False)
    parameters.array[:] = [4.0, 5.0, 6.0]
    leaves, seen = argument.variables(0)
    assert seen is model
    assert leaves == model.parameters()
    assert [p.data for p in leaves] == [4.0, 5.0, 6.0], "what is recorded must branch by the numbers of now"
    assert argument.numbers(9) is parameters.array
    gradient = np.array([0.1, 0.2, 0.3])
    assert argument.restore(gradient) is gradient
    assert argument.key == as_argument("model", parameters, False).key
    assert argument.key != as_argument("model", Parameters(model, model.parameters()), False).key
    hash(argument.key)


def test_bad_batches() -> None:
    for tree in (1.0, {"a": [1.0, 2.0], "b": 3.0}, [(1.0, 2.0), (3.0, 4.0)]):
        with pytest.raises(
            InputError,
            match="x has the batch axis 0 in in_axes, but is a single number: pass an array with one element for each sample, or write None",
        ):
            as_argument("x", tree, True)
    with pytest.raises(InputError, match=r"x contains Values, .*autograd\.value_and_grad\(f\)"):
        as_argument("x", [1.0, Value(2.0)], False)
