"""A later `fit` uses what an earlier one recorded, unless something has changed on which the record depends."""

import collections
import functools
import gc
import math
import random
import sys
import time
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from in_threads import in_threads
from nn_cases import mlp, recordings, with_dropout

import nn.layers.neurons
from autograd import Value, detect_anomaly, dot, tanh
from autograd.ops import OPERATIONS
from autograd.recording import drawn
from nn import MLP, SGD, Adam, Dropout, Linear, Module, Sequential, cross_entropy, evaluate, fit, losses, mse
from nn.activations import ACTIVATIONS
from nn.engine import kept_engines
from nn.engine.fingerprint import Fingerprint
from nn.engine.kept_engines import NODES, TRAINED, KeptEngines

X = [[math.sin(3.0 * i), math.cos(5.0 * i), i / 9.0] for i in range(9)]
Y = [x[0] - 0.5 * x[1] for x in X]
CLASSES = [i % 3 for i in range(9)]

SCALE, SHIFTS = 2.0, {"b": 0.25}
helpers = types.ModuleType("helpers_of_a_user")
helpers.factor = 1.5  # type: ignore[attr-defined]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The recordings from now on."""
    yield recordings(monkeypatch)
    TRAINED.__init__(NODES, 64)  # type: ignore[misc] # so that no test finds engines of another


def trained(model: Any, y: Any = None, loss: Any = mse, executor: str = "numpy", **settings: Any) -> list[float]:
    """The losses, and the weights afterwards."""
    settings = {"optimizer": SGD(model.parameters(), lr=1e-4), "epochs": 1, "batch_size": 4, "rng": random.Random(0)} | settings
    history = fit(model, X, Y if y is None else y, loss=loss, executor=executor, progress=False, **settings)
    return history.loss + [p.data for p in model.parameters()]


def scaled(z: Any, factor: float = 2.0, *, shift: float = 0.5) -> Any:
    return factor * z + shift


def absolute(z: Any) -> Any:
    return abs(z)


def counted(function: Any) -> Any:
    @functools.wraps(function)
    def inner(z: Any) -> Any:
        return function(z)

    return inner


class Slotted:
    __slots__ = ("absent", "number")

    def __init__(self) -> None:
        self.number = 0.5


class Base(Module):
    power = 1.0

    @property
    def doubled(self) -> float:
        return 2.0

    @staticmethod
    def halved(z: Any) -> Any:
        return 0.5 * z

    @classmethod
    def raised(cls, z: Any) -> Any:
        return cls.power * z


class Everything(Base):
    """A model that depends on many things."""

    def __init__(self) -> None:
        self.first, self.last = Linear(3, 2, rng=random.Random(0)), Linear(2, 1, rng=random.Random(1))
        self.activation: Any = tanh
        self.factor = 1.5
        self.settings = {"sizes": [1.0, 2.0], "flag": False}
        self.shift = np.array([0.5, -0.5])
        self.constant = Value(0.5)
        self.slotted = Slotted()
        self.partial = functools.partial(scaled, factor=3.0)
        self.numbers = [i / 1000.0 for i in range(20)]
        cell = [0.25]
        self.closure = lambda z: z + cell[0]
        self.wrapped = counted(absolute)

    def __call__(self, x: Any) -> Any:
        z = [self.activation(h) + s for h, s in zip(self.first(x), self.shift, strict=True)]
        z[0] = self.partial(self.closure(z[0])) + self.slotted.number + self.constant
        z[1] = self.raised(self.halved(z[1])) * self.doubled + scaled(self.wrapped(z[1])) + sum(self.numbers)
        out = self.factor * self.last(z)[0] + self.settings["sizes"][0] + SHIFTS["b"]
        return SCALE * out * helpers.factor


