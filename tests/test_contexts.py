"""no_grad, detect_anomaly, scope: what they do, and that they end."""

import asyncio
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, detect_anomaly, dot, enable_grad, exp, grad, log, no_grad, scope
from autograd._runtime.state import STATE
from autograd.errors import AnomalyError, InputError


@pytest.fixture(autouse=True)
def _ends() -> object:
    yield
    assert STATE.paused == STATE.watched == 0


def test_no_grad_remembers_nothing() -> None:
    x = Value(2.0)
    with no_grad():
        y = x * x + exp(x) - dot([x, x], [x, x])
        leaf = Value(1.0)
    assert y._prev == ()
    y.backward()
    assert x.grad == 0.0
    (leaf * 3.0).backward()
    assert leaf.grad == 3.0
    assert len((x * x)._prev) == 2


def test_no_grad_as_a_decorator_and_nested() -> None:
    x = Value(2.0)

    @no_grad()
    def outer(depth: int) -> list[Value]:
        return [x * x] if depth == 0 else [*outer(depth - 1), x * x]

    assert [y._prev for y in outer(5)] == [()] * 6
    with no_grad():
        with enable_grad():
            assert len((x * x)._prev) == 2
        assert (x * x)._prev == ()


def test_transforms_work_within_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert grad(grad(lambda x: x**3))(2.0) == 12.0


def test_contexts_end_on_exceptions() -> None:
    for context in (no_grad(), detect_anomaly(), scope("a")):
        with pytest.raises(KeyError), context:
            raise KeyError
    assert len((Value(1.0) * 2)._prev) == 2
    assert math.isinf((Value(1e300) * 1e300).data)


def test_anomaly_forward_names_operation_operands_and_line() -> None:
    x = Value(1000.0, label="x")
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"exp gave inf at .*test_contexts\.py:\d+ \(exp\(x\)\): a = 1000\.0 \(label 'x'\)"),
    ):
        exp(x)
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"the number nan came in at .*: label 'w'"):
        Value(math.nan, label="w")
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"- gave nan"):
        _infinite() - _infinite()


def _infinite() -> Value:
    v = Value(0.0)
    v.data = math.inf
    return v


def test_anomaly_backward_names_the_line_that_built_the_node() -> None:
    x = Value(0.0, label="x")
    x.grad = 3.0
    with detect_anomaly():
        root = x**0.5
        y = root * 2.0
        with pytest.raises(
            AnomalyError, match=r"gradient of Value\(.*label='x'\) became inf .* of \*\*0\.5 gave 0\.0 at .*\(root = x\*\*0\.5\)"
        ):
            y.backward()
    assert x.grad == 3.0
    y.backward()
    assert x.grad == math.inf


def test_of_many_operands_the_largest_are_named() -> None:
    x = [Value(float(i)) for i in range(100)]
    x[7], x[50] = Value(-1e200, label="huge"), Value(1e10)
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"of 200 inputs the largest are input 7 = -1e\+200 \(label 'huge'\), input 107 = -1e\+200"):
            dot(x, x)
        with pytest.raises(AnomalyError, match=r"^the number nan came in at .*test_contexts.*\)$"):
            Value(math.nan)
        with pytest.raises(AnomalyError, match=r"^the number inf came in at .*: label 'w'$"):
            Value(math.inf, label="w")


def test_scopes_nest_and_name_nodes() -> None:
    x = Value(1.0)
    with scope("layer0"):
        with scope("neuron2"):
            y = x * 2.0
        z = y + 1.0
    assert (x.scope, y.scope, z.scope, (z + 1).scope) == ("", "layer0/neuron2", "layer0", "")
    assert y._prev[1].scope == "layer0/neuron2"

    @scope("loss")
    def loss(v: Value) -> Value:
        return log(v)  # type: ignore[no-any-return]

    assert loss(x).scope == "loss"
    for name in ("", "/", 3):
        with pytest.raises(InputError, match="needs a name"):
            scope(name)  # type: ignore[arg-type]


def test_each_thread_and_task_has_its_own() -> None:
    inside, go_on = threading.Event(), threading.Event()
    seen: list[object] = []

    def work() -> None:
        with no_grad(), scope("thread"):
            inside.set()
            go_on.wait()
            seen.append((Value(1.0) * 2)._prev)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    here = Value(1.0) * 2
    assert len(here._prev) == 2
    assert here.scope == ""
    go_on.set()
    thread.join()
    assert seen == [()]

    async def named(name: str) -> str:
        with scope(name):
            await asyncio.sleep(0)
            return (Value(1.0) * 2).scope

    async def both() -> list[str]:
        return list(await asyncio.gather(named("a"), named("b")))

    with ThreadPoolExecutor(1) as pool:  # a thread has no loop yet; this one may have that of the browser's tests
        assert pool.submit(asyncio.run, both()).result() == ["a", "b"]
