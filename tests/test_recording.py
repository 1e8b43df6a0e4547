"""Recording: what is recorded while a function runs once on Values, and that the state is restored."""

import contextvars
import copy
import functools
import math
import pickle
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, enable_grad, log, no_grad, scope, sqrt, where
from autograd._runtime.state import STATE
from autograd.compiled.passes.trace import trace
from autograd.conditions import Condition, compare
from autograd.errors import CompileError, DomainError, InputError
from autograd.ops import EQUAL, LESS, LESS_EQUAL
from autograd.recording import drawn, recorder, recording


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    assert recorder() is None
    assert (STATE.recorders, STATE.traced, STATE.watched, STATE.paused) == (0, 0, 0, 0)


def test_comparisons_are_truths_unless_something_is_recorded() -> None:
    x, y = Value(1.0), Value(2.0)
    operators: list[Callable[[Any, Any], Any]] = [
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ]
    pairs = [(x, y), (y, x), (x, x), (x, 2.0), (2.0, x), (x, Value(math.nan)), (Value(math.nan), 1)]
    truths = [compare_them(a, b) for compare_them in operators for a, b in pairs]
    assert all(type(truth) is bool for truth in truths)
    with recording():
        conditions = [compare_them(a, b) for compare_them in operators for a, b in pairs]
    assert all(type(condition) is Condition for condition in conditions)
    assert [condition.node._data for condition in conditions] == [float(truth) for truth in truths]
    assert {condition.node._operation for condition in conditions} == {LESS, LESS_EQUAL}
    assert type(x < y) is bool


def test_compare_is_what_rules_use() -> None:
    x = Value(2.0)
    assert compare("==", x, 2.0) is True
    assert compare("==", 2.0, 2.0) is True
    assert compare(">=", 1.0, x) is False
    with recording():
        equal = compare("==", x, 2.0)
        assert equal.node._operation is EQUAL
        assert equal.node._prev[0] is x
        assert compare(">", x, 1.0).node._prev[1] is x
        assert compare("==", x, math.nan).node._data == 0.0


def test_asking_for_the_truth_leaves_a_guard_with_its_line() -> None:
    x, y = Value(1.0), Value(2.0)
    with recording() as record:
        if x < y:
            y = y + 1.0
        while not y < 3.5 and x < 0.0:
            y = y + 1.0
    assert [(guard.truth, guard.mask) for guard in record.guards] == [(True, None), (True, None)]
    first = record.guards[0]
    line = test_asking_for_the_truth_leaves_a_guard_with_its_line.__code__.co_firstlineno
    assert first.line == f"{__file__}:{line + 3} (if x < y:)"
    assert record.guards[1].line == f"{__file__}:{line + 5} (while not y < 3.5 and x < 0.0:)"
    assert first.node._prev[0] is x


def test_the_truth_of_a_value_is_a_guard_too() -> None:
    for number in (0.0, -0.0, 1.0, -2.0, math.nan, math.inf):
        with recording() as record:
            truth = bool(Value(number))
        assert truth == bool(number)
        assert len(record.guards) == 1


def test_conditions_are_combined_as_numpy_combines_arrays() -> None:
    for a in (-1.0, 1.0):
        for b in (-1.0, 1.0):
            x, y = Value(a), Value(b)
            with recording() as record:
                p, q = x > 0.0, y > 0.0
                results = [p & q, p | q, ~p, ~(p & ~q), p & True, False | p]
                assert [p & False, False & p, True | p, p | np.True_] == [False, False, True, True]  # the same in every run
                numbers = [condition.node._data for condition in results]
            s, t = a > 0.0, b > 0.0
            assert numbers == [s and t, s or t, not s, not (s and not t), s, s]
            assert record.guards == []  # nobody has asked


@pytest.mark.parametrize("other", [1.0, 5, "a", None, Value(1.0), [True]], ids=repr)
def test_conditions_are_combined_with_conditions(other: Any) -> None:
    with recording():
        condition = Value(1.0) > 0.0
        for combine in (lambda: condition & other, lambda: condition | other, lambda: other & condition, lambda: other | condition):
            with pytest.raises(
                InputError, match=r"a condition can be combined with another condition, not with .*write \(v > 0\) & \(w > 0\)"
            ):
                combine()


