"""Neural networks on scalar Values: micrograd's classes, PyTorch's and Keras's words.

>>> from nn import MLP
>>> model = MLP(2, [16, 16, 1])
>>> score = model([1.0, -2.0])
>>> score.backward()
"""

from typing import TYPE_CHECKING, Any

from nn import activations, convolution, data, initialisers, layers, losses, metrics, optimizers, plots, schedules
from nn.activations import (
    ELU,
    GELU,
    Hardmax,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from nn.checkup import Diagnosis, diagnose
from nn.convolution import AvgPool2d, Conv2d, MaxPool2d
from nn.data import batches
from nn.films.film import film
from nn.history import History
from nn.inference import evaluate, predict
from nn.layers import MLP, Dropout, Embedding, Flatten, Layer, Linear, Neuron, Sequential
from nn.losses import cross_entropy, mse
from nn.module import Module
from nn.optimizers import SGD, Adam, AdamW, RMSprop, clip_grad_norm_, clip_grad_value_
from nn.persistence import load, save
from nn.plots import new_figure, plot_activation, plot_decision_boundary, plot_gradients, plot_network
from nn.training import fit

if TYPE_CHECKING:
    from nn import estimators as estimators

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "Conv2d",
    "Diagnosis",
    "Dropout",
    "Embedding",
    "Flatten",
    "Hardmax",
    "History",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "Neuron",
    "RMSprop",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "activations",
    "batches",
    "clip_grad_norm_",
    "clip_grad_value_",
    "convolution",
    "cross_entropy",
    "data",
    "diagnose",
    "evaluate",
    "film",
    "fit",
    "initialisers",
    "layers",
    "load",
    "losses",
    "metrics",
    "mse",
    "new_figure",
    "optimizers",
    "plot_activation",
    "plot_decision_boundary",
    "plot_gradients",
    "plot_network",
    "plots",
    "predict",
    "save",
    "schedules",
]

if not TYPE_CHECKING:  # type checkers would take any name for one of the package

    def __getattr__(name: str) -> Any:
        if name == "estimators":  # which needs scikit-learn
            from importlib import import_module

            return import_module("nn.estimators")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
