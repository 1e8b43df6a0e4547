"""Neural networks on scalar Values: micrograd's classes, PyTorch's and Keras's words.

>>> from nn import MLP
>>> model = MLP(2, [16, 16, 1])
>>> score = model([1.0, -2.0])
>>> score.backward()
"""

from nn import data, initialisers, losses, optimizers
from nn.data import batches
from nn.layers import MLP, Layer, Neuron
from nn.losses import cross_entropy, mse
from nn.module import Module
from nn.optimizers import SGD, Adam
from nn.persistence import load, save
from nn.training import History, evaluate, fit, predict

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "batches",
    "cross_entropy",
    "data",
    "evaluate",
    "fit",
    "initialisers",
    "load",
    "losses",
    "mse",
    "optimizers",
    "predict",
    "save",
]
