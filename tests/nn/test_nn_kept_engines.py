"""`predict` and `evaluate` keep the recording of a model, and use it again until the model changes."""

import gc
import math
import pickle
import random
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from nn_cases import Branching, Gaussian, Guarded, Noisy, Opaque, mlp, recordings, with_dropout

from autograd import Value, log, no_grad
from autograd.errors import DomainError
from autograd.recording import drawn
from nn import (
    MLP,
    Dropout,
    History,
    Linear,
    Module,
    ReLU,
    Tanh,
    cross_entropy,
    evaluate,
    fit,
    losses,
    mse,
    predict,
)
from nn.engine.compiled_engine import CHUNK
from nn.engine.eager_engine import plain
from nn.engine.kept_engines import EVALUATED


@pytest.mark.parametrize(
    "model", [mlp(5, 3), mlp(4, 1), with_dropout(random.Random(0)), Branching(), Guarded(), Gaussian(), Opaque(math.sin)]
)
def test_the_answers_for_many_samples_are_those_for_each(model: Any) -> None:
    X = [[math.sin(i), math.cos(2.0 * i), i / 1500.0] for i in range(1500)]
    y = [float(i % 3) for i in range(1500)]
    assert len(X) % CHUNK
    modes = [module.training for module in model.modules()]
    many, each = predict(model, X), [out for x in X for out in predict(model, [x])]
    assert [type(out) for out in many] == [type(out) for out in each]
    assert numbers_of(many) == pytest.approx(numbers_of(each), rel=1e-12)
    if not isinstance(model, Gaussian):
        loss = cross_entropy if isinstance(each[0], list) else mse
        result = evaluate(model, X, y, loss=loss, metrics=[])
        some = [evaluate(model, [x], [t], loss=loss, metrics=[])["loss"] for x, t in zip(X, y, strict=True)]
        assert result["loss"] == pytest.approx(math.fsum(some) / 1500, rel=1e-12)
    assert [module.training for module in model.modules()] == modes


def numbers_of(outputs: Any) -> list[float]:
    if isinstance(outputs, dict):
        return numbers_of(list(outputs.values()))
    return [x for out in outputs for x in numbers_of(out)] if isinstance(outputs, (list, tuple)) else [outputs]


SCALE = 2.0


