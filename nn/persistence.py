"""Save and load weights in the safetensors format, which holds numbers only, so that loading a file cannot run code."""

from __future__ import annotations

import math
import os
import reprlib

from autograd._runtime.files import as_path, write_atomically
from autograd.errors import FileError, InputError
from nn.module import Module

EXAMPLE = "{}(model, 'weights.safetensors')"


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the model's parameters to a file. If it is interrupted, an old file is left intact.

    An old file keeps its owner, its permissions and its links.

    Raises:
        InputError: `model` is not a Module, two of its parameters have the same name, one has a name that is not valid Unicode, or
            `path` is not a path.
        OSError: the file cannot be written, or is a folder, a device or a pipe.

    Example:
        >>> import tempfile
        >>> from nn import MLP
        >>> trained, fresh = MLP(2, [3, 1]), MLP(2, [3, 1])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(trained, f"{folder}/weights.safetensors")
        ...     load(fresh, f"{folder}/weights.safetensors")
        >>> fresh.state_dict() == trained.state_dict()
        True
    """
    _need_module("save", model)
    target = as_path(path, EXAMPLE.format("save"))
    import numpy as np
    from safetensors.numpy import save as to_bytes

    numbers = {name: np.array(number) for name, number in model.state_dict().items()}
    for name in numbers:
        if name.encode(errors="replace").decode() != name:
            raise InputError(f"the name {name!r} of a parameter has a character that no file can hold: rename the attribute or the key")
    write_atomically(target, to_bytes(numbers))


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the model's parameters from a file that `save` wrote.

    The file has only parameters: construct the model with the same sizes and activations as when it was saved.

    Raises:
        FileError: the file is damaged, does not fit this model, or has a weight that is nan or infinite; the model is unchanged.
        InputError: `model` is not a Module, or `path` is not a path.
        OSError: the file cannot be read.

    Example: see `save`.
    """
    _need_module("load", model)
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    content = as_path(path, EXAMPLE.format("load")).read_bytes()
    try:
        arrays = from_bytes(content)
    except KeyError as error:
        raise FileError(
            f"{path} has numbers of the type {error.args[0]}, which NumPy does not have: write them as float64 there, "
            "as save_file({name: tensor.double() for name, tensor in tensors.items()}, path) does in PyTorch"
        ) from error
    except (SafetensorError, ValueError, TypeError) as error:
        raise FileError(f"{path} is damaged, or not a file of weights: {error}") from error
    for name, array in arrays.items():
        if array.size != 1 or array.dtype.kind == "c":
            raise FileError(
                f"{path} is damaged, or not a file of weights that save(model, path) wrote, with one number for each parameter: "
                f"{name!r} is {array.dtype} of the shape {array.shape}"
            )
    state = {name: float(array.item()) for name, array in arrays.items()}
    wrong = [name for name, number in state.items() if not math.isfinite(number)]
    if wrong:
        raise FileError(
            f"{path} holds weights of a training that failed: {wrong[0]!r} is {state[wrong[0]]}"
            + (f", and {len(wrong) - 1} others are not finite" if len(wrong) > 1 else "")
        )
    model.load_state_dict(state)


def _need_module(name: str, model: Module) -> None:
    if not isinstance(model, Module):
        raise InputError(f"{name} takes a model and a path, as in {EXAMPLE.format(name)}, not {reprlib.repr(model)} first")
