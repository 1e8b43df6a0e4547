"""`diagnose` of every layer and of modules of one's own: compiled and eager say the same, nothing changes, and what is shown."""

import math
import random
import re
import threading
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nn_figures import drawn

import nn
from autograd import Value, define, dot, maximum, no_grad, tanh
from autograd.errors import DomainError, InputError, MissingPackageError
from nn import MLP, SGD, Conv2d, Diagnosis, Dropout, Embedding, Flatten, Layer, Linear, Module, Neuron, Sequential, diagnose, fit
from nn.checkup.curvature import largest_eigenvalue
from nn.checkup.running import EAGER
from nn.initialisers import constant, he_uniform, normal, xavier_uniform
from nn.losses import binary_cross_entropy_with_logits, cross_entropy, mse

(X, Y), _ = nn.data.moons(random.Random(0), samples=75)

RNG = random.Random(1)
IMAGES = [[[[RNG.gauss(0.0, 1.0) for _ in range(6)] for _ in range(6)]] for _ in range(24)]
OF_IMAGES = [i % 2 for i in range(24)]


class Inline(Module):
    """Layers that are written out within one module."""

    def __init__(self, initialiser: Callable[..., float] = xavier_uniform) -> None:
        rng = random.Random(0)
        self.W = [[Value(initialiser(2, 5, rng)) for _ in range(2)] for _ in range(5)]
        self.V = [[Value(initialiser(5, 4, rng)) for _ in range(5)] for _ in range(4)]
        self.b = [Value(0.1) for _ in range(4)]
        self.out = [[Value(initialiser(4, 2, rng)) for _ in range(4)] for _ in range(2)]

    def __call__(self, x: Any) -> Any:
        h = [tanh(dot(w, x)) for w in self.W]
        g = [maximum(0.0, dot(v, h) + b) for v, b in zip(self.V, self.b, strict=True)]
        return [dot(w, g) for w in self.out]


