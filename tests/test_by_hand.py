"""Nodes made by hand, as in micrograd and the lecture that builds it: inputs, an operation's name, and a `_backward` of their own."""

import copy
import functools
import gc
import math
import pickle
import random
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
from autograd import Value, check_gradients, compile, detect_anomaly, draw, grad, hessian, jacobian, jvp, no_grad, paths, to_latex
from autograd.errors import AnomalyError, AutogradError, CompileError, DefinitionError, InputError
from autograd.render.player.steps import passes
from nn import Module, fit, mse


def tanh(x: Value) -> Value:
    t = math.tanh(x.data)
    out = Value(t, (x,), "tanh")

    def _backward() -> None:
        x.grad += (1.0 - t * t) * out.grad

    out._backward = _backward
    return out


def times(a: Value, b: Value) -> Value:
    out = Value(a.data * b.data, _children=(a, b), _op="times")

    def _backward() -> None:
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = _backward
    return out


# -- the lecture ------------------------------------------------------------------------------------------------------------


def lecture_order(root: Value) -> list[Value]:
    """The topological order, by recursion and a set, as the lecture finds it."""
    order, seen = [], set()

    def visit(node: Value) -> None:
        if node not in seen:
            seen.add(node)
            for child in node._prev:
                visit(child)
            order.append(node)

    visit(root)
    return order


def test_the_lectures_neuron() -> None:
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, (), "", "w2")
    b = Value(6.8813735870195432, label="b")
    n = x1 * w1 + x2 * w2 + b
    n.label = "n"
    o = Value(math.tanh(n.data), (n,), "tanh", label="o")

    def _backward() -> None:
        n.grad += (1.0 - o.data**2) * o.grad

    o._backward = _backward
    assert o.data == pytest.approx(math.sqrt(0.5), rel=1e-15)
    assert (o._op, o._prev, o._children, w2.label) == ("tanh", (n,), (n,), "w2")

    # by hand, one node after the other, the root first
    o.grad = 1.0
    for node in reversed(lecture_order(o)):
        node._backward()
    expected = [-1.5, 1.0, 0.5, 0.0, 0.5]
    leaves = (x1, w1, x2, w2, b)
    assert [v.grad for v in leaves] == pytest.approx(expected, abs=1e-15)

    # at once; the leaves add up
    o.backward()
    assert [v.grad for v in leaves] == pytest.approx([2.0 * g for g in expected], abs=1e-14)
    o.zero_grad()
    assert {node.grad for node in lecture_order(o)} == {0.0}
    o.backward()
    assert [v.grad for v in leaves] == pytest.approx(expected, abs=1e-15)

    # tanh from its parts, whose derivatives are those of the library
    e = (2.0 * n).exp()
    parts = (e - 1.0) / (e + 1.0)
    o.zero_grad()
    parts.backward()
    assert parts.data == pytest.approx(o.data, rel=1e-15)
    assert [v.grad for v in leaves] == pytest.approx(expected, abs=1e-15)


def test_the_lectures_network_learns() -> None:
    rng = random.Random(3)

    class Neuron:
        def __init__(self, nin: int) -> None:
            self.w = [Value(rng.uniform(-1, 1)) for _ in range(nin)]
            self.b = Value(rng.uniform(-1, 1))

        def __call__(self, x: Any) -> Value:
            return tanh(sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b))

    layers = [[Neuron(n) for _ in range(m)] for n, m in ((3, 4), (4, 4), (4, 1))]
    parameters = [p for layer in layers for neuron in layer for p in (*neuron.w, neuron.b)]

    def network(x: Any) -> Value:
        for layer in layers:
            x = [neuron(x) for neuron in layer]
        result: Value = x[0]
        return result

    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    losses = []
    for _ in range(60):
        loss = sum(((network(x) - y) ** 2 for x, y in zip(xs, ys, strict=True)), Value(0.0))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
        losses.append(loss.data)
    assert losses[-1] < 0.05 < losses[0]
    assert [math.copysign(1.0, network(x).data) for x in xs] == ys


