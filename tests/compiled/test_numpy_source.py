"""program.source: NumPy source that runs and gives what the reference executor gives."""

import ast
import math
from typing import Any

import numpy as np
import pytest
from points import ROWS, points

from autograd import Program, Value, compile, dot, exp, log, logsumexp, maximum, sin, sqrt, tanh, where
from autograd.compiled.backends.contract import Storage
from autograd.compiled.backends.numpy import reference
from autograd.errors import CompileError
from autograd.functions import call
from autograd.ops import Operation
from benchmarks.moons import moons


def run(source: str, leaves: list[float]) -> tuple[float, list[float]]:
    names: dict[str, Any] = {}
    exec(source, names)
    return names["run"](leaves)  # type: ignore[no-any-return]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_as_a_batch_and_alone(row: Operation) -> None:
    leaves = [[Value(x) for x in point] for point in points(row)]
    total = call(row, *leaves[0])
    for point in leaves[1:]:
        total = total + call(row, *point)
    program = compile(total * 0.5, executor="numpy")
    value, gradients = run(program.source, [leaf.data for leaf in program.leaves])
    assert value == pytest.approx(program(), rel=1e-13)
    assert gradients == pytest.approx([leaf.grad for leaf in program.leaves], rel=1e-13, abs=1e-300)


def test_products_sums_and_lists_of_places() -> None:
    parameters, loss = moons(Value, samples=10)
    program = compile(loss(), executor="numpy")
    source = program.source
    assert source.count("np.einsum") == 3 + 6
    value, gradients = run(source, [leaf.data for leaf in program.leaves])
    assert value == pytest.approx(program(), rel=1e-13)
    assert gradients == pytest.approx([leaf.grad for leaf in program.leaves], rel=1e-12, abs=1e-15)
    assert parameters


def test_scalars_one_after_the_other() -> None:
    x, y = Value(0.3, label="x"), Value(0.7, label="y")
    z = x
    for i in range(60):
        z = tanh(z * y + 0.1 * i) + x * y + z * (0.5 if i * i % 7 == 2 else y) + y
        z = exp(-z * z) if i * i * i % 11 < 4 else sin(z)  # so that there is no loop
    program = compile(z, executor="numpy")
    assert "scalars one after the other" in program.source
    value, gradients = run(program.source, [leaf.data for leaf in program.leaves])
    assert value == pytest.approx(program(), rel=1e-13)
    assert gradients == pytest.approx([leaf.grad for leaf in program.leaves], rel=1e-12)


def test_a_constant_and_numbers_that_are_not_finite() -> None:
    assert run(compile(Value(3.0) * 2.0, executor="numpy").source, [3.0]) == (6.0, [2.0])
    assert math.isnan(run(compile(Value(3.0) * math.nan, executor="numpy").source, [3.0])[0])
    x = Value(2.0)
    assert run(compile(x, executor="numpy").source, [2.0]) == (2.0, [1.0])


def mixed(w: Any, x: Any, y: Any) -> Any:
    hidden = [tanh(dot(row, x)) for row in w]
    side = where(x[0] > 0, lambda: log(x[0]) * w[0][0], lambda: sqrt(1.0 - x[0]))
    return logsumexp([*hidden, y]) + side * maximum(hidden[0], 0.2) + exp(w[0][1]) * dot(hidden, w[1]) + sum(hidden) + 1.0


def test_functions_with_samples_and_masks() -> None:
    rng = np.random.default_rng(0)
    f = compile(mixed, in_axes=(None, 0, 0), executor="numpy")
    with pytest.raises(CompileError, match="call it first"):
        _ = f.source
    w, x, y = rng.normal(size=(3, 3)), rng.normal(size=(7, 3)), rng.normal(size=7)
    f.value_and_grad(w, x, y, reduce="sum")
    [branch] = f.specialisations
    executable = reference.load(branch.code)
    data = executable.storage(7)
    for argument, (used, places) in zip((w.ravel(), x.T, y[None]), branch.inputs, strict=True):
        (data.batched if argument.ndim == 2 else data.shared)[places] = argument[used]
    grads = executable.gradients(7)
    branch.seed(grads, [np.ones(7)])
    same, also = (Storage(s.shared.copy(), s.batched.copy()) for s in (data, grads))
    executable.forward(data)
    executable.backward(data, grads)
    names: dict[str, Any] = {}
    exec(f.source, names)
    with np.errstate(all="ignore"):
        names["forward"](same.shared, same.batched)
        names["backward"](same.shared, same.batched, also.shared, also.batched)
    np.testing.assert_allclose(same.shared, data.shared, rtol=1e-13)
    np.testing.assert_allclose(same.batched, data.batched, rtol=1e-13)
    np.testing.assert_allclose(also.shared, grads.shared, rtol=1e-12)
    np.testing.assert_allclose(also.batched, grads.batched, rtol=1e-12)


def bare(source: str) -> str:
    """The source without comments, and without what stands in strings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


TEXTS = ["x", "a\nimport os", 'a"""\nimport os\n"""', "a\rb", "\u2028raise", "\x0cx", "\\", "\\n", "it's", '"', "#", "a\0b", "\ud800"]


@pytest.mark.parametrize("text", TEXTS)
def test_labels_and_names_do_not_become_code(text: str) -> None:
    def source(label: str) -> str:
        x, y = Value(0.5, label=label), Value(0.25, label="y")
        z = x * y
        z.label = label
        program: Program = compile(tanh(z) - x, executor="numpy")
        return program.source

    assert bare(source(text)) == bare(source("plain"))
    assert run(source(text), [0.5, 0.25]) == run(source("plain"), [0.5, 0.25])

    def of_function(name: str) -> str:
        f = lambda p: p[name] * 2.0
        f.__name__ = name
        g = compile(f, in_axes=(None,), executor="numpy")
        g({name: 1.5})
        text: str = g.source
        return text

    result = of_function(text)
    assert bare(result) == bare(of_function("plain"))
    assert ast.get_docstring(ast.parse(result), clean=False) == f"The program of {text}."
