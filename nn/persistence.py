"""Save and load weights as the tensors that PyTorch would write, in safetensors, which holds numbers only and so no code."""

from __future__ import annotations

import os
import reprlib
from difflib import get_close_matches
from typing import TYPE_CHECKING

from autograd._runtime.files import as_path, write_atomically
from autograd.errors import FileError, InputError
from autograd.value import Value
from nn.module import Module, set_data
from nn.tensors import Tensor, tensors_of
from nn.weight_files import arrays_of

if TYPE_CHECKING:
    from nn.weight_files import Arrays

EXAMPLE = "{}(model, 'weights.safetensors')"


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the model's parameters to a file, in safetensors, as float64. If it is interrupted, an old file is left intact.

    They are the tensors of PyTorch's `state_dict()`, under its names and in its shapes, so that PyTorch reads them with
    ``safetensors.torch.load_file(path)``:

    - `Linear`, `Conv2d`, `Embedding`, and `LeakyReLU` with a slope that is a Value, which is PyTorch's PReLU: ``weight`` and ``bias``, as
      there. The layers of a `Sequential` are ``0.weight``, ``2.weight``, …
    - `Layer` and `Neuron` are a Linear: ``weight``, of the shape (outputs, inputs), and ``bias``. The layers of an `MLP` are in a list
      `layers`, as in a ModuleList of PyTorch's: ``layers.0.weight``, ``layers.0.bias``, ``layers.1.weight``, …
    - A module of your own has tensors under the names of its attributes: a Value has no axes, and nested lists of Values with the same
      lengths are one tensor. Override `Module.torch_attributes` for other names. So a recurrent cell with lists `weight_ih`, `weight_hh`,
      `bias_ih` and `bias_hh` is saved like an LSTMCell, if its gates are in the same order.

    A parameter that PyTorch's layer does not have, such as the `alpha` of an `ELU`, has its own name. Numbers that are not Values, such as
    running means, are not parameters, and are not saved. An old file keeps its owner, its permissions and its links.

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

    arrays = {name: np.array([v.data for v in values]).reshape(shape) for name, (shape, values) in tensors_of(model).items()}
    for name in arrays:
        if name.encode(errors="replace").decode() != name:
            raise InputError(f"the name {name!r} of a parameter has a character that no file can hold: rename the attribute or the key")
    write_atomically(target, to_bytes(arrays))


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the model's parameters from a file: one of `save`, or one of PyTorch.

    PyTorch writes such files with ``safetensors.torch.save_file(model.state_dict(), path)``, or with ``torch.save(model.state_dict(),
    path)``; the latter are read by PyTorch itself, from version 2.10. `save` says which tensors a model has. Numbers of any type become
    float64. A parameter that has several names, because modules share it, may be in the file under one of them. Files of earlier versions,
    with one number for each parameter under its name in `state_dict()`, are read as well.

    The file has only parameters: construct the model with the same sizes and activations as when it was saved. A tensor that the model does
    not have, such as the `running_mean` of PyTorch's BatchNorm, is an error.

    Raises:
        FileError: the file is damaged, does not fit this model, or has a weight that is nan or infinite; the model is unchanged.
        InputError: `model` is not a Module, or `path` is not a path.
        MissingPackageError: it is a file of `torch.save`, and there is no PyTorch that reads it safely.
        OSError: the file cannot be read.

    Example: see `save`.
    """
    _need_module("load", model)
    source = as_path(path, EXAMPLE.format("load"))
    arrays, tensors = arrays_of(source.read_bytes(), path), tensors_of(model)
    _check_finite(arrays, path)
    if all(array.ndim == 0 for array in arrays.values()) and not arrays.keys() <= tensors.keys():  # the layout of earlier versions
        model.load_state_dict({name: array.item() for name, array in arrays.items()})
        return
    _check_names(arrays, tensors)
    for name in tensors.keys() & arrays.keys():
        if arrays[name].shape != tensors[name].shape:
            raise _wrong_shape(arrays, tensors, path)
    set_data(*_numbers(arrays, tensors, path))


def _need_module(name: str, model: Module) -> None:
    if not isinstance(model, Module):
        raise InputError(f"{name} takes a model and a path, as in {EXAMPLE.format(name)}, not {reprlib.repr(model)} first")


def _check_finite(arrays: Arrays, path: str | os.PathLike[str]) -> None:
    import numpy as np

    wrong = [(name, at) for name, array in arrays.items() for at in np.argwhere(~np.isfinite(array)).tolist()]
    if wrong:
        name, at = wrong[0]
        raise FileError(
            f"{path} holds weights of a training that failed: {name!r} is {arrays[name][tuple(at)]}"
            + (f" at {at}" if at else "")
            + (f", and {len(wrong) - 1} others are not finite" if len(wrong) > 1 else "")
        )


def _check_names(arrays: Arrays, tensors: dict[str, Tensor]) -> None:
    """Raise an error unless the file has all parameters, under at least one name each, and nothing else."""
    given = {id(value) for name in tensors.keys() & arrays.keys() for value in tensors[name].values}
    missing = [name for name in tensors if name not in arrays and not given.issuperset(map(id, tensors[name].values))]
    unknown = [name for name in arrays if name not in tensors]
    if missing or unknown:
        wrong = [
            f"{len(names)} {word}, such as {', '.join(f'{name!r}{_nearest(name, others, owner)}' for name in names[:3])}"
            for names, word, others, owner in ((missing, "missing", unknown, "file"), (unknown, "unknown", missing, "model"))
            if names
        ]
        raise FileError(
            f"the weights do not fit this model: {'; '.join(wrong)}; make the model with the layers and sizes it was saved with, "
            "or give the tensors in the file the names that they have here"
        )


def _nearest(name: str, others: list[str], owner: str) -> str:
    nearest = get_close_matches(name, others, 1)
    return f" (the {owner} has {nearest[0]!r})" if nearest else ""


def _wrong_shape(arrays: Arrays, tensors: dict[str, Tensor], path: str | os.PathLike[str]) -> FileError:
    """The error for tensors of which some have other shapes than in the model."""
    name, *others = [name for name in tensors if name in arrays and arrays[name].shape != tensors[name].shape]
    theirs, ours = arrays[name].shape, tensors[name].shape
    text = f"the weights do not fit this model: {name!r} has the shape {theirs} in {path}, and {ours} in the model"
    if len(ours) == 2 and theirs == ours[::-1]:
        text += ", that of its transpose: a weight has a row for each output, and a column for each input"
    if not ours:
        text += ", where it is a Value by itself: a list of Values, as in [Value(0.5)], has an axis"
    return FileError(f"{text}{f'; {len(others)} others differ too' if others else ''}; make the model with the sizes it was saved with")


def _numbers(arrays: Arrays, tensors: dict[str, Tensor], path: str | os.PathLike[str]) -> tuple[list[Value], list[float]]:
    """The parameters and their numbers, each parameter once."""
    found: dict[Value, tuple[float, str]] = {}
    for name, tensor in tensors.items():
        if name in arrays:
            for value, number in zip(tensor.values, arrays[name].ravel().tolist(), strict=True):
                first = found.setdefault(value, (number, name))
                if first[0] != number:
                    raise FileError(
                        f"{name!r} and {first[1]!r} share a parameter in this model, and have different numbers in {path}, "
                        f"{number!r} and {first[0]!r}: make the model without sharing"
                    )
    return list(found), [number for number, _ in found.values()]