def test_conditions_are_not_compared_with_conditions() -> None:
    with recording():
        p, q = Value(1.0) > 0.0, Value(2.0) > 0.0
        for ask in (lambda: p == q, lambda: p != q, lambda: p in [q]):
            with pytest.raises(InputError, match="combine them by &, | and ~"):
                ask()


def test_a_condition_that_is_looked_up_leaves_a_guard() -> None:
    with recording() as record:
        p, q = Value(1.0) > 0.0, Value(1.0) > 2.0
        assert p == True  # noqa: E712
        assert q in (False,)
        assert {True: 1.0, False: 2.0}[p] == 1.0  # type: ignore[index]
        assert [1.0, 2.0][p] == 2.0
    assert {guard.truth for guard in record.guards} == {True, False}
    assert len(record.guards) >= 4


def test_where_makes_a_node_of_both_sides() -> None:
    x = Value(-1.0)
    with recording() as record:
        y = where(x > 0.0, x * 2.0, 3.0)
    assert y.data == 3.0
    assert [node.data for node in y._prev] == [0.0, -2.0, 3.0]
    assert record.guards == []
    assert record.masks == {}
    y.backward()
    assert x.grad == 0.0


def test_what_is_made_in_a_side_is_masked() -> None:
    x = Value(2.0)
    with recording() as record:
        before = x + 1.0
        chosen = where(x > 0.0, lambda: sqrt(log(x)) + before, lambda: log(-x))
        after = chosen * 2.0
    selected = [node for node, mask in record.masks.items() if mask.data == 1.0]
    other = [node for node, mask in record.masks.items() if mask.data == 0.0]
    assert sorted(node._op for node in selected) == ["+", "log", "sqrt"]
    assert sorted(node._op for node in other) == ["log", "neg"]
    assert before not in record.masks
    assert chosen not in record.masks
    assert after not in record.masks
    assert math.isnan(other[-1].data)  # computed, and of no consequence
    after.backward()
    assert x.grad == pytest.approx(2.0 * (0.5 / math.sqrt(math.log(2.0)) / 2.0 + 1.0))


def test_masks_of_nested_sides_hold_where_all_of_them_do() -> None:
    for a in (-1.0, 1.0, 3.0):
        x = Value(a)
        made: dict[str, Value] = {}

        def keep(name: str, node: Value, made: dict[str, Value] = made) -> Value:
            made[name] = node
            return node

        with recording() as record:
            inner = lambda x=x: where(x < 2.0, lambda: keep("low", x * 2.0), lambda: keep("high", x * 3.0))
            result = where(x > 0.0, inner, lambda x=x: keep("negative", -x))
        holds = {name: record.masks[node].data == 1.0 for name, node in made.items()}
        assert holds == {"low": 0.0 < a < 2.0, "high": a >= 2.0, "negative": a <= 0.0}
        tape = trace([result], [x], record)
        assert set(tape.masks) >= {tape.nodes.index(node) for node in made.values()}


def test_guards_of_a_side_count_only_where_it_is_selected() -> None:
    x = Value(-1.0)
    with recording() as record:
        where(x > 0.0, lambda: x * 2.0 if x > 5.0 else x * 3.0, lambda: x)
        assert x < 0.0
    inside, outside = record.guards
    assert inside.mask is not None
    assert (inside.mask.data, inside.truth) == (0.0, False)
    assert outside.mask is None


def test_errors_are_left_to_the_run() -> None:
    x = Value(-1.0)
    with recording():
        assert math.isnan(log(x)._data)
        assert (1.0 / (x + 1.0))._data == math.inf
        assert math.isnan((x**0.5)._data)
        number = log(-1.0)  # whether it is wanted, the run finds out
        assert isinstance(number, Value)
        assert math.isnan(number._data)
        assert log(1.0) == 0.0
        assert math.isnan(where(x < 0.0, lambda: log(x), lambda: log(-1.0))._data)
    with pytest.raises(DomainError, match="log"):
        log(x)


