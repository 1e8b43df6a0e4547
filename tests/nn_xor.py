"""A small model and its data, for the tests of training."""

import random

from nn import MLP, Module

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
CLASSES = [0, 1, 1, 0]
EXECUTORS = ["eager", "numpy"]


def xor_model(seed: int = 0) -> MLP:
    return MLP(2, [8, 2], "tanh", rng=random.Random(seed))


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]
