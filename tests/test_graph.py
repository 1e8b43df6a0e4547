"""The graph: its order, great depth and width, interrupts, threads, and freeing."""

import os
import subprocess
import sys
import threading

import pytest

import autograd
from autograd import Value, dot
from autograd._runtime.bulk import inputs_by
from autograd.graph import topological_order


def chain(depth: int) -> Value:
    x = Value(1.0)
    y = x
    for _ in range(depth):
        y = y + 1.0
    return y


def test_inputs_come_first_and_each_node_once() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    c = a * b
    d = c + a
    e = d * c
    order = topological_order(e)
    assert order == [a, b, c, d, e]
    assert topological_order(e) == order


def test_inputs_by_their_numbers() -> None:
    a, b = Value(1.0), Value(2.0)
    root = dot([a, b, -a], [b, b, a * a])
    order = topological_order(root)
    number = {node: i for i, node in enumerate(order)}
    result = inputs_by(number, order)
    assert [[order[i] for i in inputs] for inputs in result] == [list(node._prev) for node in order]
    assert result[number[a]] == ()


def test_two_to_the_sixty_paths() -> None:
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_million_deep_and_a_hundred_thousand_wide() -> None:
    x = Value(1.0)
    y = x
    for _ in range(1_000_000):
        y = y * 1.0
    y.backward()
    assert x.grad == 1.0
    del y
    x.grad = 0.0
    wide = sum(x * 1.0 for _ in range(100_000))
    assert isinstance(wide, Value)
    wide.backward()
    assert x.grad == 100_000.0


@pytest.mark.skipif(autograd.NATIVE, reason="Ctrl-C arrives after a native backward has returned")
def test_an_interrupted_backward_leaves_leaves_as_they_were() -> None:
    x = Value(1.0)
    x.grad = 5.0
    y = x
    for _ in range(50):
        y = y * 1.0 + x
    calls = 0

    def interrupt(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        if event == "call" and getattr(frame, "f_code").co_name == "_pass_on":  # noqa: B009
            calls += 1
            if calls == 60:
                raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            y.backward()
    finally:
        sys.setprofile(None)
    assert calls == 60
    assert x.grad == 5.0
    y.backward()
    assert x.grad == 56.0


def test_independent_graphs_in_several_threads() -> None:
    wrong: list[float] = []

    def work(k: int) -> None:
        for _ in range(30):
            x = Value(float(k))
            y = x
            for _ in range(300):
                y = y + x
            y.backward()
            if x.grad != 301.0 or y.data != 301.0 * k:
                wrong.append(x.grad)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


FREEING = """
import sys, threading
from autograd import NATIVE, Value, dot
depth, width, layers = {depth}, {width}, {layers}
bystanders = []

def chain():
    y = Value(1.0)
    for i in range(depth):
        if i % max(depth // 50_000, 1) == 0:
            bystanders.append([i, Value(float(i))])  # neighbours in memory, of collector objects too
        y = y + 1.0
    return y

def grid():
    row = [Value(1.0) for _ in range(width)]
    for _ in range(layers):
        row = [a * b for a, b in zip(row, row[1:] + row[:1])]
    return dot(row, row)

def work():
    y = chain()
    y.backward()
    del y
    g = grid()
    g.backward()
    del g
    for _ in range(3):
        y = chain()
        del y

threading.stack_size({stack} * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
for i, (index, value) in enumerate(bystanders):
    assert value.data == float(index) and value.grad == 0.0 and value._prev == (), i
import gc
gc.collect()
print("intact", len(bystanders))
"""


# In plain Python freeing is CPython's own business, and 3.13 needs about 1 MB of stack for a long chain of any objects.
STACK = 256 if autograd.NATIVE or sys.version_info < (3, 13) else 4096


def freed(depth: int, width: int, layers: int, **environment: str) -> str:
    code = FREEING.format(depth=depth, width=width, layers=layers, stack=STACK)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("depth", [100, 100_000, 1_000_000 if autograd.NATIVE else 300_000])
def test_freeing_under_the_debug_allocator(depth: int) -> None:
    """The debug allocator puts guard bytes around every object, and finds a write outside of one when it is freed."""
    assert "intact" in freed(depth, 1000, 100, PYTHONMALLOC="debug")


@pytest.mark.parametrize(
    ("depth", "width", "length"), [(300_000, 1_000, 100), pytest.param(3_000_000, 10_000, 1000, marks=pytest.mark.slow)]
)
def test_freeing_what_is_deep_and_wide(depth: int, width: int, length: int) -> None:
    if depth > 1_000_000 and not autograd.NATIVE:
        pytest.skip("plain Python does not build this in reasonable time")
    assert "intact" in freed(depth, width, length)


def test_a_graph_is_freed_by_reference_counting_alone() -> None:
    code = """
import gc, sys
gc.disable()
from autograd import Value
if sys.implementation.name != "cpython": sys.exit()
def step():
    x = Value(2.0)
    for _ in range(200):
        x = x * x.relu() + 1.0 - x
    x.backward()
for _ in range(20): step()
before = sys.getallocatedblocks()
for _ in range(1000): step()
print(sys.getallocatedblocks() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert abs(int(done.stdout)) < 100