def test_gradients_are_those_of_the_librarys_own_nodes() -> None:
    rng = random.Random(0)
    for _ in range(50):
        numbers = [rng.gauss(0.0, 1.0) for _ in range(3)]
        results = []
        for product, squash in ((times, tanh), (lambda a, b: a * b, Value.tanh)):
            a, b, c = leaves = [Value(number) for number in numbers]
            y = squash(product(a, b) + product(c, squash(c)))
            root = product(y, y) + product(squash(y), a)
            root.backward()
            root.backward()
            results.append([root.data, *[leaf.grad for leaf in leaves]])
        assert results[0] == pytest.approx(results[1], rel=1e-12)


# -- what Value takes ---------------------------------------------------------------------------------------------------


def test_micrograds_arguments() -> None:
    a, b = Value(1.0), Value(2.0)
    for node in (
        Value(3.0, (a, b), "+"),
        Value(3.0, [a, b], "+"),
        Value(3.0, (a, b), _op="+"),
        Value(3.0, _children=(a, b), _op="+"),
        Value(3.0, (a, b), "+", "sum"),
        Value(3.0, (a, b), "+", label="sum"),
    ):
        assert (node.data, node._prev, node._op, node.grad) == (3.0, (a, b), "+", 0.0)
        assert node.label in ("", "sum")
    assert set(Value(3.0, {a, b}, "+")._prev) == {a, b}
    assert (Value(3.0, (a, a), "*")._prev, Value(3.0, (a,))._op) == ((a, a), "")
    for leaf in (Value(3.0, ()), Value(3.0, (), ""), Value(3.0, _children=()), Value(3.0, _op=""), Value(3.0, set())):
        leaf.backward()
        leaf.backward()
        assert (leaf._prev, leaf._op, leaf.grad) == ((), "", 2.0), "it is a leaf, which adds up"


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (lambda a: (a,), "Value(data=2.0, grad=0.0)"),
        (lambda a: (a, "op"), "Value(data=2.0, grad=0.0)"),
        (lambda a: ("op",), "'op'"),
        (lambda a: (3.0, "op"), "3.0"),
        (lambda a: ((a, 3.0), "op"), "3.0"),
        (lambda a: ((a,), 3), "3"),
        (lambda a: ((a,), None), "None"),
        (lambda a: ((), "op"), "'op'"),
        (lambda a: ({a: 1.0}, "op"), "{Value(data=2.0, grad=0.0): 1.0}"),
    ],
)
def test_what_is_neither(arguments: Callable[[Value], tuple[Any, ...]], wrong: str) -> None:
    with pytest.raises(InputError) as raised:
        Value(4.0, *arguments(Value(2.0)))
    assert str(raised.value) == (
        f"a Value has a number and a label, as in Value(4.0, label='x'), not {wrong}; one made by hand has its inputs, which are Values, "
        "and the name of its operation too, as in Value(4.0, (a, b), '*')"
    )
    with pytest.raises(InputError, match="a label is a string, not 3"):
        Value(4.0, (Value(2.0),), "op", 3)  # type: ignore[call-overload]


def test_only_a_node_made_by_hand_has_a_backward_to_assign() -> None:
    a, b = Value(1.0, label="a"), Value(2.0)
    for node, why in (
        (a, "it has no inputs that its gradient could be passed on to. A node is made with its inputs, as in Value(data, (a, b), \"op\")"),
        (a * b, "it comes from the operation '*', which passes its gradient on. A node with a function of its own is made as "
        "Value(data, (a, b), '*')"),
        (autograd.dot([a, b], [b, b]), "it comes from the operation 'dot'"),
    ):  # fmt: skip
        with pytest.raises(InputError) as raised:
            node._backward = lambda: None
        assert why in str(raised.value)
        assert str(raised.value).startswith(f"the _backward of {node!r} cannot be assigned: ")
    with pytest.raises(InputError, match="_backward is a function of no arguments, not None"):
        times(a, b)._backward = None  # type: ignore[assignment]


def test_a_forgotten_backward_is_an_error() -> None:
    a = Value(1.0)
    a.grad = 5.0
    out = Value(2.0, (a,), "double", label="out")
    root = out * 3.0
    for run in (root.backward, out._backward, lambda: out._slopes, lambda: paths(root, a).sum(), lambda: draw(root, derivatives=True)):
        with pytest.raises(InputError, match=r"label='out'\) was made by hand, as 'double', and has no _backward: assign a function"):
            run()
        assert a.grad == 5.0
    assert "double" in str(draw(root).source)
    out._backward = lambda: None
    root.backward()
    assert a.grad == 5.0


