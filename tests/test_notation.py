"""The notation table; and that an operation needs only two rows, one in each table, to work everywhere."""

import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from autograd import Value, check_gradients, compare_with_torch, compile, define, draw, grad, paths, play, to_latex
from autograd.errors import CompileError, DefinitionError
from autograd.functions import call
from autograd.namespaces import FLOATS
from autograd.notation import NOTATION, PLAIN, Notation, notation_of, torch_function
from autograd.ops import OPERATIONS, POW
from autograd.render.formula.equations import formula, local_derivative


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert list(NOTATION) == list(OPERATIONS)


@pytest.mark.parametrize("name", NOTATION)
def test_a_row_fits_its_operation(name: str) -> None:
    operation, notation = OPERATIONS[name], NOTATION[name]
    assert len(notation.words) in (0, 1 + (operation.arity or 1))
    assert len(notation.textbook) in (0, operation.arity or 1)


@pytest.mark.parametrize("name", [name for name, row in NOTATION.items() if row.torch])
def test_pytorch_has_the_functions_that_are_named(torch: ModuleType, name: str) -> None:
    assert callable(torch_function(OPERATIONS[name], torch))


# -- an operation of one's own ------------------------------------------------------------------------------------------------


@pytest.fixture
def softsign() -> Callable[..., Any]:
    """a / (1 + |a|), defined as a user would, and its notation."""
    function = define(
        "softsign",
        lambda xp, a: a / (1.0 + xp.abs(a)),
        lambda xp, y, a: 1.0 / ((1.0 + xp.abs(a)) * (1.0 + xp.abs(a))),
        symbol="softsign",
        doc="a / (1 + |a|)",
        check_at=[(0.5,), (-2.0,)],
    )
    NOTATION["softsign"] = Notation(
        words=("{a} / (1 + |{a.alone}|)", "1 / (1 + |{a.alone}|)²"),
        latex=r"\operatorname{{ss}}({a})",
        textbook=(lambda xp, y, a: 1.0 / (1.0 + xp.abs(a)) ** 2,),
        torch=lambda torch: torch.nn.functional.softsign,
    )
    return function


def graph(softsign: Callable[..., Any]) -> tuple[Value, Value]:
    x = Value(-0.6, label="x")
    y = softsign(x * 2.0)
    y.label = "y"
    return x, y


def test_values_and_gradients(softsign: Callable[..., Any]) -> None:
    x, y = graph(softsign)
    y.backward()
    assert y.data == -1.2 / 2.2
    assert x.grad == pytest.approx(2.0 / 2.2**2, rel=1e-15)
    assert softsign(3.0) == 0.75


def test_second_derivatives(softsign: Callable[..., Any]) -> None:
    assert grad(grad(softsign))(2.0) == pytest.approx(-2.0 / 27.0, rel=1e-15)
    assert all(c.ok for c in check_gradients(softsign, [-0.7], order=2))


def test_it_is_accurate(softsign: Callable[..., Any]) -> None:
    row = OPERATIONS["softsign"]
    with mp.workdps(60):
        for a in (-1e300, -3.0, -1e-9, 0.0, 1e-300, 0.1, 7.0, 1e17):
            exact, y = mp.mpf(a) / (1 + abs(mp.mpf(a))), row.value(FLOATS, a)
            assert abs(y - exact) <= 4 * 2.0**-53 * abs(exact)
            if abs(a) < 1e150:
                slope = row.slopes(FLOATS, y, a)[0]
                assert abs(slope * (1 + abs(mp.mpf(a))) ** 2 - 1) <= 4 * 2.0**-53


def test_compiled_graphs(softsign: Callable[..., Any]) -> None:
    x, y = graph(softsign)
    program = compile(y, executor="numpy")
    assert program() == y.data
    assert x.grad == pytest.approx(2.0 / 2.2**2, rel=1e-15)
    assert "softsign(" in str(program)
    names: dict[str, Any] = {}
    exec(program.source, names)
    value, slopes = names["run"]([-0.6])
    assert (value, slopes) == (pytest.approx(y.data), [pytest.approx(x.grad)])
    assert "softsign" in draw(program, engine="builtin").source