@pytest.mark.parametrize(("name", "read"), [("data", lambda v: v.data), ("grad", lambda v: v.grad)])
def test_numbers_of_values_may_not_be_read(name: str, read: Callable[[Value], Any]) -> None:
    x = Value(2.0, label="x")
    with recording(), pytest.raises(CompileError) as error:
        read(x)
    message = str(error.value)
    assert message.startswith(f"the .{name} of Value(data=2.0, grad=0.0, label='x') was read at {__file__}:")
    assert "while the function was recorded: the number would be frozen into the program" in message
    assert message.endswith(f"read .{name} outside of the compiled function")
    assert read(x) in (2.0, 0.0)


EQUALITIES: list[Callable[[Value], Any]] = [
    lambda v: v == 2.0,
    lambda v: v != 2,
    lambda v: 2.0 == v,
    lambda v: v in [1.0, 2.0],
    lambda v: v == True,  # noqa: E712
    lambda v: v == np.float64(2.0),
    lambda v: np.float64(2.0) != v,
    lambda v: v == np.bool_(True),
    lambda v: v == Decimal(2),
    lambda v: (v, 1) == (2.0, 1),
]


@pytest.mark.parametrize("ask", EQUALITIES)
def test_equality_with_a_number_is_an_error_but_in_traced_functions(ask: Callable[[Value], Any]) -> None:
    with pytest.raises(InputError, match=r"== asks whether two Values are the same node.*write v\.data == "):
        ask(Value(2.0))
    plain = ask(2.0)  # type: ignore[arg-type]
    seen: list[bool] = []
    autograd.grad(lambda v: v * (seen.append(bool(ask(v))) or 1.0))(2.0)
    assert seen == [plain]
    with recording() as record:
        assert bool(ask(Value(2.0))) == plain
    assert len(record.guards) >= 1


def test_values_are_equal_where_they_are_one_node_but_in_traced_functions() -> None:
    x, y = Value(2.0), Value(2.0)
    assert x == x
    assert x != y
    assert x in [y, x]
    assert len({x, y, x}) == 2
    assert {x: 1.0}.get(y) is None
    assert x != "x"
    assert x != None  # noqa: E711
    assert x == pytest.approx(x)
    with recording() as record:
        assert isinstance(x == y, Condition)
        assert bool(x == y)
        assert not (x != y)  # noqa: SIM202 - that is another question
        assert x in [y]
        assert (x, y) == (y, x)
    assert len(record.guards) == 5
    assert autograd.grad(lambda a, b: a if a == b else b)(2.0, 2.0) == 1.0
    assert autograd.grad(lambda a, b: a if a != b else b)(2.0, 2.0) == 0.0


@pytest.mark.parametrize(
    "ask",
    [hash, lambda v: {v}, lambda v: {1.0: 2.0}.get(v), functools.lru_cache(lambda v: v), lambda v: Counter([v]), lambda v: v in {2.0}],
)
def test_hashes_are_refused_in_traced_functions(ask: Callable[[Any], Any]) -> None:
    x = Value(2.0)
    ask(x)
    with pytest.raises(InputError, match=r"was hashed at .*while the function was differentiated.*choose by `if`"):
        autograd.grad(lambda v: v * (ask(v) is None))(2.0)
    with recording(), pytest.raises(CompileError, match=r"was hashed at .*while the function was recorded"):
        ask(x)
    ask(x)


def test_text_is_that_of_the_number_in_a_function_that_is_differentiated_and_refused_in_a_recording() -> None:
    texts: list[str] = []

    def f(v: Any) -> Any:
        texts.extend([str(v), repr(v), f"{v}", f"{v:.1f}", f"{v!r}"])
        return v * float(f"{v:.1f}")

    assert f(2.25) == 2.25 * 2.2
    expected = texts[:]
    texts.clear()
    assert autograd.value_and_grad(f)(2.25) == (2.25 * 2.2, 2.2)
    assert texts == expected
    for ask in (str, repr, lambda v: f"{v:.1f}", lambda v: f"{v}"):
        with recording(), pytest.raises(CompileError, match="was converted to text"):
            ask(Value(2.25))  # type: ignore[operator]