# -- derivatives ----------------------------------------------------------------------------------------------------------


def test_local_derivatives_are_what_the_function_adds() -> None:
    a, b = Value(3.0, label="a"), Value(5.0, label="b")
    a.grad, b.grad = 7.0, 11.0
    out = times(a, b)
    out.grad = 13.0
    assert out._slopes == (5.0, 3.0)
    assert (a.grad, b.grad, out.grad) == (7.0, 11.0, 13.0)
    square = times(a, a)
    assert square._slopes == (6.0, 0.0), "the first of equal inputs has all of it"
    root = times(square, b) + a
    assert [path.product for path in paths(root, a)] == [30.0, 0.0, 1.0]
    root.zero_grad()
    root.backward()
    assert paths(root, a).sum() == a.grad == 31.0
    for old in (Value(2.0, label="gradient"), 1.0):  # after create_graph, a gradient is a Value
        a.grad = 0.0
        if isinstance(old, Value):
            (a * old).backward(create_graph=True)
        before = a.grad
        assert times(a, b)._slopes == (5.0, 3.0)
        assert a.grad is before or a.grad == before == 0.0


def test_asking_for_local_derivatives_changes_no_gradient_of_the_closure() -> None:
    x, w = Value(3.0), Value(5.0)
    out = Value(15.0, (x,), "scaled")  # w is not among its inputs, but gets a gradient, as in micrograd

    def _backward() -> None:
        x.grad += w.data * out.grad
        w.grad += x.data * out.grad

    out._backward = _backward
    assert (out._slopes, w.grad) == ((5.0,), 0.0)
    out.backward()
    assert (x.grad, w.grad) == (5.0, 3.0)


def test_pictures_pages_and_formulas_show_them() -> None:
    a, b = Value(3.0, label="a"), Value(5.0, label="b")
    out = times(tanh(a), b)
    out.label = "y"
    out.backward()
    source = draw(out, derivatives=True).source
    assert all(text in source for text in ("times", "tanh", "∂ 5", "∂ 0.99505", "∂ 0.009866"))
    lines = [line for step in passes(out).steps for line in step.lines]
    assert ("y = times(v1, b) = times(0.99505, 5) = 4.9753",) in lines
    assert lines[-1][0] == "∂v1/∂a = 0.009866"
    assert to_latex(out) == r"y = \operatorname{times}(\operatorname{tanh}(a), b)"
    odd = Value(1.0, (a,), "+ 50 %^")
    assert to_latex(odd) == r"{\text{+ 50 }\%{\wedge}}(a)"
    nameless = Value(1.0, (a, b))
    assert to_latex(nameless) == r"\operatorname{f}(a, b)"
    assert passes_of(nameless) == "L = f(a, b) = f(3, 5) = 1"
    assert len(draw(sum([Value(1.0, (a,)) for _ in range(300)], a)).source) > 100


def passes_of(node: Value) -> str:
    node._backward = lambda: None
    return passes(node).steps[1].lines[0][0]


def test_first_derivatives() -> None:
    slope = 1.0 - math.tanh(0.5) ** 2
    assert grad(tanh)(0.5) == pytest.approx(slope, rel=1e-15)
    assert jacobian(lambda v: [tanh(v[0]), times(v[0], v[1])])([0.5, 2.0]) == [[pytest.approx(slope), 0.0], [2.0, 0.5]]
    assert jvp(tanh, (0.5,), (2.0,)) == (math.tanh(0.5), pytest.approx(2.0 * slope, rel=1e-15))
    assert all(check.ok for check in check_gradients(lambda a, b: times(tanh(a), b) * a, [0.5, -2.0]))
    w = Value(2.0)
    with pytest.raises(InputError, match="a 'tanh', cannot be differentiated twice, or as a graph"):
        grad(lambda x: tanh(x) * w)(0.5)  # whose derivative depends on w, and is a graph


REFUSED = r"label='o'\), a 'tanh', cannot be {}: it was made by hand, and its _backward function gives numbers. Write the operation as a "
REFUSED += r'function of Values, or as f = define\("name", value, derivative\)'


