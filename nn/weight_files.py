"""Files of weights as arrays: in safetensors, or as PyTorch's `torch.save` writes them."""

from __future__ import annotations

import io
import json
import os
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from autograd.errors import FileError, MissingPackageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]

DTYPES = {
    **{f"F{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
    **{f"{sign}{bits}": f"<{sign.lower()}{bits // 8}" for sign in "IU" for bits in (8, 16, 32, 64)},
    "BF16": "<u2",  # the upper half of a float32
}
"""The types of numbers in safetensors that are read, and NumPy's names for them."""

ZIP, LEGACY = b"PK\x03\x04", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""How files of `torch.save` begin: archives, and the files of PyTorch before 1.6, with the pickle of a long number."""

SAFE_FROM = (2, 10)
"""The first version of PyTorch in which no file is known that runs code, or damages memory, in spite of `weights_only=True`."""


def arrays_of(content: bytes, path: str | os.PathLike[str]) -> Arrays:
    """The tensors in a file by name, as float64.

    Args:
        content: what is in the file.
        path: of the file, for messages.

    Raises:
        FileError: the file is damaged, is no file of weights, or holds something that is not a tensor of real numbers.
        MissingPackageError: it is a file of `torch.save`, and PyTorch is not installed, or is too old to read it safely.

    Example:
        >>> import numpy as np
        >>> from safetensors.numpy import save
        >>> arrays_of(save({"slope": np.float32([0.5])}), "weights.safetensors")
        {'slope': array([0.5])}
    """
    return _of_torch(content, path) if _is_of_torch(content) else _of_safetensors(content, path)


def _of_safetensors(content: bytes, path: str | os.PathLike[str]) -> Arrays:
    import numpy as np
    import safetensors

    for name, kind in _types(content):  # first, because older versions of safetensors call a type damage that they do not know
        if kind not in DTYPES:
            raise FileError(
                f"{path} has numbers of the type {kind}, as {name!r}, which is not read: write them as float64 there, "
                "as save_file({name: tensor.double() for name, tensor in tensors.items()}, path) does in PyTorch"
            )
    read: Any = safetensors.deserialize  # which has no types
    try:
        tensors = read(content)
    except (safetensors.SafetensorError, ValueError, TypeError) as error:
        raise FileError(f"{path} is damaged, or not a file of weights: {error}") from error
    arrays = {}
    for name, tensor in sorted(tensors, key=itemgetter(0)):  # they come in any order
        numbers = np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]])
        if tensor["dtype"] == "BF16":
            numbers = (numbers.astype("<u4") << 16).view("<f4")
        arrays[name] = numbers.astype(np.float64).reshape(tensor["shape"])
    return arrays


def _types(content: bytes) -> list[tuple[str, str]]:
    """The names and types of the tensors in a file of safetensors, whose header is JSON behind its length; none if it is damaged."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return sorted([(name, str(tensor["dtype"])) for name, tensor in header.items() if name != "__metadata__"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def _is_of_torch(content: bytes) -> bool:
    """Whether `torch.save` wrote this. Other archives, such as NumPy's .npz, have another first file."""
    first = content[30 : 30 + int.from_bytes(content[26:28], "little")]
    return content.startswith(LEGACY) or (content.startswith(ZIP) and first.endswith(b"/data.pkl"))


def _of_torch(content: bytes, path: str | os.PathLike[str]) -> Arrays:
    instead = "or write the file with safetensors.torch.save_file(model.state_dict(), path), which is read without PyTorch"
    try:
        import torch
    except ImportError as error:
        raise MissingPackageError(f"{path} is a file of torch.save: pip install 'scalar-autograd[torch]' to read it, {instead}") from error
    version = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if version is None or tuple(map(int, version.groups())) < SAFE_FROM:
        least = ".".join(map(str, SAFE_FROM))
        raise MissingPackageError(
            f"{path} is a file of torch.save, which can run code that is hidden in it when PyTorch {torch.__version__} reads it: "
            f"pip install 'torch>={least}', {instead}"
        )
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes it raise
        raise FileError(
            f"{path} is damaged, or not the state of a model that torch.save(model.state_dict(), path) wrote: PyTorch raised "
            f"{type(error).__name__}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise FileError(f"{path} does not hold the tensors of a model by name: write torch.save(model.state_dict(), path)")
    return {name: _array(name, tensor, path) for name, tensor in state.items()}


def _array(name: str, tensor: Any, path: str | os.PathLike[str]) -> NDArray[np.float64]:
    import torch

    if isinstance(tensor, dict):
        raise FileError(f"{path} holds a dict of its own under {name!r}: write that alone, as in torch.save(checkpoint[{name!r}], path)")
    if not isinstance(tensor, torch.Tensor):
        raise FileError(
            f"{path} holds something of the type {type(tensor).__name__} under {name!r}, not a tensor: leave it out in torch.save"
        )
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta or tensor.is_complex() or tensor.dtype == torch.bool:
        kind = f"{tensor.dtype}, {tensor.layout}"
        raise FileError(f"{path} holds a tensor of the kind {kind} under {name!r}: write it as tensor.to_dense().double()")
    array: NDArray[np.float64] = tensor.detach().to(torch.float64).numpy().copy()
    return array