def test_a_thread_that_a_traced_function_starts() -> None:
    """The thread is not within the function, but the graph of the Value shows that it is recorded."""

    def in_thread(work: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    for ask in (lambda v: v > 1.0, bool, lambda v: v == 2.0, lambda v: max(v, 3.0), lambda v: v.data, hash, str):
        with pytest.raises(CompileError):
            autograd.compile(lambda v, ask=ask: v * 2.0 + 0.0 * bool(in_thread(lambda: ask(v * 1.0))))(2.0)
    assert autograd.grad(lambda v: v**2 if in_thread(lambda: v * 1.0 == 2.0) else v)(2.0) == 4.0
    with pytest.raises(InputError, match="hash"):
        autograd.grad(lambda v: in_thread(lambda: {v * 1.0: v}[v]))(2.0)
    other = Value(2.0)  # which has nothing to do with the function
    assert autograd.grad(lambda v: v if in_thread(lambda: (other > 1.0, other in {other}) == (True, True)) else 0.0 * v)(2.0) == 1.0
    assert autograd.compile(lambda v: v if in_thread(lambda: other > 1.0 and other in {other}) else 0.0 * v)(2.0) == 2.0


def test_a_thread_with_the_context_of_a_recording_does_not_record() -> None:
    def f(v: Any) -> Any:
        context = contextvars.copy_context()
        with ThreadPoolExecutor(1) as pool:
            return v if pool.submit(context.run, lambda: v > 1.0).result() else -v

    with pytest.raises(CompileError, match="in another thread than the one that records the function"):
        autograd.compile(f)(2.0)
    assert autograd.grad(f)(2.0) == 1.0


def test_backward_in_a_traced_function() -> None:
    """Its numbers would be constants in the enclosing function."""

    def by_numbers(v: Any) -> Any:
        w = v * 1.0
        (w**3).backward()
        return w.grad

    with pytest.raises(InputError, match=r"\.backward\(\) was called at .*write grad\(f\)\(x\)|Write grad\(f\)\(x\)"):
        autograd.grad(by_numbers)(2.0)
    with pytest.raises(InputError, match="backward"):
        autograd.compile(by_numbers)(2.0)

    def of_its_own(v: Any) -> Any:
        w = Value(5.0)
        (w * w).backward()
        return v * w.grad

    assert autograd.grad(of_its_own)(2.0) == 10.0

    def as_graphs(v: Any) -> Any:
        (v**3).backward(create_graph=True)
        return v.grad

    assert autograd.grad(as_graphs)(2.0) == 12.0
    assert autograd.grad(autograd.grad(as_graphs))(2.0) == 6.0


def test_copies_in_a_traced_function_keep_their_derivative() -> None:
    for copied in (copy.copy, copy.deepcopy, lambda v: copy.deepcopy({"a": [v]})["a"][0]):
        assert autograd.grad(lambda v, copied=copied: copied(v) * copied(v * 2.0))(3.0) == 12.0
        assert autograd.compile(lambda v, copied=copied: copied(v) * 2.0).value_and_grad(3.0) == (6.0, (2.0,))
    leaf = Value(1.0)
    assert autograd.grad(lambda v: v * (2.0 if copy.deepcopy(leaf) is not leaf else 3.0))(3.0) == 2.0
    for traced in (autograd.grad(lambda v: pickle.loads(pickle.dumps(v)) * 2.0), autograd.compile(lambda v: pickle.loads(pickle.dumps(v)))):
        with pytest.raises(InputError, match="unpickled, it would be a constant"):
            traced(3.0)


SWALLOWED: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "pickle": (lambda v: pickle.loads(pickle.dumps(v)) * 2.0, True),
    "a function of NumPy that there is not": (lambda v: v * np.spacing(v), True),
    "two conditions compared": (lambda v: v if (v > 0.0) == (v > 1.0) else v * 2.0, False),
    "a condition and a number": (lambda v: v * 2.0 if (v > 0.0) & 3 else v, False),
    "a where of two forms": (lambda v: np.sum(where(v > 0.0, [v, v], v)), False),
    "drawn in a side": (lambda v: where(v > 0.0, lambda: v * drawn(lambda: 2.0), lambda: v), False),
    "many rounds": (lambda v: v * sum(1 for k in range(100_001) if v > k * 1e-9), False),
}
"""What is not possible in a traced function; and whether it is not in one that is differentiated, too."""