@pytest.mark.parametrize(
    ("error", "what", "call"),
    [
        (InputError, "differentiated twice, or as a graph", lambda o: (o * 2.0).backward(create_graph=True)),
        (CompileError, "compiled", lambda o: compile(o * 2.0)),
        (DefinitionError, "differentiated in symbols", lambda o: to_latex(o * 2.0, wrt=o._prev[0])),
        (InputError, "pickled or copied", lambda o: pickle.dumps(o * 2.0)),
        (InputError, "pickled or copied", copy.deepcopy),
        (InputError, "pickled or copied", copy.copy),
    ],
)
def test_what_needs_a_rule_is_an_error(error: type[AutogradError], what: str, call: Callable[[Value], Any]) -> None:
    x = Value(0.5)
    o = tanh(x)
    o.label = "o"
    with pytest.raises(error, match=REFUSED.format(what)):
        call(o)
    assert x.grad == 0.0


def test_what_needs_a_rule_is_an_error_in_functions_too() -> None:
    for second in (grad(grad(tanh)), lambda x: hessian(lambda v: tanh(v[0]))([x]), lambda x: check_gradients(tanh, [x], order=2)):
        with pytest.raises(InputError, match=r"a 'tanh', cannot be differentiated twice.* or as f = define"):
            second(0.5)
    with pytest.raises(
        CompileError, match=r'\.data of .* was read .* define an operation of your own with define\("name", value, derivative\)'
    ):
        compile(tanh)(0.5)

    def caught(x: Value) -> Value:
        try:
            return Value(1.0, (x,), "one")
        except AutogradError:
            return x

    with pytest.raises(CompileError, match=r"Value\(1\.0, …, 'one'\) cannot be compiled: it was made by hand.* define"):
        compile(caught)(0.5)
    with pytest.raises(InputError, match=r"an operation 'one' cannot be evaluated: it was made by hand"):
        Value(1.0, (Value(2.0),), "one")._operation.value(None, 2.0)


def test_a_compiled_function_reads_the_number_of_one_from_outside() -> None:
    outside = tanh(Value(0.5))
    assert compile(lambda x: x * outside)(2.0) == 2.0 * outside.data


def test_compare_with_torch(torch: Any) -> None:
    with pytest.raises(CompileError, match="a 'tanh', cannot be compared with PyTorch"):
        autograd.compare_with_torch(tanh(Value(0.5)) * 2.0)


class Squashed(Module):
    """A linear function, then tanh by hand or of the library."""

    def __init__(self, squash: Callable[[Value], Value]) -> None:
        self.w, self.b, self.squash = Value(0.3, label="w"), Value(-0.1), squash

    def __call__(self, x: Any) -> Any:
        return self.squash(self.w * x[0] + self.b)


def test_fit_takes_eager_code_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = [[0.1], [0.7], [-0.4], [1.3]], [0.2, 0.8, -0.3, 0.9]
    weights = []
    for squash, executor in ((Value.tanh, "eager"), (tanh, "eager"), (tanh, "auto")):
        model = Squashed(squash)
        fit(model, X, y, loss=mse, epochs=3, batch_size=2, rng=random.Random(0), executor=executor)
        weights.append([p.data for p in model.parameters()])
        assert ('define("name", value, derivative)' in capsys.readouterr().out) == (executor == "auto")
    assert weights[0] == pytest.approx(weights[1], rel=1e-12)
    assert weights[1] == weights[2]
    with pytest.raises(CompileError, match="define"):
        fit(Squashed(tanh), X, y, loss=mse, epochs=1, executor="numpy", progress=False)


# -- contexts, errors, memory -------------------------------------------------------------------------------------------------


def test_no_grad_makes_a_constant_of_it() -> None:
    x, w = Value(0.5), Value(2.0)
    with no_grad():
        c = tanh(x)
    c._backward = lambda: pytest.fail("it is a constant")
    assert (c._prev, c._slopes, c._op) == ((), (), "")
    (c * w).backward()
    assert (x.grad, w.grad) == (0.0, math.tanh(0.5))


