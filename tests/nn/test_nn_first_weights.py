"""The weights with which a network starts: the same seed gives the same bits, in every version."""

import hashlib
import random
import struct
from typing import Any

import pytest

from nn import MLP, Embedding, Linear, Module, initialisers


def digest(model: Module) -> str:
    numbers = [p.data for p in model.parameters()]
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()[:16]


WEIGHTS = {
    "xavier_uniform": ("de9a0b1b7b903adb", "3ca0ce33e0c8ac7a"),
    "xavier_normal": ("02eda394b031fd79", "de47e62bca2c6b6c"),
    "he_uniform": ("39ea7644119b083c", "8ec8d95db233f808"),
    "he_normal": ("eaa7e4ed9a61cb82", "4f3b8f66f5d97de2"),
    "lecun_normal": ("ea22c0d6f8ee2f80", "70c9f6ba07d94b71"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_seed_gives_the_same_weights(name: str) -> None:
    initialiser: Any = getattr(initialisers, name)
    random.seed(1337)
    assert (digest(MLP(3, [4, 2], initialiser=initialiser)), digest(Linear(3, 4, initialiser=initialiser))) == WEIGHTS[name]


def test_micrograds_network_and_weights_between_minus_one_and_one() -> None:
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert [p.data for p in model.parameters()[:3]] == [0.5607790225059079, -1.0071614111056921, 0.0]
    assert digest(model) == "4402650edbe4586d"
    rng = random.Random(1337)
    expected = [rng.uniform(-1.0, 1.0) for _ in range(6)]
    one = MLP(2, [3], rng=random.Random(1337), initialiser=initialisers.uniform(-1.0, 1.0))
    assert [w.data for neuron in one.layers[0].neurons for w in neuron.w] == expected
    assert digest(MLP(3, [4, 2], rng=random.Random(5), initialiser=initialisers.uniform(-1.0, 1.0))) == "cda46b255de8816b"


def test_labels() -> None:
    first, second = MLP(2, [2]).layers[0].neurons
    assert [p.label for p in first.parameters()] == ["w0", "w1", "b"]
    assert first.w[1].label is second.w[1].label, "one string for all neurons of a layer"
    assert [p.label for p in Linear(2, 1).parameters()] == ["weight[0][0]", "weight[0][1]", "bias[0]"]
    assert Embedding(2, 2).weight[1][0].label == "weight[1][0]"
