"""Training at scale: networks of hundreds of thousands of parameters, `fit` beside PyTorch's loop, an epoch each."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import nn
from benchmarks.cases import executors, packages
from benchmarks.results import rounded

CASES = {"784-300-100-10": ((300, 100, 10), 2000), "784-1000-1000-10": ((1000, 1000, 10), 2000)}
"""The widths of the layers, and the number of samples."""
INPUTS, BATCH, RATE = 784, 32, 0.05


def data(samples: int) -> tuple[Any, Any]:
    """Images of which a fifth of the pixels is not 0, as in MNIST, and labels."""
    rng = np.random.default_rng(0)
    return rng.random((samples, INPUTS)) * (rng.random((samples, INPUTS)) < 0.2), rng.integers(0, 10, samples)


def ours(widths: Sequence[int], X: Any, y: Any, epochs: int) -> tuple[float, list[float], list[float]]:
    """The seconds that the network took to be made, those of each call of `fit` for one epoch, and the losses."""
    start = time.process_time()
    model = nn.MLP(INPUTS, list(widths), "relu", rng=random.Random(0))
    made = time.process_time() - start
    optimizer = nn.SGD(model.parameters(), lr=RATE)
    seconds, losses = [], []
    for _ in range(epochs):
        start = time.process_time()
        history = nn.fit(
            model, X, y, loss=nn.cross_entropy, optimizer=optimizer, epochs=1, batch_size=BATCH, executor=executors()[-1],
            rng=random.Random(0), progress=False,
        )  # fmt: skip
        seconds.append(time.process_time() - start)
        losses.append(history.loss[-1])
    return made, seconds, losses


def torches(widths: Sequence[int], X: Any, y: Any, epochs: int) -> tuple[list[float], list[float]]:
    """The same in PyTorch, in 64 bits and from the same weights."""
    torch = packages().torch
    torch.set_num_threads(1)
    model = nn.MLP(INPUTS, list(widths), "relu", rng=random.Random(0))
    layers: list[Any] = []
    for layer in model.layers:
        linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[w.data for w in neuron.w] for neuron in layer.neurons]))
            linear.bias.copy_(torch.tensor([neuron.b.data for neuron in layer.neurons]))
        layers += [linear, torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    inputs, targets = torch.tensor(X), torch.tensor(y)
    seconds, losses = [], []
    for _ in range(epochs):
        order = list(range(len(X)))
        random.Random(0).shuffle(order)
        start, total = time.process_time(), 0.0
        for k in range(0, len(order), BATCH):
            some = order[k : k + BATCH]
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(inputs[some]), targets[some])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(some)
        seconds.append(time.process_time() - start)
        losses.append(total / len(order))
    return seconds, losses


def report(epochs: int = 4) -> dict[str, Any]:
    """Print a table, and return what it shows."""
    rows: dict[str, dict[str, float]] = {}
    print("\ntraining, seconds: to make the network; fit for an epoch, at first, with recording, and later; an epoch of PyTorch\n")
    for name, (widths, samples) in CASES.items():
        X, y = data(samples)
        gc.collect()
        made, seconds, losses = ours(widths, X, y, epochs)
        rows[name] = {"made": rounded(made), "first": rounded(seconds[0]), "later": rounded(float(np.median(seconds[1:])))}
        if packages().torch:
            theirs, expected = torches(widths, X, y, epochs)
            if not np.allclose(losses, expected, rtol=1e-6):
                raise RuntimeError(f"{name}: the losses are {losses}, and PyTorch's {expected}")
            rows[name]["PyTorch"] = rounded(float(np.median(theirs)))
        print(f"{name:24}" + "".join(f"{key} {value:.3g}   " for key, value in rows[name].items()))
    return {"training, seconds": rows}