def test_detect_anomaly_names_it() -> None:
    x = Value(0.5, label="x")
    out = Value(1.0, (x,), "wild")
    calls = []

    def _backward() -> None:
        calls.append(x.grad)
        x.grad += math.inf * out.grad

    out._backward = _backward
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"became inf in the backward pass of wild gave 1\.0: .* derivative inf"):
        out.backward()
    calls.clear()
    with detect_anomaly():
        tanh(x).backward()
        sound = Value(1.0, (x,), "sound")
        sound._backward = lambda: calls.append(0.0)
        sound.backward()
    assert calls == [0.0], "once, if all is well"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_after_an_error_the_leaves_are_as_they_were(error: type[BaseException]) -> None:
    x = Value(0.5)
    x.grad = 3.0
    out = Value(1.0, (x,), "one")

    def _backward() -> None:
        x.grad += 1.0
        raise error

    out._backward = _backward
    for run in ((out * 2.0).backward, lambda: out._slopes):
        with pytest.raises(error):
            run()
        assert x.grad == 3.0


class Token:
    """Something of which a weak reference tells whether it is alive; of a Value there is none."""


def with_token(x: Value, token: Token, style: str) -> Value:
    """A node whose function keeps the token."""
    out = Value(2.0 * x.data, (x,), style)
    if style == "def":

        def _backward() -> None:
            assert token
            x.grad += 2.0 * out.grad

        out._backward = _backward
    elif style == "lambda":
        out._backward = lambda: setattr(x, "grad", x.grad + 2.0 * out.grad * bool(token))
    elif style == "defaults":

        def with_defaults(factor: float = 2.0, *, held: Token = token) -> None:
            x.grad += factor * out.grad * bool(held)

        out._backward = with_defaults
    elif style == "twice":

        def first() -> None:
            assert token
            x.grad += out.grad

        out._backward = first
        out._backward = lambda: setattr(x, "grad", x.grad + 2.0 * out.grad * bool(token))
    elif style == "no closure of it":
        out._backward = functools.partial(lambda held, x: setattr(x, "grad", x.grad + 2.0 * bool(held)), token, x)
    elif style == "rebound":
        node = out

        def of_node() -> None:
            assert token
            x.grad += 2.0 * node.grad

        out._backward = of_node
        out = out * 1.0
    return out


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("style", ["def", "lambda", "defaults", "twice", "no closure of it", "rebound"])
@pytest.mark.usefixtures("without_collector")
def test_a_node_and_its_function_are_freed_with_the_graph(style: str) -> None:
    x, token = Value(3.0), Token()
    alive = weakref.ref(token)
    root = with_token(x, token, style) * 1.0
    del token
    root.backward()
    assert (alive() is not None, x.grad) == (True, 2.0)
    assert [path.product for path in paths(root, x)] == [2.0]
    root.backward()
    assert x.grad == 4.0
    del root
    assert alive() is None


@pytest.mark.usefixtures("without_collector")
def test_it_is_freed_after_an_error_too() -> None:
    token = Token()
    alive = weakref.ref(token)

    def fail(x: Value, token: Token) -> None:
        out = Value(1.0, (x,), "fails")

        def _backward() -> None:
            raise KeyboardInterrupt(out, token)

        out._backward = _backward
        out.backward()

    with pytest.raises(KeyboardInterrupt):
        fail(Value(1.0), token)
    del token
    gc.collect()  # of the traceback, whose frames pytest keeps
    assert alive() is None


@pytest.mark.usefixtures("without_collector")
def test_thousands_of_steps_do_not_grow_memory() -> None:
    w = Value(0.3)

    def step() -> None:
        w.grad = 0.0
        (tanh(times(w, tanh(w + 0.5))) ** 2).backward()

    for _ in range(200):
        step()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3_000):
            step()
        assert tracemalloc.get_traced_memory()[0] - before < 3_000
    finally:
        tracemalloc.stop()


def test_a_deep_chain_of_them_runs_backward_and_is_freed() -> None:
    x = Value(1e-3)
    y = x
    for _ in range(100_000):
        y = tanh(y)
    y.backward()
    assert 0.0 < x.grad < 1.0
    del y


def test_the_function_sees_its_own_node_when_its_name_has_moved_on() -> None:
    """In a loop the name `out` means another node by the time that `backward` calls the functions; Python's closures would read that one."""
    x = Value(2.0)
    parts = []
    for k in (1.0, 10.0):

        def scaled(k: float = k) -> Value:
            out = Value(k * x.data, (x,), "scaled")

            def _backward() -> None:
                x.grad += k * out.grad

            out._backward = _backward
            out = out + 100.0
            return out

        parts.append(scaled() * k)
    sum(parts, Value(0.0)).backward()
    assert x.grad == 1.0 * 1.0 + 10.0 * 10.0
