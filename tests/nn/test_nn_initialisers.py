"""Initialisers: their distributions, and the same numbers everywhere."""

import math
import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from autograd import Value, dot
from autograd.errors import InputError
from nn import MLP, Conv2d, Embedding, Layer, Linear
from nn.initialisers import (
    constant,
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
    uniform,
    xavier_normal,
    xavier_uniform,
    zeros,
)

Draw = Callable[[int, int, random.Random], float]

NORMALS: list[tuple[Draw, float, float]] = [
    (normal(), 0.0, 1.0),
    (normal(mean=-3.0, std=0.5), -3.0, 0.5),
    (xavier_normal, 0.0, math.sqrt(2.0 / 50.0)),
    (he_normal, 0.0, math.sqrt(2.0 / 30.0)),
    (lecun_normal, 0.0, math.sqrt(1.0 / 30.0)),
]
UNIFORMS: list[tuple[Draw, float, float]] = [
    (uniform(1.0, 4.0), 1.0, 4.0),
    (xavier_uniform, -math.sqrt(6.0 / 50.0), math.sqrt(6.0 / 50.0)),
    (he_uniform, -math.sqrt(6.0 / 30.0), math.sqrt(6.0 / 30.0)),
]
N = 20_000


def drawn(initialiser: Draw, n: int = N, seed: int = 0) -> list[float]:
    """Weights of a layer of 30 inputs and 20 outputs."""
    rng = random.Random(seed)
    return [initialiser(30, 20, rng) for _ in range(n)]


def moments(sample: list[float]) -> tuple[float, float]:
    mean = math.fsum(sample) / len(sample)
    return mean, math.fsum((x - mean) ** 2 for x in sample) / len(sample)


@pytest.mark.seed("C1")
@pytest.mark.parametrize(("initialiser", "mean", "std"), NORMALS)
def test_normal_distributions(initialiser: Draw, mean: float, std: float) -> None:
    """Mean, variance and shape, each within 4 standard deviations of what so many draws give."""
    sample = drawn(initialiser)
    found_mean, found_variance = moments(sample)
    assert found_mean == pytest.approx(mean, abs=4.0 * std / math.sqrt(N))
    assert found_variance == pytest.approx(std * std, rel=4.0 * math.sqrt(2.0 / N))
    for deviations in (0.5, 1.0, 2.0, 3.0):
        p = math.erf(deviations / math.sqrt(2.0))
        inside = sum(abs(x - mean) <= deviations * std for x in sample)
        assert inside == pytest.approx(N * p, abs=4.0 * math.sqrt(N * p * (1.0 - p))), deviations


@pytest.mark.seed("C2")
@pytest.mark.parametrize(("initialiser", "low", "high"), UNIFORMS)
def test_uniform_distributions(initialiser: Draw, low: float, high: float) -> None:
    sample = drawn(initialiser)
    assert low <= min(sample) <= low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) <= max(sample) <= high
    for quarter in range(4):
        inside = sum(quarter <= 4.0 * (x - low) / (high - low) < quarter + 1 for x in sample)
        assert inside == pytest.approx(N / 4, abs=4.0 * math.sqrt(N * 3 / 16))
    found_mean, found_variance = moments(sample)
    assert found_mean == pytest.approx((low + high) / 2.0, abs=4.0 * (high - low) / math.sqrt(12.0 * N))
    assert found_variance == pytest.approx((high - low) ** 2 / 12.0, rel=0.03)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (xavier_normal, "xavier_normal_"),
        (xavier_uniform, "xavier_uniform_"),
        (he_normal, "kaiming_normal_"),
        (he_uniform, "kaiming_uniform_"),
    ],
)
def test_the_variances_are_pytorchs(torch: ModuleType, ours: Draw, theirs: str) -> None:
    torch.manual_seed(0)
    options = {"nonlinearity": "relu"} if "kaiming" in theirs else {}
    tensors = [getattr(torch.nn.init, theirs)(torch.empty(20, 30, dtype=torch.float64), **options) for _ in range(40)]
    expected = torch.stack(tensors).var().item()
    assert moments(drawn(ours))[1] == pytest.approx(expected, rel=0.05)


GOLDEN: list[tuple[Draw, list[float]]] = [
    (normal(), [1.0127987519960386, 0.6997375939802409, -0.20043145420447084]),
    (normal(mean=-3.0, std=0.5), [-2.4936006240019806, -2.6501312030098796, -3.1002157271022353]),
    (uniform(1.0, 4.0), [3.533265554575144, 3.2738632088209076, 2.261714742492535]),
    (xavier_uniform, [0.238622458431331, 0.1787160527714794, -0.05502962302634168]),
    (xavier_normal, [0.20255975039920773, 0.1399475187960482, -0.04008629084089417]),
    (he_uniform, [0.30806026917853885, 0.2307214320279552, -0.07104293784303117]),
    (he_normal, [0.26150351330268756, 0.180671469880048, -0.05175117894600333]),
    (lecun_normal, [0.1849109075604369, 0.12775402151912302, -0.03659360956711745]),
]