CHANGES: dict[str, Callable[[Any, pytest.MonkeyPatch], Any]] = {
    "an activation": lambda m, p: setattr(m, "activation", absolute),
    "a number": lambda m, p: setattr(m, "factor", 2.5),
    "the sign of a number": lambda m, p: setattr(m, "factor", -1.5),
    "a list in a dict, in place": lambda m, p: m.settings["sizes"].__setitem__(0, 3.0),
    "a dict, in place": lambda m, p: m.settings.update(sizes=[5.0]),
    "an array, in place": lambda m, p: m.shift.__setitem__(1, 3.0),
    "a list of many numbers, in place": lambda m, p: m.numbers.__setitem__(7, -1.0),
    "a layer": lambda m, p: setattr(m, "last", Linear(2, 1, rng=random.Random(5))),
    "a weight": lambda m, p: m.first.weight[0].__setitem__(0, Value(9.0)),
    "a Value that is trained by none": lambda m, p: setattr(m, "constant", Value(0.75)),
    "a slot": lambda m, p: setattr(m.slotted, "number", 1.5),
    "an argument of a partial": lambda m, p: m.partial.keywords.update(factor=4.0),
    "a closure's list": lambda m, p: m.closure.__closure__[0].cell_contents.__setitem__(0, 1.0),
    "a closure's variable": lambda m, p: setattr(m.closure.__closure__[0], "cell_contents", [2.0]),
    "a function that is wrapped": lambda m, p: setattr(m, "wrapped", counted(tanh)),
    "a global number": lambda m, p: p.setitem(globals(), "SCALE", 3.0),
    "a global dict, in place": lambda m, p: p.setitem(SHIFTS, "b", 1.0),
    "a number of a module": lambda m, p: p.setattr(helpers, "factor", 2.5),
    "a built-in function": lambda m, p: p.setitem(globals(), "sum", lambda numbers: 7.0),
    "a default": lambda m, p: p.setattr(scaled, "__defaults__", (5.0,)),
    "a default of a keyword": lambda m, p: p.setattr(scaled, "__kwdefaults__", {"shift": 1.0}),
    "the code of a function": lambda m, p: p.setattr(absolute, "__code__", (lambda z: z * z).__code__),
    "a function": lambda m, p: p.setitem(globals(), "scaled", lambda z, factor=2.0: z * factor),
    "a method": lambda m, p: p.setattr(Everything, "__call__", lambda self, x: self.last(self.first(x))[0]),
    "an inherited class attribute": lambda m, p: p.setattr(Base, "power", 2.0),
    "an attribute of the class": lambda m, p: p.setattr(Everything, "power", 2.0, raising=False),
    "a property": lambda m, p: p.setattr(Base, "doubled", property(lambda self: 3.0)),
    "a static method": lambda m, p: p.setattr(Base, "halved", staticmethod(lambda z: 3.0 * z)),
    "a class method": lambda m, p: p.setattr(Base, "raised", classmethod(lambda cls, z: -z)),
    "a method of a layer": lambda m, p: p.setattr(Linear, "__call__", lambda self, x: [dot(w, x) for w in self.weight]),
    "the class": lambda m, p: setattr(m, "__class__", type("Other", (Everything,), {"power": 4.0})),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_recorded(name: str, made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model = Everything()
    trained(model)
    assert len(made) == 1
    trained(model)
    assert len(made) == 1, "the second call uses the record of the first"
    CHANGES[name](model, monkeypatch)
    state = model.state_dict()
    actual = trained(model)
    assert len(made) == 2
    model.load_state_dict(state)
    assert actual == pytest.approx(trained(model, executor="eager"), rel=1e-12)


def test_a_replaced_function_of_the_library_is_seen(made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model = mlp(4, 1)
    trained(model)
    monkeypatch.setattr(nn.layers.neurons, "dot", lambda weights, inputs: 2.0 * dot(weights, inputs))
    state = model.state_dict()
    actual = trained(model)
    assert len(made) == 2
    model.load_state_dict(state)
    assert actual == pytest.approx(trained(model, executor="eager"), rel=1e-12)


def test_a_row_of_the_op_table_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    model = mlp(4, 1)
    before = Fingerprint([model], model.modules())
    monkeypatch.setitem(OPERATIONS, "tanh", OPERATIONS["sigmoid"])
    assert not before.is_same(Fingerprint([model], model.modules()))
    monkeypatch.undo()
    assert before.is_same(Fingerprint([model], model.modules()))


class Dynamic(Base):
    def __init__(self) -> None:
        self.w, self.k1, self.pair = Value(0.5), 2.0, collections.namedtuple("Pair", "a b")(1.0, 2.0)

    def __getattr__(self, name: str) -> float:
        if name == "computed":
            return 3.0
        raise AttributeError(name)

    def __call__(self, x: Any) -> Any:
        return self.w * getattr(self, "k" + "1") * math.sqrt(2.0) * np.pi * self.computed * self.pair.b * ACTIVATIONS["tanh"](x[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda m, p: setattr(m, "k1", 3.0),
        lambda m, p: setattr(m, "pair", m.pair._replace(b=4.0)),
        lambda m, p: p.setattr(Dynamic, "__getattr__", lambda self, name: 4.0),
        lambda m, p: p.setattr(math, "sqrt", math.exp),
        lambda m, p: p.setattr(np, "pi", 3.0),
        lambda m, p: p.setitem(ACTIVATIONS, "tanh", absolute),
    ],
)
def test_what_code_reaches_in_other_ways(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Dynamic()
    before = Fingerprint([model], model.modules())
    assert before.is_same(Fingerprint([model], model.modules())), before.problem
    change(model, monkeypatch)
    assert not before.is_same(Fingerprint([model], model.modules()))


def test_a_network_is_recorded_once(made: list[Any]) -> None:
    model, other = mlp(4, 3), mlp(4, 3)
    settings: list[dict[str, Any]] = [
        {},
        {"optimizer": Adam(model.parameters(), lr=0.1)},
        {"epochs": 3, "batch_size": 2},
        {"callbacks": [lambda history: None]},
        {"y": [2 - k for k in CLASSES], "rng": random.Random(5)},
        {"patience": 2, "metrics": ["accuracy"]},
    ]
    for changed in settings:
        own = {"y": CLASSES, "loss": cross_entropy} | changed
        state = model.state_dict()
        actual = trained(model, **own)
        other.load_state_dict(state)
        if isinstance(own.get("optimizer"), Adam):
            own["optimizer"] = Adam(other.parameters(), lr=0.1)
        if "rng" in own:
            own["rng"] = random.Random(5)
        assert actual == pytest.approx(trained(other, executor="eager", **own), rel=1e-11)
    assert len(made) == 1
    trained(model, CLASSES, cross_entropy, validation=(X, CLASSES))
    assert len(made) == 2, "in evaluation mode for the first time"
    trained(model, CLASSES, cross_entropy, validation=(X, CLASSES))
    assert len(made) == 2


def weighted(weight: float) -> Any:
    return lambda output, target: weight * mse(output, target)


def test_functions_that_do_the_same_are_the_same(made: list[Any]) -> None:
    model = mlp(4, 1)
    for k in (0.1, 0.1, 0.2):
        trained(model, loss=weighted(k), penalty=lambda model, k=k: losses.l2(model.parameters(), k))
    assert len(made) == 4, "loss and penalty: twice for 0.1 and 0.2"
    trained(model, loss=weighted(0.2), penalty=lambda model: losses.l1(model.parameters(), 0.2))
    assert len(made) == 6
    trained(model, loss=weighted(0.2))
    assert len(made) == 7, "without a penalty"


def test_another_optimizer_of_other_parameters(made: list[Any]) -> None:
    model = mlp(4, 1)
    trained(model)
    before = [p.data for p in model.layers[0].neurons[0].w]
    trained(model, optimizer=SGD(model.layers[1].parameters(), lr=0.1))
    assert [p.data for p in model.layers[0].neurons[0].w] == before
    assert len(made) == 2
    trained(model, executor="numpy")
    assert len(made) == 3


def test_another_executor(made: list[Any]) -> None:
    model = mlp(4, 1)
    trained(model, executor="numpy")
    trained(model, executor="auto")
    assert len(made) == 2


def test_what_a_callback_changes_and_changes_back(made: list[Any]) -> None:
    model = Everything()
    trained(model)

    def switch(history: Any) -> None:
        model.factor = 5.0 if len(history.loss) == 1 else 1.5

    trained(model, epochs=2, callbacks=[switch])
    state = model.state_dict()
    actual = trained(model)
    assert len(made) == 3
    model.load_state_dict(state)
    assert actual == pytest.approx(trained(model, executor="eager"), rel=1e-12)


class Branches(Module):
    """A branch that the first samples do not take depends on a number that is changed between them."""

    def __init__(self) -> None:
        self.w, self.k = Value(0.5), 2.0

    def __call__(self, x: Any) -> Any:
        return self.w * x[0] if x[2] < 0.5 else self.k * self.w * x[1]


def test_a_branch_that_was_recorded_in_another_state(made: list[Any]) -> None:
    model = Branches()
    few, rest = [x for x in X if x[2] < 0.5], [x for x in X if x[2] >= 0.5]

    def run(samples: Any, executor: str = "numpy", **settings: Any) -> list[float]:
        history = fit(
            model, samples, [1.0] * len(samples), loss=mse, optimizer=SGD([model.w], lr=0.1), executor=executor, progress=False, **settings
        )
        return [*history.loss, model.w.data]

    run(few, epochs=1)
    model.k = 3.0
    run(rest, epochs=1)  # another state: nothing of the first one is used
    model.k = 2.0
    before = model.w.data
    actual = run(X, epochs=2)
    model.w.data = before
    assert actual == pytest.approx(run(X, executor="eager", epochs=2), rel=1e-12)


class Clock(Module):
    def __init__(self, read: Callable[[], float]) -> None:
        self.w, self.read = Value(0.5), read

    def __call__(self, x: Any) -> Any:
        return self.w * x[0] + self.read()


TIME = [1.0]


def of_file() -> float:
    with open(__file__, encoding="utf-8") as file:
        return float(len(file.readline()))


def of_module_by_name() -> float:
    return float(vars(helpers)["factor"])


def of_globals() -> float:
    return float(globals()["SCALE"])


def of_getattr() -> float:
    return float(getattr(helpers, "fac" + "tor"))


@functools.lru_cache
def of_cache() -> float:
    return TIME[0]


@pytest.mark.parametrize(
    "read",
    [
        of_file,
        of_module_by_name,
        of_globals,
        of_getattr,
        of_cache,
        lambda: float(int(time.time() // 1e9)),
        lambda: float(len(sys.path) // 1000),
    ],
)
def test_what_cannot_be_searched_is_recorded_anew(read: Any, made: list[Any]) -> None:
    model = Clock(read)
    model.read()
    for _ in range(2):
        fit(model, X, Y, loss=mse, epochs=1, executor="numpy", progress=False)
    assert len(made) == 2
    assert Fingerprint([model], model.modules()).problem


def test_within_detect_anomaly_nothing_is_used_again(made: list[Any]) -> None:
    model = mlp(4, 1)
    trained(model)
    with detect_anomaly():
        trained(model)
    assert len(made) == 2


def test_dropout(made: list[Any]) -> None:
    model = with_dropout(random.Random(0))
    trained(model, CLASSES, cross_entropy)
    trained(model, CLASSES, cross_entropy)
    assert len(made) == 1
    model.layers[2].p = 0.25
    state, generator = model.state_dict(), model.layers[2].rng.getstate()
    actual = trained(model, CLASSES, cross_entropy)
    assert len(made) == 2
    model.load_state_dict(state)
    model.layers[2].rng.setstate(generator)
    assert actual == pytest.approx(trained(model, CLASSES, cross_entropy, executor="eager"), rel=1e-12)
    model.layers[2] = Dropout(0.25, random.Random(0))
    trained(model, CLASSES, cross_entropy)
    assert len(made) == 3, "another layer draws other numbers"
    model.layers[2].rng = random.Random(7)
    trained(model, CLASSES, cross_entropy)
    assert len(made) == 4


def test_a_sampler_of_the_user_is_recorded_anew(made: list[Any]) -> None:
    rng = random.Random(0)
    model = Clock(lambda: drawn(rng.random))  # type: ignore[arg-type, return-value]
    for _ in range(2):
        fit(model, X, Y, loss=mse, epochs=1, executor="numpy", progress=False)
    assert len(made) == 2


@pytest.mark.parametrize("executor", ["numpy", "auto"])
def test_neither_model_nor_data_are_kept_alive(executor: str) -> None:
    class Data(np.ndarray[Any, Any]):
        pass

    def used() -> list[Any]:
        model = mlp(4, 3)
        inner = Sequential(model, Linear(3, 3))
        for part in inner.modules():
            part.whole = inner  # type: ignore[attr-defined]
        samples = np.array(X).view(Data)
        for _ in range(2):
            fit(inner, samples, CLASSES, penalty=lambda m: losses.l2(inner.parameters(), 0.1), epochs=1, executor=executor, progress=False)
        assert id(inner) in TRAINED.models
        return [weakref.ref(inner), weakref.ref(model), weakref.ref(samples)]

    gone = used()
    gc.collect()
    assert [x() for x in gone] == [None] * 3


def test_a_bounded_number_is_kept(made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_engines, "TRAINED", KeptEngines(math.inf, 3))
    models = [mlp(2, 1) for _ in range(5)]
    for model in models:
        trained(model)
    assert kept_engines.TRAINED.models == set(map(id, models[-3:]))
    monkeypatch.setattr(kept_engines, "TRAINED", KeptEngines(10, 3))
    for model in models:
        trained(model)
    assert kept_engines.TRAINED.models == {id(models[-1])}, "the last one in any case"


def test_after_an_error_nothing_is_kept(made: list[Any]) -> None:
    model = mlp(4, 1)

    def interrupt(history: Any) -> None:
        raise KeyboardInterrupt

    trained(model, callbacks=[interrupt])
    assert id(model) not in TRAINED.models


def test_threads_that_train_the_same_model(made: list[Any]) -> None:
    model = mlp(4, 1)
    trained(model)

    def run(_: int) -> None:
        for _ in range(3):
            trained(model)

    in_threads(run, 3)
    state = model.state_dict()
    actual = trained(model)
    model.load_state_dict(state)
    assert actual == pytest.approx(trained(model, executor="eager"), rel=1e-12)


def test_evaluation_after_training(made: list[Any]) -> None:
    model = mlp(4, 1)
    many = X * 200
    for _ in range(2):
        trained(model)
        result = evaluate(model, many, Y * 200, loss=mse, metrics=[])
        assert result["loss"] == pytest.approx(math.fsum([mse(model(x), t).data for x, t in zip(X, Y, strict=True)]) / 9)
    assert len(made) == 2


def test_labels_count(made: list[Any]) -> None:
    def without_biases(model: Any) -> Any:
        return sum(p * p for p in model.parameters() if p.label != "b")

    model = MLP(3, [2, 1])
    trained(model, penalty=without_biases)
    trained(model, penalty=without_biases)
    assert len(made) == 2
    model.layers[0].neurons[0].w[0].label = "b"
    trained(model, penalty=without_biases)
    assert len(made) == 4
