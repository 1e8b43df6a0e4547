"""Nielsen's networks for handwritten digits, trained and compared with what he published.

    python examples/nielsen.py [--mnist FILE.npz] [--epochs 30] [--improved]

The first one: 784-30-10 sigmoid neurons, quadratic cost, mini-batches of 10, η = 3. The improved one: 100 hidden neurons, cross-entropy,
weights from N(0, 1/√inputs), L2 regularisation with λ/n = 5/50,000, η = 0.1, and early stopping on images held out for that. Both learn,
as his did, from five sixths of the training images: 50,000 of MNIST's 60,000, where no file is given.

Source: Nielsen, "Neural networks and deep learning" (2015), chapters 1 and 3.
"""

from __future__ import annotations

import argparse
import os
import random
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices of mini-batches are too small to be shared out

from autograd import Value
from nn import MLP, SGD, History, Module, evaluate, fit
from nn.data import mnist
from nn.initialisers import lecun_normal, normal
from nn.losses import binary_cross_entropy_with_logits, l2, quadratic


def cross_entropy(output: Any, target: Any) -> Value:
    """−Σ [y ln a + (1 − y) ln(1 − a)] over the ten outputs a = σ(z), from the logits z: the library's is their mean."""
    total: Value = len(output) * binary_cross_entropy_with_logits(output, target)
    return total


def weight_decay(model: Module) -> Value:
    """½ · λ/n · Σ w² over the weights, without the biases."""
    return l2([p for name, p in model.named_parameters() if ".w." in name], 5.0 / 50_000)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Train Nielsen's network for handwritten digits.")
    parser.add_argument("--mnist", metavar="FILE.npz", help="images and labels, see nn.data.mnist; by default MNIST is downloaded")
    parser.add_argument("--epochs", type=int, help="at most; by default 30, or 60 with --improved, as he did")
    parser.add_argument("--improved", action="store_true", help="the network of chapter 3 instead of that of chapter 1")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the images (default: %(default)s)")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    (X, labels), (X_test, labels_test) = mnist(rng, options.mnist)
    y, y_test = ([[float(k == label) for k in range(10)] for label in some] for some in (labels, labels_test))
    cut = len(X) * 5 // 6
    learned, held_out = (X[:cut], y[:cut]), (X[cut:], y[cut:])

    improved: bool = options.improved
    epochs: int = options.epochs or (60 if improved else 30)
    sizes, output = ([100, 10], None) if improved else ([30, 10], "sigmoid")
    model = MLP(784, sizes, "sigmoid", output, rng=rng, initialiser=lecun_normal if improved else normal())
    for name, p in model.named_parameters():
        if name.endswith(".b"):
            p.data = normal()(1, 1, rng)
    optimizer, loss = SGD(model.parameters(), lr=0.1 if improved else 3.0), cross_entropy if improved else quadratic

    def report(history: History) -> None:
        cost, accuracy, seconds = history.loss[-1], history.validation_accuracy[-1], history.seconds[-1]
        print(f"epoch {len(history.loss)}/{epochs}: cost {cost:.4f}, validation accuracy {accuracy:.2%}, {seconds:.1f} s", flush=True)

    print(f"784-{sizes[0]}-10: {cut:,} images to learn from, {len(X) - cut:,} to validate, {len(X_test):,} for the test", flush=True)
    fit(
        model, *learned, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=10, callbacks=[report], rng=rng, progress=False,
        metrics="accuracy", penalty=weight_decay if improved else None,
        validation=held_out, patience=10 if improved else None,
    )  # fmt: skip
    accuracy = evaluate(model, X_test, y_test, loss=loss, metrics="accuracy")["accuracy"]
    published = "98.04 %, of the validation images" if improved else "95.42 %, the best of all epochs"
    print(f"test accuracy {accuracy:.2%}; Nielsen, with 50,000 images to learn from: {published}")


if __name__ == "__main__":
    main()
