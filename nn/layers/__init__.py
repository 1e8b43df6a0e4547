"""Layers, each on one sample at a time: micrograd's Neuron, Layer, MLP; PyTorch's Linear, Sequential, Dropout, Embedding, Flatten."""

from nn.layers.dropout import Dropout
from nn.layers.embedding import Embedding
from nn.layers.linear import Linear
from nn.layers.neurons import MLP, Layer, Neuron
from nn.layers.sequential import Flatten, Sequential

__all__ = ["MLP", "Dropout", "Embedding", "Flatten", "Layer", "Linear", "Neuron", "Sequential"]
