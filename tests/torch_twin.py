"""The same network in PyTorch."""

from types import ModuleType
from typing import Any

from autograd import Value
from nn import MLP


def torch_twin(torch: ModuleType, model: MLP, activation: str, output_activation: str = "Identity") -> Any:
    """A `torch.nn.Sequential` with the weights of `model`; the activations are PyTorch's names."""
    parts: list[Any] = []
    for layer in model.layers:
        linear = torch.nn.Linear(len(layer.neurons[0].w), len(layer.neurons), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor([[w.data for w in neuron.w] for neuron in layer.neurons], dtype=torch.float64))
            linear.bias.copy_(torch.tensor([neuron.b.data for neuron in layer.neurons], dtype=torch.float64))
        parts += [linear, getattr(torch.nn, output_activation if layer is model.layers[-1] else activation)()]
    return torch.nn.Sequential(*parts)


def paired(model: MLP, twin: Any, what: str = "data") -> tuple[list[float], list[float]]:
    """The data or the gradients of all parameters: ours and, in the same order, PyTorch's."""
    ours: list[Value] = []
    theirs: list[float] = []
    for layer, linear in zip(model.layers, twin[::2], strict=True):
        ours += [w for neuron in layer.neurons for w in neuron.w] + [neuron.b for neuron in layer.neurons]
        theirs += getattr(linear.weight, what).flatten().tolist() + getattr(linear.bias, what).tolist()
    return [getattr(p, what) for p in ours], theirs