@pytest.mark.parametrize(("initialiser", "numbers"), GOLDEN)
def test_the_same_seed_gives_the_same_weights_everywhere(initialiser: Draw, numbers: list[float]) -> None:
    assert drawn(initialiser, 3) == numbers


def test_a_normal_weight_is_the_quantile_of_a_number_of_the_generator() -> None:
    rng = random.Random(0)
    for weight in drawn(normal(), 200):
        assert 0.5 * math.erfc(-weight / math.sqrt(2.0)) == pytest.approx(rng.random(), rel=1e-14)


@pytest.mark.parametrize("initialiser", [row[0] for row in NORMALS + UNIFORMS])
def test_one_number_of_the_generator_for_one_weight(initialiser: Draw) -> None:
    rng, counted = random.Random(5), random.Random(5)
    for _ in range(100):
        initialiser(3, 2, rng)
        counted.random()
        assert rng.getstate() == counted.getstate()


def test_the_ends_of_the_generator_are_weights_too() -> None:
    class Fixed(random.Random):
        def __init__(self, number: float) -> None:
            self.number = number

        def random(self) -> float:
            return self.number

    assert normal()(1, 1, Fixed(0.0)) == pytest.approx(-8.29, abs=0.01)
    assert normal()(1, 1, Fixed(1.0 - 2.0**-53)) == pytest.approx(8.21, abs=0.01)
    assert normal()(1, 1, Fixed(0.5)) == 0.0


def test_given_numbers() -> None:
    rng = random.Random(0)
    before = rng.getstate()
    assert [zeros(3, 2, rng), constant(0.5)(3, 2, rng), constant(-2)(3, 2, rng)] == [0.0, 0.5, -2.0]
    assert rng.getstate() == before
    assert uniform(2.0, 2.0)(3, 2, rng) == 2.0


def test_a_model_takes_them() -> None:
    model = MLP(2, [3, 1], initialiser=constant(0.25))
    assert {neuron_weight.data for layer in model.layers for neuron in layer.neurons for neuron_weight in neuron.w} == {0.25}


def test_equal_weights_stay_equal() -> None:
    """Why weights are drawn at random: with equal ones, a hidden layer has only one effective neuron."""
    model = MLP(2, [3, 1], "tanh", initialiser=constant(0.25))
    model([1.0, -2.0]).backward()
    gradients = [[w.grad for w in neuron.w] for neuron in model.layers[0].neurons]
    assert gradients[0] == gradients[1] == gradients[2] != [0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(math.inf), "the value of constant must be finite, not inf"),
        (lambda: constant("0"), "string"),
        (lambda: uniform(2.0, 1.0), "uniform needs low ≤ high, not 2.0 and 1.0"),
        (lambda: uniform(math.nan, 1.0), "low must be finite, not nan"),
        (lambda: uniform(0.0, math.inf), "high must be finite, not inf"),
        (lambda: normal(std=-1.0), "std must not be negative, but is -1.0"),
        (lambda: normal(mean=math.nan), "mean must be finite, not nan"),
        (lambda: normal(std=math.inf), "std must be finite, not inf"),
    ],
)
def test_settings_that_cannot_work(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        *[lambda draw: MLP(2, [3], initialiser=draw), lambda draw: Linear(2, 3, initialiser=draw)],
        *[lambda draw: Embedding(2, 3, initialiser=draw), lambda draw: Conv2d(1, 1, 2, initialiser=draw)],
    ],
)
def test_what_is_no_initialiser(make: Any) -> None:
    with pytest.raises(InputError, match=r"normal makes an initialiser: write initialiser=normal\(…\)"):
        make(normal)
    with pytest.raises(InputError, match="an initialiser is a function, as in initialiser=nn.initialisers.xavier_uniform, not 'xavier'"):
        make("xavier")


@pytest.mark.parametrize("initialiser", [xavier_uniform, xavier_normal])
@pytest.mark.parametrize(("activation", "kept"), [("tanh", 1.0), ("sigmoid", 0.25)])
def test_xavier_keeps_gradients_where_the_slope_at_0_is_1(initialiser: Draw, activation: str, kept: float) -> None:
    """The root mean square of the gradients with respect to the inputs of a layer, divided by that of its outputs. Weighted sums are near 0."""
    rng = random.Random(0)
    n = 150
    layer = Layer(n, n, activation, initialiser=initialiser, rng=rng)
    x = [Value(rng.gauss(0.0, 0.01)) for _ in range(n)]
    by_outputs = [rng.gauss(0.0, 1.0) for _ in range(n)]
    dot(by_outputs, layer(x)).backward()
    size = math.sqrt(math.fsum(v.grad**2 for v in x) / math.fsum(g * g for g in by_outputs))
    assert size == pytest.approx(kept, rel=0.15)