class Between(Module):
    """Functions between layers."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.first, self.second, self.drop = Linear(2, 6, rng=rng), Linear(6, 2, rng=rng), Dropout(0.5, rng=random.Random(4))

    def __call__(self, x: Any) -> Any:
        return self.second(self.drop([tanh(z) for z in self.first(x)]))


class Recurrent(Module):
    """One layer for all steps."""

    def __init__(self) -> None:
        rng = random.Random(0)
        self.cell, self.out = Linear(4, 3, rng=rng), Linear(3, 2, rng=rng)

    def __call__(self, xs: Any) -> Any:
        h: list[Any] = [0.0] * 3
        for x in xs:
            h = [tanh(z) for z in self.cell([*h, x])]
        return self.out(h)


class Words(Module):
    def __init__(self) -> None:
        rng = random.Random(0)
        self.table, self.out = Embedding(9, 3, rng=rng), Linear(6, 2, rng=rng)

    def __call__(self, x: Any) -> Any:
        return self.out([number for row in self.table(x) for number in row])


class Slots(Module):
    __slots__ = ("inner",)

    def __init__(self) -> None:
        self.inner = Layer(2, 2, "tanh", rng=random.Random(0))

    def __call__(self, x: Any) -> Any:
        return self.inner(x)


class Itself(Module):
    """It refers to itself, is called through `super`, and is of a class with a metaclass."""

    def __init__(self) -> None:
        self.inner, self.me = Twice(2, 2, rng=random.Random(0)), self

    def __call__(self, x: Any) -> Any:
        return self.inner(x)


class Twice(Linear):
    def __call__(self, x: Any) -> Any:
        return [2.0 * z for z in super().__call__(x)]


class ByKey(Module):
    def __init__(self) -> None:
        self.layer = Linear(2, 2, rng=random.Random(0))

    def __call__(self, sample: Any) -> Any:
        return self.layer([sample["a"], sample["b"]])


def convolutional() -> Sequential:
    rng = random.Random(0)
    return Sequential(Conv2d(1, 2, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), Conv2d(2, 3, 2, bias=False, rng=rng), nn.AvgPool2d(2), Flatten(),
                      Linear(3, 2, rng=rng))  # fmt: skip


def activations() -> Sequential:
    rng = random.Random(0)
    kinds = [nn.ELU(), nn.GELU(), nn.Identity(), nn.LeakyReLU(), nn.ReLU(), nn.Sigmoid(), nn.SiLU(), nn.Softplus(), nn.Tanh(), nn.Softmax()]
    return Sequential(
        Linear(2, 4, rng=rng), *[layer for kind in kinds for layer in (kind, Linear(4, 4, rng=rng))], Linear(4, 2, rng=rng), nn.LogSoftmax()
    )


SEQUENCES = [[RNG.gauss(0.0, 1.0) for _ in range(6)] for _ in range(30)]
INDICES = [RNG.sample(range(9), 2) for _ in range(30)]

MODELS: dict[str, tuple[Callable[[], Module], Any, Any, Any]] = {
    "MLP": (lambda: MLP(2, [4, 3, 2], rng=random.Random(0)), X, Y, cross_entropy),
    "MLP of one output": (lambda: MLP(2, [4, 1, 1], "tanh", rng=random.Random(0)), X, Y, binary_cross_entropy_with_logits),
    "Layer with softmax": (lambda: Layer(2, 2, "softmax", rng=random.Random(0)), X, [[1.0 - y, y] for y in Y], mse),
    "Neuron": (lambda: Neuron(2, "tanh", rng=random.Random(0)), X, Y, mse),
    "Linear": (lambda: Linear(2, 2, bias=False, rng=random.Random(0)), X, Y, cross_entropy),
    "activations": (activations, X, Y, cross_entropy),
    "convolutional": (convolutional, IMAGES, OF_IMAGES, cross_entropy),
    "arrays": (convolutional, np.array(IMAGES), np.array(OF_IMAGES), cross_entropy),
    "embedding": (Words, INDICES, [i % 2 for i in range(30)], cross_entropy),
    "inline": (Inline, X, Y, cross_entropy),
    "functions between layers": (Between, X, Y, cross_entropy),
    "recurrent": (Recurrent, SEQUENCES, [i % 2 for i in range(30)], cross_entropy),
    "slots": (Slots, X, Y, cross_entropy),
    "itself": (Itself, X, Y, cross_entropy),
    "dicts": (ByKey, [{"a": a, "b": b} for a, b in X], Y, cross_entropy),
}


def uncompiled(loss: Any) -> Any:
    """The same loss, which cannot be compiled, because it reads a number."""

    def same(output: Any, target: Any) -> Any:
        result = loss(output, target)
        assert result.data == result.data
        return result

    return same


@pytest.mark.parametrize("name", MODELS)
def test_compiled_and_eager_say_the_same(name: str) -> None:
    make, samples, targets, loss = MODELS[name]
    compiled = diagnose(make(), samples, targets, loss=loss, lr=1e-9)
    eager = diagnose(make(), samples, targets, loss=uncompiled(loss), lr=1e-9)
    assert compiled.reason == ""
    assert ".data" in eager.reason
    assert compiled.samples == eager.samples == len(samples)
    assert [row[:3] for row in compiled.layers] == [row[:3] for row in eager.layers]
    for ours, theirs in zip(compiled.layers, eager.layers, strict=True):
        assert ours[3:] == pytest.approx(theirs[3:], rel=1e-8, abs=1e-12, nan_ok=True), ours.name
    assert compiled.loss == pytest.approx(eager.loss, rel=1e-12)
    assert compiled.chance == pytest.approx(eager.chance, nan_ok=True)
    assert [finding[:4] for finding in compiled.findings] == [finding[:4] for finding in eager.findings]
    if len(samples) <= 32:
        assert compiled.curvature == pytest.approx(eager.curvature, rel=1e-2)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_of_the_model_changes(name: str) -> None:
    make, samples, targets, loss = MODELS[name]
    model = make()
    for i, p in enumerate(model.parameters()):
        p.grad = float(i)
    dropout = next((module for module in model.modules() if isinstance(module, Dropout)), None)
    classes, modes = [type(module) for module in model.modules()], [module.training for module in model.modules()]
    random.seed(7)
    before = model.state_dict(), [p.grad for p in model.parameters()], random.getstate(), dropout and dropout.rng.getstate(), repr(model)
    optimizer = SGD(model.parameters(), lr=100.0, momentum=0.9)
    for one in (loss, uncompiled(loss)):
        diagnose(model, samples, targets, loss=one, optimizer=optimizer)
    after = model.state_dict(), [p.grad for p in model.parameters()], random.getstate(), dropout and dropout.rng.getstate(), repr(model)
    assert after == before
    assert [type(module) for module in model.modules()] == classes
    assert [module.training for module in model.modules()] == modes
    assert optimizer.velocity == 0.0


def test_a_model_that_changes_itself_stays_as_it_is() -> None:
    class Counter(Module):
        def __init__(self) -> None:
            self.layer, self.calls = Linear(2, 2, rng=random.Random(0)), 0

        def __call__(self, x: Any) -> Any:
            self.calls += 1
            noise = random.gauss(0.0, 0.1)
            return [z + noise for z in self.layer(x)]

    random.seed(3)
    state = random.getstate()
    model = Counter()
    assert diagnose(model, X, Y).samples == len(X)
    assert model.calls == 0
    assert random.getstate() == state


OUTSIDE, OF_NUMPY = random.Random(8), np.random.default_rng(8)


def test_generators_outside_of_the_model_stay_as_they_are() -> None:
    class Noisy(Module):
        def __init__(self) -> None:
            self.layer = Linear(2, 2, rng=random.Random(0))

        def __call__(self, x: Any) -> Any:
            return [z + 0.1 * (OUTSIDE.random() + OF_NUMPY.random()) for z in self.layer(x)]

    before = OUTSIDE.getstate(), OF_NUMPY.bit_generator.state
    diagnosis = diagnose(Noisy(), X, Y)
    assert "random numbers" in diagnosis.reason
    assert (OUTSIDE.getstate(), OF_NUMPY.bit_generator.state) == before


def test_a_loss_may_refer_to_the_model() -> None:
    model = MLP(2, [3, 2], rng=random.Random(0))
    loss = uncompiled(lambda output, target: cross_entropy(output, target) + nn.losses.l2(model.parameters(), 0.1))
    diagnose(model, X, Y, loss=loss)
    assert all(p.grad == 0.0 for p in model.parameters())


def test_training_goes_on_as_if_nothing_had_been_diagnosed() -> None:
    def weights(with_diagnosis: bool) -> dict[str, float]:
        model = Between()
        for _ in range(2):
            fit(model, X, Y, epochs=2, optimizer=SGD(model.parameters(), lr=0.1), rng=random.Random(0), progress=False)
            if with_diagnosis:
                diagnose(model, X, Y)
        return model.state_dict()

    assert weights(True) == weights(False)


def test_under_no_grad() -> None:
    with no_grad():
        inside = diagnose(MLP(2, [3, 2], rng=random.Random(0)), X, Y)
    assert inside == diagnose(MLP(2, [3, 2], rng=random.Random(0)), X, Y)


# -- modules of one's own ------------------------------------------------------------------------------------------------


def row(diagnosis: Diagnosis, name: str) -> Any:
    return next(row for row in diagnosis.layers if row.name == name)


def test_layers_within_one_module() -> None:
    model = Inline()
    model.b[2].data = -100.0
    diagnosis = diagnose(model, X, Y)
    assert [(row.name, row.units) for row in diagnosis.layers] == [("Inline, tanh 1", 5), ("Inline, maximum 2", 4), ("Inline", 2)]
    h = np.array([[tanh(dot(w, x)).data for w in model.W] for x in X])
    assert row(diagnosis, "Inline, tanh 1").mean == pytest.approx(h.mean())
    assert row(diagnosis, "Inline, tanh 1").spread == pytest.approx(h.std())
    (finding,) = diagnosis.of_kind("dead units")
    assert (finding.where, finding.neurons) == ("Inline, maximum 2", (2,))
    (finding,) = diagnose(Inline(constant(0.4)), X, Y).of_kind("copies")[:1]
    assert finding.where == "Inline, tanh 1"


def test_functions_between_layers() -> None:
    model = Between()
    diagnosis = diagnose(model, X, Y)
    assert [row.name for row in diagnosis.layers] == [
        "first",
        "drop",
        "second",
    ]  # the dropout, which changes nothing, has what it was given
    assert row(diagnosis, "drop").flat == 0.0
    assert row(diagnosis, "first").slope > 0.0
    assert math.isnan(row(diagnosis, "drop").slope)


def test_a_gradient_that_vanishes_through_time() -> None:
    class Long(Recurrent):
        def __init__(self) -> None:
            super().__init__()
            for p in self.cell.parameters():
                p.data *= 0.1

    diagnosis = diagnose(Long(), SEQUENCES, [i % 2 for i in range(30)])
    steps = [row for row in diagnosis.layers if "tanh" in row.name]
    assert [row.name for row in steps] == [f"Long, tanh {i}" for i in range(1, 7)]
    assert all(a.gradient < 0.5 * b.gradient for a, b in pairwise(steps))
    assert diagnosis.of_kind("vanishing gradient")[0].where == "Long, tanh 1"


def test_a_long_loop_has_one_row() -> None:
    long = [[*row, *row, *row, *row] for row in SEQUENCES]
    diagnosis = diagnose(Recurrent(), long, [i % 2 for i in range(30)])
    assert sorted((row.name, row.units) for row in diagnosis.layers) == [("Recurrent, tanh", 3), ("cell", 3), ("out", 2)]


def test_sequences_of_different_lengths() -> None:
    rng = random.Random(0)
    rows = [[rng.gauss(0.0, 1.0) for _ in range(rng.choice([3, 4, 5]))] for _ in range(30)]
    diagnosis = diagnose(Recurrent(), rows, [i % 2 for i in range(30)], lr=0.1)
    assert diagnosis.reason == "the samples are of different shapes"
    assert diagnosis.samples == 30
    assert math.isfinite(diagnosis.curvature)


def test_a_layer_that_is_called_several_times() -> None:
    class Again(Module):
        def __init__(self) -> None:
            rng = random.Random(0)
            self.layers, self.relu = [Linear(2, 2, rng=rng) for _ in range(3)], nn.Tanh()

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = self.relu(layer(x))
            return x

    assert [row.name for row in diagnose(Again(), X, Y).layers] == [
        "layers.0",
        "relu",
        "layers.1",
        "relu, call 2",
        "layers.2",
        "relu, call 3",
    ]


def test_an_operation_of_ones_own() -> None:
    square = define("square_of_ones_own", lambda xp, a: a * a, lambda xp, y, a: 2.0 * a)

    class Squared(Module):
        def __init__(self) -> None:
            self.layer = Linear(2, 2, rng=random.Random(0))

        def __call__(self, x: Any) -> Any:
            return [square(z) for z in self.layer(x)]

    diagnosis = diagnose(Squared(), X, Y)
    assert [row.name for row in diagnosis.layers] == ["layer", "Squared"]
    assert math.isnan(diagnosis.layers[1].flat)


def test_which_numbers_a_layer_returns_may_depend_on_the_sample() -> None:
    class Gate(Module):
        def __init__(self) -> None:
            rng = random.Random(0)
            self.left, self.right = Linear(2, 2, rng=rng), Linear(2, 2, rng=rng)

        def __call__(self, x: Any) -> Any:
            return self.left(x) if x[0] > 0.0 else self.right(x)

    diagnosis = diagnose(Gate(), X, Y)
    assert diagnosis.reason == "which numbers the layers return depends on the sample"
    assert {row.name for row in diagnosis.layers} == {"left", "right"}


def test_of_many_samples_that_cannot_be_compiled_some_are_looked_at() -> None:
    samples, targets = X * 20, Y * 20
    diagnosis = diagnose(MLP(2, [3, 2], rng=random.Random(0)), samples, targets, loss=uncompiled(cross_entropy))
    assert diagnosis.of == len(samples)
    assert EAGER // 2 < diagnosis.samples <= EAGER
    assert f"{diagnosis.samples} samples of 1,200" in repr(diagnosis)
    assert "not compiled: " in repr(diagnosis)


# -- what is wrong with the call -----------------------------------------------------------------------------------------


def test_what_cannot_be_diagnosed() -> None:
    model = MLP(2, [3, 2])
    with pytest.raises(InputError, match=r"diagnose looks into a Module, whose layers are known, not <function"):
        diagnose(lambda x: x, X, Y)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"ReLU\(\) has no parameters: there is nothing that could learn"):
        diagnose(nn.ReLU(), X, Y)
    with pytest.raises(InputError, match="diagnose needs as many targets as samples, at least one: 60 samples, 59 targets"):
        diagnose(model, X, Y[1:])
    with pytest.raises(InputError, match="give optimizer or lr, not both: the optimizer has the learning rate 0.5"):
        diagnose(model, X, Y, optimizer=SGD(model.parameters(), lr=0.5), lr=0.1)
    with pytest.raises(InputError, match="the optimizer has the parameters of another model"):
        diagnose(model, X, Y, optimizer=SGD(MLP(2, [3, 2]).parameters(), lr=0.5))
    with pytest.raises(InputError, match="optimizer must be an optimizer of the parameters, .* not 0.1"):
        diagnose(model, X, Y, optimizer=0.1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"lr must be positive, not -1\.0"):
        diagnose(model, X, Y, lr=-1.0)
    with pytest.raises(InputError, match="loss must be a function of an output and a target"):
        diagnose(model, X, Y, loss="mse")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="this neuron takes 3 inputs, not 2") as caught:
        diagnose(MLP(3, [2]), X, Y)
    assert caught.value.__notes__ == ["This was sample 0."]


def test_a_sample_at_which_the_loss_is_not_defined() -> None:
    model = MLP(1, [1], initialiser=constant(1.0))
    with pytest.raises(DomainError, match="binary_cross_entropy needs probabilities, not 4.0") as caught:
        diagnose(model, [[0.5], [0.25], [4.0], [0.125]], [0, 1, 1, 0], loss=nn.losses.binary_cross_entropy)
    assert caught.value.__notes__ == ["This was sample 2."]


def test_a_model_that_cannot_be_copied() -> None:
    class Locked(Module):
        def __init__(self) -> None:
            self.layer, self.lock = Linear(2, 2), threading.Lock()

        def __call__(self, x: Any) -> Any:
            return self.layer(x)

    with pytest.raises(InputError, match=r"copy\.deepcopy of Locked fails: cannot pickle '_thread.lock' object"):
        diagnose(Locked(), X, Y)


# -- what is shown -------------------------------------------------------------------------------------------------------


def ill() -> Diagnosis:
    return diagnose(MLP(2, [4, 4, 2], "relu", rng=random.Random(0), initialiser=normal(0.0, 0.01)), X, Y, lr=1e6)


def test_the_table() -> None:
    diagnosis = diagnose(MLP(2, [2, 2], "tanh", initialiser=constant(0.5)), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    lines = repr(diagnosis).splitlines()
    assert lines[0] == "loss 0.6931 on 4 samples; answering with the frequencies of the classes, 0.6931"
    assert re.fullmatch(r"learning rates are stable below 2/λ = [\d.]+, where λ = [\d.]+", lines[1])
    assert lines[3].split() == ["layer", "description", "units", "mean", "spread", "gradient", "|∂L/∂p|", "flat", "stuck"]
    assert lines[5].split() == ["layers.0", "Layer(2,", "2,", "tanh)", "2", "0.421", "0.272", "0", "0", "0%", "0"]
    assert lines[6].split()[-2:] == ["–", "–"]
    assert lines[8] == "serious: copies"
    assert max(map(len, lines)) <= 110


def test_lines_of_one_kind_are_together() -> None:
    model = MLP(2, [4, 4, 2], "relu", rng=random.Random(0))
    for layer in model.layers[:2]:
        for neuron in layer.neurons[:3]:
            neuron.b.data = -50.0
    text = repr(diagnose(model, X, Y))
    assert text.count("dead units") == 1
    assert text.count("have no gradient") == 2
    assert text.index("serious: ") < text.index("note: ") if "note: " in text else True


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_of_a_notebook() -> None:
    class Named(Module):
        def __init__(self) -> None:
            setattr(self, "<b>&", Linear(2, 2, rng=random.Random(0)))

        def __call__(self, x: Any) -> Any:
            return getattr(self, "<b>&")(x)

    diagnosis = diagnose(Named(), X, Y, lr=1e6)
    page = Tags()
    page.feed(diagnosis._repr_html_())
    assert page.open == []
    assert "<b>&" in page.texts
    assert page.seen.count("tr") == 1 + len(diagnosis.layers)
    assert any("rate too high" in text for text in page.texts)


def test_the_plot() -> None:
    pytest.importorskip("matplotlib")
    diagnosis = ill()
    figure = drawn(diagnosis.plot())
    left, middle, right = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["outputs: mean ± spread", "gradient at the outputs", "flat outputs"]
    assert [label.get_text() for label in left.get_xticklabels()] == ["layers.0", "layers.1", "layers.2"]
    assert list(middle.lines[0].get_ydata()) == [row.gradient for row in diagnosis.layers]
    assert middle.get_yscale() == "log"
    heights = [patch.get_height() for patch in right.patches]
    assert heights[:2] == pytest.approx([100.0 * row.flat for row in diagnosis.layers[:2]])
    assert heights[3:5] == pytest.approx([100.0 * row.stuck / row.units for row in diagnosis.layers[:2]])


def test_plots_of_many_layers_and_of_gradients_that_are_zero() -> None:
    pytest.importorskip("matplotlib")
    deep = MLP(2, [3] * 30 + [2], "sigmoid", rng=random.Random(0))
    zero = MLP(2, [3, 2], "relu", rng=random.Random(0), initialiser=lambda fan_in, fan_out, rng: 0.0)
    for model in (deep, zero, Linear(2, 2, rng=random.Random(0)), MLP(2, [4, 2], "tanh", rng=random.Random(0), initialiser=he_uniform)):
        drawn(diagnose(model, X, Y).plot())
    figure = diagnose(zero, X, Y).plot()
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == ["exactly 0"]


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="plotting needs matplotlib"):
        ill().plot()


def test_power_iteration() -> None:
    rng = np.random.default_rng(0)
    for shift in (-3.0, 0.0, 3.0):
        a = rng.normal(size=(12, 12))
        matrix = a + a.T + shift * np.eye(12)
        expected = float(np.linalg.eigvalsh(matrix)[-1])
        assert largest_eigenvalue(lambda v, matrix=matrix: matrix @ v, 12) == pytest.approx(expected, rel=0.05)
    assert largest_eigenvalue(lambda v: 0.0 * v, 3) == 0.0


def test_the_module_is_imported_by_no_one_else() -> None:
    """It is on the ground floor of what users call: nothing of nn needs it."""
    folder = Path(nn.__file__).parent
    users = [path for path in folder.rglob("*.py") if "nn.checkup" in path.read_text(encoding="utf-8") and path.parent.name != "checkup"]
    assert users == [folder / "__init__.py"]