@pytest.mark.parametrize("name", SWALLOWED)
def test_a_refusal_is_raised_also_if_the_function_catches_it(name: str) -> None:
    what, also_differentiated = SWALLOWED[name]

    def f(v: Any) -> Any:
        try:
            return what(v)
        except (InputError, CompileError):
            return v * 5.0

    assert f(3.0) != 15.0
    with pytest.raises((InputError, CompileError)):
        autograd.compile(f)(3.0)
    if also_differentiated:
        with pytest.raises(InputError):
            autograd.grad(f)(3.0)


def test_drawn_is_a_number_and_while_recording_a_leaf() -> None:
    rng, other = random.Random(3), random.Random(3)
    assert drawn(rng.random) == other.random()
    with recording() as record:
        leaf = drawn(rng.random)
    assert rng.random() == other.random()  # no number was used up: each run draws its own
    assert isinstance(leaf, Value)
    assert leaf.label == "drawn"
    [(leaves, draw)] = record.draws
    assert (leaves, draw.sampler, draw.shape, draw.count) == ([leaf], rng.random, None, 1)


def test_recordings_nest_and_end_on_exceptions() -> None:
    with recording() as outer:
        bool(Value(1.0) > 0.0)
        with recording() as inner:
            assert recorder() is inner
            bool(Value(1.0) > 0.0)
            bool(Value(1.0) > 0.0)
        assert recorder() is outer
        with pytest.raises(KeyError), recording():
            raise KeyError("inside")
        assert recorder() is outer
        assert STATE.recorders == 1
        with pytest.raises(ZeroDivisionError):
            where(Value(1.0) > 0.0, lambda: 1 // 0, lambda: 0.0)
        assert outer.mask is None
    assert (len(outer.guards), len(inner.guards)) == (1, 2)


def test_no_grad_and_scope_are_no_hindrance() -> None:
    x = Value(2.0)
    with no_grad(), recording() as record, scope("side"):
        y = where(x > 0.0, lambda: x * x, lambda: x)
    assert len(y._prev) == 3
    assert {node.scope for node in record.masks} == {"side"}
    with no_grad(), enable_grad(), recording():
        assert len((x * x)._prev) == 2


def test_a_recording_is_that_of_its_thread() -> None:
    results: list[Any] = []

    def elsewhere() -> None:
        x = Value(1.0)
        results.extend([x > 0.0, x.data, x == Value(1.0), bool(x), recorder(), where(x > 0.0, 1.0, 2.0)])
        with recording() as own:
            results.append(bool(x > 0.0))
        results.append(len(own.guards))

    with recording() as record:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert results == [True, 1.0, False, True, None, 1.0, True, 1]
    assert record.guards == []


def test_two_threads_record_at_once() -> None:
    barrier = threading.Barrier(2, timeout=30.0)
    results: dict[int, int] = {}

    def work(n: int) -> None:
        with recording() as record:
            barrier.wait()
            for _ in range(n):
                x = where(Value(1.0) > 0.0, lambda: Value(1.0) * 2.0, lambda: Value(1.0) * 3.0)
                assert isinstance(x, Value)
                bool(x > 0.0)
            barrier.wait()
        results[n] = len(record.guards)
        assert len(record.masks) == 2 * n

    threads = [threading.Thread(target=functools.partial(work, n)) for n in (50, 80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {50: 50, 80: 80}
