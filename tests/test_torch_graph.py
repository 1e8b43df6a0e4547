"""compare_with_torch."""

import sys
from types import ModuleType

import pytest

from autograd import Value, cbrt, clip, compare_with_torch, detect_anomaly, dot, exp, gelu, grad, leaky_relu, log, logsumexp, no_grad
from autograd.errors import AnomalyError, CompileError, InputError, MissingPackageError


def test_a_graph_agrees(torch: ModuleType) -> None:
    x, y = Value(0.7, label="x"), Value(-1.2)
    x.grad = 5.0
    root = (
        exp(x * y) + dot([x, y, 2.0], [y, y, x]) ** 2 - leaky_relu(y) * gelu(x) + logsumexp([x, y, 1.0]) + clip(y, -1.0, 1.0) + log(x) % 3
    )
    result = compare_with_torch(root)
    assert [c.name for c in result] == ["value", "x", "leaf 1"]
    assert all(c.ok for c in result), [str(c) for c in result]
    assert x.grad == 5.0
    assert root.grad == 0.0


def test_gradients_that_are_values_stay_as_they_were(torch: ModuleType) -> None:
    x, y = Value(0.7, label="x"), Value(-1.2)
    (x**3 * y).backward(create_graph=True)
    y.grad = 4.0
    before = x.grad
    root = exp(x * y)
    assert all(c.ok for c in compare_with_torch(root))
    assert x.grad is before
    assert grad(lambda a: a * before)(1.0).data == before.data
    assert y.grad == 4.0


def test_gradients_are_put_back_after_an_exception_too(torch: ModuleType) -> None:
    x = Value(0.0, label="x")
    (x * 3.0).backward(create_graph=True)
    before = x.grad
    root = x**0.5
    with detect_anomaly(), pytest.raises(AnomalyError):
        compare_with_torch(root)
    assert isinstance(before, Value)
    assert x.grad is before
    assert root.grad == 0.0


def test_differences_are_reported(torch: ModuleType) -> None:
    x = Value(2.0, label="x")
    y = x * 3.0
    y._dleft = 3.5
    result = compare_with_torch(y)
    assert [c.ok for c in result] == [True, False]
    assert "WRONG by 0.5" in str(result[1])


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r"scalar-autograd\[torch\]"):
        compare_with_torch(Value(1.0))


def test_a_graph_without_leaves(torch: ModuleType) -> None:
    with no_grad():
        y = Value(2.0) * 3.0
    assert [str(c) for c in compare_with_torch(y)] == ["value: chain rule 6, numeric 6 ± 6e-10: ok"]


def test_an_operation_that_it_does_not_have(torch: ModuleType) -> None:
    with pytest.raises(CompileError, match="'cbrt'"):
        compare_with_torch(cbrt(Value(2.0)))


def test_a_function_is_no_graph() -> None:
    with pytest.raises(InputError, match="needs the result of a computation, a Value, not <function"):
        compare_with_torch(lambda x: x)  # type: ignore[arg-type]
