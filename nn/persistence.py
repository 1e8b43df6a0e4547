"""Save and load weights, in the safetensors format: numbers only, so a file can never run code."""

from __future__ import annotations

import os
from pathlib import Path

from autograd.errors import FileError
from autograd.files import write_atomically
from nn.module import Module


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the model's parameters to a file. An interrupted save leaves the old file whole.

    Raises:
        OSError: the file cannot be written.
    """
    import numpy as np
    from safetensors.numpy import save as to_bytes

    write_atomically(Path(path), to_bytes({name: np.array(number) for name, number in model.state_dict().items()}))


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Set the model's parameters from a file that `save` wrote.

    Raises:
        FileError: the file is damaged or does not fit this model; the model is as it was.
        OSError: the file cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        arrays = from_bytes(Path(path).read_bytes())
        state = {name: float(array.item()) for name, array in arrays.items()}
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise FileError(f"{path} is damaged, or no file of weights: {error}") from error
    model.load_state_dict(state)
