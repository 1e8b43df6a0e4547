"""Randomly grown graphs against PyTorch in float64, eager and compiled, first and second order."""

import math
import random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from growing import grow, run

import autograd
from autograd import Value, compile, grad

GRAPHS = 500


def torch_namespace(torch: ModuleType) -> Any:
    return SimpleNamespace(
        exp=torch.exp,
        log=torch.log,
        tanh=torch.tanh,
        sigmoid=torch.sigmoid,
        relu=torch.relu,
        dot=lambda a, b: torch.dot(torch.stack(list(a)), torch.stack(list(b))),
    )


def close(a: float, b: float, scale: float) -> bool:
    return a == b or abs(a - b) <= 1e-10 * max(1.0, abs(a), abs(b), scale)


@pytest.mark.parametrize("seed", range(10))
def test_eager_and_compiled_equal_pytorch(seed: int, torch: ModuleType) -> None:
    rng = random.Random(seed)
    for _ in range(GRAPHS // 10):
        inputs = [rng.uniform(-2.0, 2.0) for _ in range(rng.randint(1, 6))]
        program = grow(rng, len(inputs), rng.randint(1, 200), sharing=rng.choice([0.0, 0.2, 0.8]))
        tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
        expected = run(program, tensors, torch_namespace(torch))
        expected.backward()
        slopes = [0.0 if t.grad is None else t.grad.item() for t in tensors]
        scale = max(map(abs, slopes))

        values = [Value(x) for x in inputs]
        result = run(program, values, autograd)
        result.backward()
        assert close(result.data, expected.item(), 0.0), program
        assert all(close(v.grad, s, scale) for v, s in zip(values, slopes, strict=True)), program

        for v in values:
            v.grad = 0.0
        again = compile(result)
        assert close(again(), expected.item(), 0.0), program
        assert all(close(v.grad, s, scale) for v, s in zip(values, slopes, strict=True)), program


@pytest.mark.parametrize("seed", range(20))
def test_second_derivatives_equal_pytorch(seed: int, torch: ModuleType) -> None:
    rng = random.Random(1000 + seed)
    inputs = [rng.uniform(-2.0, 2.0) for _ in range(2)]
    program = grow(rng, 2, rng.randint(2, 25), sharing=0.5)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in inputs]
    first = torch.autograd.grad(run(program, tensors, torch_namespace(torch)), tensors, create_graph=True, materialize_grads=True)
    total = first[0] * 1.5 + first[1]
    second = [0.0, 0.0]
    if total.requires_grad:
        result = torch.autograd.grad(total, tensors, materialize_grads=True)
        second = [s.item() for s in result]

    def combined(x: Any, y: Any) -> Any:
        by_x, by_y = grad(lambda a, b: run(program, [a, b], autograd), argnums=(0, 1))(x, y)
        return by_x * 1.5 + by_y

    ours = grad(combined, argnums=(0, 1))(*inputs)
    scale = max(map(abs, second))
    assert all(close(a, b, scale) for a, b in zip(ours, second, strict=True)), (program, ours, second)
    assert all(map(math.isfinite, ours))