def test_compiled_functions(softsign: Callable[..., Any]) -> None:
    f = compile(lambda x: softsign(x) * x, executor="numpy")
    points = [-2.0, 0.5, 3.0]
    values, slopes = f.value_and_grad(points)
    assert np.allclose(values, [x * x / (1.0 + abs(x)) for x in points])
    assert np.allclose(slopes, [grad(lambda x: softsign(x) * x)(x) for x in points])


def test_pictures(softsign: Callable[..., Any]) -> None:
    _, y = graph(softsign)
    drawing = draw(y, engine="builtin", derivatives=True)
    assert "softsign" in drawing.source
    assert "∂ 0.20661" in drawing.source.replace("\N{NO-BREAK SPACE}", " ")
    assert "y = v1 / (1 + |v1|) = (−1.2) / (1 + |−1.2|) = −0.54545" in play(y).page
    assert "∂y/∂v1 = 1 / (1 + |v1|)² = 0.20661" in play(y).page


def test_formulas(softsign: Callable[..., Any]) -> None:
    x, y = graph(softsign)
    assert to_latex(y) == r"y = \operatorname{ss}(x \cdot 2)"
    assert r"\left|2 x\right|" in to_latex(y, wrt=x)
    (path,) = paths(y, x)
    assert path.product == pytest.approx(2.0 / 2.2**2)
    assert repr(path).startswith("x → * → y: 2 · 0.20661 = ")


def test_pytorch(softsign: Callable[..., Any], torch: ModuleType) -> None:
    _, y = graph(softsign)
    assert [c.ok for c in compare_with_torch(y)] == [True, True]


def test_pickles(softsign: Callable[..., Any]) -> None:
    _, y = graph(softsign)
    copy = pickle.loads(pickle.dumps(y))
    copy.backward()
    assert (copy.data, copy._prev[0]._prev[0].grad) == (y.data, pytest.approx(2.0 / 2.2**2))


# -- what stands in for a missing row ---------------------------------------------------------------------------------------


def test_an_operation_without_a_row_is_written_by_its_name(torch: ModuleType) -> None:
    ratio = define("ratio", lambda xp, a, b: a / b, lambda xp, y, a, b: 1.0 / b, lambda xp, y, a, b: -a / (b * b))
    row = OPERATIONS["ratio"]
    assert notation_of(row) is PLAIN
    assert formula(row, ["a", "b"]) == "ratio(a, b)"
    assert local_derivative(row, "y", ["a", "b"], 0) == ""
    y = ratio(Value(1.0, label="a"), Value(2.0, label="b"))
    assert to_latex(y) == r"\operatorname{ratio}(a, b)"
    assert "1st" in draw(y, engine="builtin").source
    with pytest.raises(CompileError, match="PyTorch has no operation 'ratio'"):
        compare_with_torch(y)


def test_the_latex_of_an_operation_comes_before_that_of_its_row() -> None:
    define("ratio", lambda xp, a: a, lambda xp, y, a: 1.0, latex=r"r({a})")
    NOTATION["ratio"] = Notation(("{a}!",), r"s({a})")
    assert notation_of(OPERATIONS["ratio"]) == Notation(("{a}!",), r"r({a})")
    assert formula(OPERATIONS["ratio"], ["a"]) == "a!"
    assert local_derivative(OPERATIONS["ratio"], "y", ["a"], 0) == ""


def test_constants_of_an_operation_come_last() -> None:
    NOTATION["leaky_relu"], before = Notation(("leak {b} of {a}", "{b}", lambda w, y, a, b: f"{b + 1.0:g}")), NOTATION["leaky_relu"]
    try:
        bound = OPERATIONS["leaky_relu"].bind(0.25)
        assert formula(bound, ["x + 1"]) == "leak 0.25 of (x + 1)"
        assert local_derivative(bound, "y", ["x"], 0) == "0.25"
    finally:
        NOTATION["leaky_relu"] = before
    assert formula(POW.bind(2.0), ["x"]) == "x²"


@pytest.mark.parametrize("words", ["{q}", "{a", "{}", "{a.nothing}"])
def test_words_that_do_not_fit(words: str) -> None:
    define("ratio", lambda xp, a: a, lambda xp, y, a: 1.0)
    NOTATION["ratio"] = Notation((words,))
    with pytest.raises(DefinitionError, match=r"the words of ratio may have \{a\} in braces"):
        play(call(OPERATIONS["ratio"], Value(1.0)))
