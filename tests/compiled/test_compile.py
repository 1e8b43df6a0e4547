"""compile: a decorator of functions, methods and callable objects; printing shows the programs."""

import functools
from typing import Any

from against_eager import hill

from autograd import Value, compile, dot, tanh, where
from nn import Linear


def test_compile_is_a_decorator() -> None:
    @compile
    def area(width: Any, height: Any) -> Any:
        """The area of a rectangle."""
        return width * height

    @compile(in_axes=(None, 0), executor="numpy")
    def scaled(p: Any, x: Any) -> Any:
        return p[0] * x

    assert area([1.0, 2.0], 3.0).tolist() == [3.0, 6.0]
    assert scaled([2.0], [1.0, 2.0]).tolist() == [2.0, 4.0]
    assert (area.__name__, area.__doc__, area.__module__) == ("area", "The area of a rectangle.", __name__)
    assert area.__qualname__.endswith("test_compile_is_a_decorator.<locals>.area")
    assert area.__wrapped__(2.0, 3.0) == 6.0  # type: ignore[attr-defined]
    assert repr(area) == "<compiled function area>"
    assert compile(functools.partial(hill, 1.0))([2.0])[0] == hill(1.0, 2.0)
    assert compile(Linear(1, 1).forward if hasattr(Linear, "forward") else Linear(1, 1), in_axes=(0,))([[1.0]]).shape[0] == 1


def test_methods_can_be_compiled() -> None:
    class Model:
        def __init__(self) -> None:
            self.scale = Value(3.0)

        def plain(self, x: Any) -> Any:
            return self.scale * x

        def __call__(self, x: Any) -> Any:
            return self.scale + x

    model = Model()
    f = compile(model.plain)
    assert f([1.0, 2.0]).tolist() == [3.0, 6.0]
    model.scale.data = 4.0
    assert f([1.0, 2.0]).tolist() == [4.0, 8.0]
    assert compile(model)([1.0]).tolist() == [5.0]
    assert repr(compile(model)) == "<compiled function Model>"


def test_print_shows_the_program_and_where_it_branches() -> None:
    def loss(w: Any, x: Any) -> Any:
        h = [tanh(dot(row, x)) for row in w]
        if h[0] > h[1]:
            return h[0] * 2.0
        return where(x[0] > 0, h[1], h[0])

    f = compile(loss, in_axes=(None, 0), executor="numpy")
    assert str(f) == "loss: not recorded yet; the first call will record it"
    f([[1.0, 0.0], [0.0, 1.0]], [[2.0, 1.0], [1.0, 2.0]])
    lines = str(f).splitlines()
    heads = [line for line in lines if line.startswith("program: ")]
    assert len(heads) == 2
    assert all("1 of them matrix products" in head for head in heads)
    assert "  t1[n, 2] = w[2, 2] @ x[n, 2]ᵀ" in lines or "  t1[n, 2] = x[n, 2] @ w[2, 2]ᵀ" in lines
    line = loss.__code__.co_firstlineno + 2
    assert f"  where {__file__}:{line} (if h[0] > h[1]:) was True" in lines
    assert f"  where {__file__}:{line} (if h[0] > h[1]:) was False" in lines
    assert any("where(" in text for text in lines)