class Changing(Module):
    """A model that depends on many things."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.first, self.activation, self.dropout, self.last = Linear(3, 4, rng=rng), Tanh(), Dropout(0.5, rng), Linear(4, 2, rng=rng)
        self.factor = 1.5
        self.shift = np.array([0.5, -0.5])
        self.settings = {"twice": False, "offset": False}
        with no_grad():
            self.constant = Value(1.0) + 1.0

    def __call__(self, x: Any) -> Any:
        z = self.dropout(self.activation(self.first(x)))
        outputs = self.last(self.activation(z) if self.settings["twice"] else z)
        offset = self.constant if self.settings["offset"] else 0.0
        return [SCALE * self.factor * out + shift + offset for out, shift in zip(outputs, self.shift, strict=True)]


MANY = [[math.sin(i), math.cos(i), i / 1000] for i in range(1000)]

CHANGES: dict[str, Callable[[Any], Any]] = {
    "a number": lambda m: setattr(m, "factor", 2.5),
    "an array": lambda m: m.shift.__setitem__(0, 3.0),
    "a setting": lambda m: m.settings.update(twice=True),
    "a layer": lambda m: setattr(m, "last", Linear(4, 2, rng=random.Random(5))),
    "a weight": lambda m: m.first.weight[0].__setitem__(0, Value(9.0)),
    "an activation": lambda m: setattr(m, "activation", ReLU()),
    "a method": lambda m: setattr(type(m.activation), "__call__", lambda self, x: [z * z for z in x]),
    "a global": lambda m: globals().update(SCALE=3.0),
    "the sign of a zero": lambda m: setattr(m, "factor", -0.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_recorded_is_used_again_unless_the_model_has_changed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tanh, "__call__", Tanh.__call__)  # put back afterwards, as the global is
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    made, model = recordings(monkeypatch), Changing()
    if name == "the sign of a zero":
        model.factor = 0.0
    before = predict(model, MANY)
    model.first.bias[0].data = 0.25  # a number of a parameter is no change
    assert predict(model, MANY) != before or name == "the sign of a zero"
    assert len(made) == 1
    assert model.training
    CHANGES[name](model)
    actual = predict(model, MANY)
    assert len(made) == 2
    model.eval()
    expected = [plain(model(x)) for x in MANY]
    assert np.array(actual) == pytest.approx(np.array(expected), rel=1e-12, abs=1e-15)


def test_a_number_that_is_assigned_to_what_was_computed_before_is_seen() -> None:
    model = Changing()
    model.settings["offset"] = True
    first = predict(model, MANY)
    model.constant.data = 5.0
    assert np.array(predict(model, MANY)) == pytest.approx(np.array(first) + 3.0)


def test_losses_and_outputs_are_kept_together(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), mlp(4, 3)
    targets = [i % 3 for i in range(1000)]
    for _ in range(2):
        result = evaluate(model, MANY, targets, loss=lambda output, target: cross_entropy(output, target))
        predict(model, MANY)
    assert len(made) == 2, "functions that record the same are the same"
    other = evaluate(model, MANY, targets, loss=lambda output, target: 2.0 * cross_entropy(output, target))
    assert other["loss"] == pytest.approx(2.0 * result["loss"], rel=1e-14)
    assert len(made) == 3
    numbers, epochs = [], 3

    def measure(history: History) -> None:
        numbers.append(evaluate(model, MANY, targets)["loss"])

    fit(model, MANY, targets, epochs=epochs, callbacks=[measure], executor="eager", progress=False)
    assert len(set(numbers)) == epochs
    assert len(made) == 4, "once for all epochs"


def test_all_branches_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), Branching()
    for _ in range(2):
        assert predict(model, MANY) == pytest.approx([model(x).data for x in MANY], rel=1e-12)
        assert len(made) == 2


def test_of_random_numbers_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made, model = recordings(monkeypatch), Noisy(lambda: drawn(random.random))
    assert predict(model, MANY) != predict(model, MANY)
    assert len(made) == 2


def test_a_model_goes_with_what_was_recorded_of_it() -> None:
    def used() -> tuple[int, Any]:
        model = mlp(4, 3)
        predict(model, MANY)
        evaluate(model, MANY, [0] * 1000, loss=lambda output, target: cross_entropy(output, target) + losses.l2(model.parameters(), 0.1))
        assert id(model) in EVALUATED.models
        assert pickle.loads(pickle.dumps(model)).state_dict() == model.state_dict()
        return id(model), weakref.ref(model)

    key, gone = used()
    gc.collect()
    assert gone() is None
    assert key not in EVALUATED.models


def test_a_wide_model_is_recorded_for_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    made = recordings(monkeypatch)
    narrow, wide = MLP(3, [8, 2], rng=random.Random(0)), MLP(3, [600, 2], rng=random.Random(0))
    predict(narrow, MANY[:999])
    predict(wide, MANY[:99])
    assert not made
    predict(narrow, MANY)
    predict(wide, MANY[:100])
    assert len(made) == 2


def test_an_error_among_many_samples_names_it() -> None:
    model = Linear(1, 1, bias=False, initialiser=lambda *_: 1.0)
    X = [[1.0]] * 1000 + [[-1.0]] + [[1.0]] * 10
    with pytest.raises(DomainError, match=r"log\(a\) needs a > 0, but a = -1.0") as caught:
        evaluate(model, X, [0.0] * 1011, loss=lambda out, _: log(out[0]))
    assert caught.value.__notes__ == ["This was sample 1000."]
