"""Weights travel to PyTorch and back: for every layer that PyTorch has too, and for modules of one's own that are named as there."""

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, sigmoid, tanh
from autograd.errors import FileError, MissingPackageError
from nn import MLP, Conv2d, Dropout, Embedding, Flatten, Layer, LeakyReLU, Linear, MaxPool2d, Module, Neuron, ReLU, Sequential, load, save
from nn.tensors import tensors_of
from nn.weight_files import SAFE_FROM


def drawn(*shape: int) -> Any:
    """Nested lists of Values."""
    return [drawn(*shape[1:]) for _ in range(shape[0])] if shape else Value(random.uniform(-1.0, 1.0))


class LSTMCell(Module):
    """A cell of one's own, with the gates of PyTorch's: input, forget, cell, output."""

    def __init__(self, inputs: int, size: int) -> None:
        self.weight_ih, self.weight_hh = drawn(4 * size, inputs), drawn(4 * size, size)
        self.bias_ih, self.bias_hh = drawn(4 * size), drawn(4 * size)

    def __call__(self, x: Any) -> list[Value]:
        size = len(self.weight_hh[0])
        h, c = [0.25] * size, [0.5] * size
        z = [dot(w, x) + b + dot(v, h) + d for w, b, v, d in zip(self.weight_ih, self.bias_ih, self.weight_hh, self.bias_hh, strict=True)]
        i, f, g, o = (z[k * size : (k + 1) * size] for k in range(4))
        cells = [sigmoid(f[k]) * c[k] + sigmoid(i[k]) * tanh(g[k]) for k in range(size)]
        return [sigmoid(o[k]) * tanh(cells[k]) for k in range(size)]


class LayerNorm(Module):
    def __init__(self, size: int) -> None:
        self.weight, self.bias = np.array(drawn(size)), tuple(drawn(size))

    def __call__(self, x: Any) -> list[Value]:
        mean = sum(x) / len(x)
        spread = (sum((v - mean) ** 2 for v in x) / len(x) + 1e-5) ** 0.5
        return [(v - mean) / spread * w + b for v, w, b in zip(x, self.weight, self.bias, strict=True)]


class Tied(Module):
    """Letters of which each is scored by its own vector."""

    def __init__(self) -> None:
        self.encoder, self.decoder = Embedding(4, 3), Linear(3, 4)
        self.decoder.weight = self.encoder.weight

    def __call__(self, x: Any) -> list[Value]:
        return self.decoder(self.encoder(x))


def torch_perceptron(torch: Any) -> Any:
    """The module of PyTorch's that stands beside an MLP in "Bring your code along"."""

    class Perceptron(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            linear = torch.nn.Linear
            self.layers = torch.nn.ModuleList([linear(2, 4), linear(4, 3), linear(3, 1)])

        def forward(self, x: Any) -> Any:
            for layer in self.layers[:-1]:
                x = torch.relu(layer(x))
            return self.layers[-1](x)

    return Perceptron()


def torch_tied(torch: Any) -> Any:
    class TiedInTorch(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = torch.nn.Embedding(4, 3), torch.nn.Linear(3, 4)
            self.decoder.weight = self.encoder.weight

        def forward(self, x: Any) -> Any:
            return self.decoder(self.encoder(x))

    return TiedInTorch()


def torch_cell(torch: Any) -> Any:
    class Cell(torch.nn.LSTMCell):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            state = torch.full((4,), 0.25, dtype=x.dtype), torch.full((4,), 0.5, dtype=x.dtype)
            return super().forward(x, state)[0]

    return Cell(3, 4)


def image(rows: int, columns: int, channels: int = 2) -> Any:
    rng = random.Random(1)
    return [[[rng.uniform(-1.0, 1.0) for _ in range(columns)] for _ in range(rows)] for _ in range(channels)]


ROW = [0.5, -1.25, 2.0]

Pair = tuple[Callable[[], Module], Callable[[Any], Any], Any]

PAIRS: dict[str, Pair] = {
    "Linear": (lambda: Linear(3, 2), lambda torch: torch.nn.Linear(3, 2), ROW),
    "Linear, bias=False": (lambda: Linear(3, 2, bias=False), lambda torch: torch.nn.Linear(3, 2, bias=False), ROW),
    "Conv2d": (
        lambda: Conv2d(2, 3, (2, 3), stride=(1, 2), padding=(0, 1)),
        lambda torch: torch.nn.Conv2d(2, 3, (2, 3), stride=(1, 2), padding=(0, 1)),
        image(4, 5),
    ),
    "Conv2d, bias=False": (lambda: Conv2d(2, 1, 3, bias=False), lambda torch: torch.nn.Conv2d(2, 1, 3, bias=False), image(4, 4)),
    "Embedding": (lambda: Embedding(5, 3), lambda torch: torch.nn.Embedding(5, 3), [4, 0, 4, 2]),
    "PReLU": (lambda: LeakyReLU(Value(0.5)), lambda torch: torch.nn.PReLU(), ROW),
    "LeakyReLU": (lambda: LeakyReLU(0.1), lambda torch: torch.nn.LeakyReLU(0.1), ROW),
    "Sequential": (
        lambda: Sequential(Linear(3, 4), ReLU(), Dropout(0.5), Sequential(Linear(4, 3), LeakyReLU(Value(0.5))), Linear(3, 2)),
        lambda torch: torch.nn.Sequential(
            *(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Dropout(0.5)),
            torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.PReLU()),
            torch.nn.Linear(3, 2),
        ),
        ROW,
    ),
    "a convolutional network": (
        lambda: Sequential(Conv2d(2, 3, 2, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(12, 2)),
        lambda torch: torch.nn.Sequential(
            *(torch.nn.Conv2d(2, 3, 2, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Flatten(0)), torch.nn.Linear(12, 2)
        ),
        image(4, 4),
    ),
    "Neuron": (lambda: Neuron(3, None), lambda torch: torch.nn.Linear(3, 1), ROW),
    "Layer": (lambda: Layer(3, 2, "linear"), lambda torch: torch.nn.Linear(3, 2), ROW),
    "MLP": (lambda: MLP(2, [4, 3, 1]), torch_perceptron, ROW[:2]),
    "an LSTM cell": (lambda: LSTMCell(3, 4), torch_cell, ROW),
    "a layer norm": (lambda: LayerNorm(3), lambda torch: torch.nn.LayerNorm(3), ROW),
    "tied weights": (Tied, torch_tied, 2),
}


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest, torch: ModuleType) -> tuple[Module, Any, Any]:
    """A module of ours, one of PyTorch's with other weights, and a sample."""
    random.seed(3)
    torch.manual_seed(3)
    ours, theirs, x = PAIRS[request.param]
    model, twin = ours().eval(), theirs(torch).double().eval()
    for p in model.parameters():
        p.data = random.uniform(-1.0, 1.0)
    return model, twin, x


def outputs(model: Any, x: Any) -> list[float]:
    return [float(getattr(v, "data", v)) for v in Flatten()([model(x)])]


def torch_outputs(twin: Any, x: Any, torch: Any) -> list[float]:
    sample = torch.tensor(x) if isinstance(twin, torch.nn.Embedding) or isinstance(x, int) else torch.tensor(x, dtype=torch.float64)
    numbers: list[float] = twin(sample).flatten().tolist()
    return numbers


def test_pytorch_reads_what_is_saved(pair: Any, torch: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    model, twin, x = pair
    save(model, tmp_path / "weights.safetensors")
    tensors = load_file(tmp_path / "weights.safetensors")
    assert {name: tensor.shape for name, tensor in tensors.items()} == {name: tensor.shape for name, tensor in twin.state_dict().items()}
    assert {tensor.dtype for tensor in tensors.values()} <= {torch.float64}
    assert not tensors or outputs(model, x) != pytest.approx(torch_outputs(twin, x, torch), rel=1e-3), "other weights"
    twin.load_state_dict(tensors)
    assert outputs(model, x) == pytest.approx(torch_outputs(twin, x, torch), rel=1e-13)


def safetensors_file(twin: Any, path: Path, torch: Any) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.clone() for name, tensor in twin.state_dict().items()}, path)


def safetensors_model(twin: Any, path: Path, torch: Any) -> None:
    from safetensors.torch import save_model

    save_model(twin, str(path))  # of tensors that are shared, it writes one


def pickled(twin: Any, path: Path, torch: Any) -> None:
    torch.save(twin.state_dict(), path)


def pickled_as_before(twin: Any, path: Path, torch: Any) -> None:
    torch.save(twin.state_dict(), path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [safetensors_file, safetensors_model, pickled, pickled_as_before])
def test_what_pytorch_writes_is_read(pair: Any, write: Callable[..., None], torch: Any, tmp_path: Path) -> None:
    model, twin, x = pair
    write(twin, tmp_path / "weights", torch)
    load(model, tmp_path / "weights")
    for name, (shape, values) in tensors_of(model).items():
        theirs = twin.state_dict()[name]
        assert (shape, [v.data for v in values]) == (tuple(theirs.shape), theirs.flatten().tolist())
    assert outputs(model, x) == pytest.approx(torch_outputs(twin, x, torch), rel=1e-13)


@pytest.mark.parametrize("write", [safetensors_file, pickled])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int64", "uint8"])
def test_numbers_of_any_type_become_float64(dtype: str, write: Callable[..., None], torch: Any, tmp_path: Path) -> None:
    twin = torch.nn.Linear(3, 2).to(torch.float64)
    with torch.no_grad():
        twin.weight *= 100.0
        twin.bias.abs_()
        twin.weight.abs_()
    state = {name: tensor.detach().to(getattr(torch, dtype)) for name, tensor in twin.state_dict().items()}

    class Rounded:
        state_dict = staticmethod(lambda: state)

    write(Rounded, tmp_path / "weights", torch)
    model = Linear(3, 2)
    load(model, tmp_path / "weights")
    assert [p.data for p in model.parameters()] == [x for tensor in state.values() for x in tensor.double().flatten().tolist()]
    assert {type(p.data) for p in model.parameters()} == {float}


def test_weights_that_are_shared_and_differ(torch: Any, tmp_path: Path) -> None:
    twin = torch_tied(torch).double()
    state = {name: tensor.clone() for name, tensor in twin.state_dict().items()}
    state["decoder.weight"][0, 0] = 7.0
    torch.save(state, tmp_path / "weights")
    model = Tied()
    before = model.state_dict()
    with pytest.raises(
        FileError, match=r"'decoder.weight' and 'encoder.weight' share a parameter .* 7.0 and .*: make the model without sharing$"
    ):
        load(model, tmp_path / "weights")
    assert model.state_dict() == before


def test_the_row_of_the_documentation(torch: Any, tmp_path: Path) -> None:
    """An MLP beside the code of PyTorch's that takes its weights."""
    import safetensors.torch

    page = Path(__file__).resolve().parent.parent.parent / "docs" / "how_to" / "bring_your_code.md"
    text = page.read_text(encoding="utf-8")
    row = r"^\| a module with `self\.layers = (.*)`, and `(model\.load_state_dict.*)` \| `(MLP.*)`, and `(save.*)` \|$"
    ((layers, load_theirs, ours, save_ours),) = re.findall(row, text, re.MULTILINE)

    class Theirs(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = eval(layers, {"nn": torch.nn})

    names = {"path": tmp_path / "weights", "model": eval(ours, {"MLP": MLP}), "save": save}
    eval(save_ours, names)
    twin = Theirs()
    eval(load_theirs, {**names, "model": twin, "safetensors": safetensors})
    x = torch.tensor([0.5, -1.0])
    out = twin.layers[1](torch.relu(twin.layers[0](x)))
    assert outputs(names["model"], x.tolist()) == pytest.approx(out.tolist(), rel=1e-5)


# -- files of torch.save that are not read -------------------------------------------------------------------------------


def not_read(content: Callable[[Any], Any], torch: Any, path: Path) -> str:
    torch.save(content(torch), path)
    model = Linear(3, 2)
    before = model.state_dict()
    with pytest.raises(FileError) as caught:
        load(model, path)
    assert model.state_dict() == before
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda torch: torch.nn.Linear(3, 2), r"is damaged, or not the state of a model that torch.save\(model.state_dict\(\), path\) wrote: "),
        (lambda torch: [torch.ones(2)], r"does not hold the tensors of a model by name: write torch.save\(model.state_dict\(\), path\)$"),
        (lambda torch: {1: torch.ones(2)}, r"does not hold the tensors of a model by name"),
        (lambda torch: {"epoch": 3, "state": torch.ones(2)}, r"holds something of the type int under 'epoch', not a tensor: leave it out in torch.save$"),
        (
            lambda torch: {"model": torch.nn.Linear(3, 2).state_dict()},
            r"holds a dict of its own under 'model': write that alone, as in torch.save\(checkpoint\['model'\], path\)$",
        ),
        (
            lambda torch: {"weight": torch.ones(2, 3).to_sparse(), "bias": torch.ones(2)},
            r"of the kind torch.float32, torch.sparse_coo under 'weight': write it as tensor.to_dense\(\).double\(\)$",
        ),
        (lambda torch: {"weight": torch.ones(2, 3, dtype=torch.complex64), "bias": torch.ones(2)}, r"of the kind torch.complex64, torch.strided"),
        (lambda torch: {"weight": torch.ones(2, 3), "bias": torch.ones(2) > 0}, r"of the kind torch.bool, torch.strided under 'bias'"),
        (lambda torch: {"weight": torch.ones(2, 3), "bias": torch.full((2,), torch.nan)}, r"training that failed: 'bias' is nan at \[0\], and 1 others"),
        (lambda torch: torch.nn.Linear(2, 3).state_dict(), r"'weight' has the shape \(3, 2\) in .*, and \(2, 3\) in the model, that of its transpose"),
    ],
)  # fmt: skip
def test_what_torch_save_should_not_have_written(content: Any, message: str, torch: Any, tmp_path: Path) -> None:
    assert re.search(message, not_read(content, torch, tmp_path / "weights"))


def test_a_damaged_file_of_torch_save(torch: Any, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    for write in (pickled, pickled_as_before):
        write(torch.nn.Linear(3, 2), path, torch)
        path.write_bytes(path.read_bytes()[:-40])
        with pytest.raises(FileError, match="is damaged, or not the state of a model"):
            load(Linear(3, 2), path)


def test_an_array_file_of_numpy_is_not_given_to_pytorch(tmp_path: Path) -> None:
    with open(tmp_path / "weights.npz", "wb") as file:
        np.savez(file, weight=np.ones((2, 3)), bias=np.ones(2))
    with pytest.raises(FileError, match="is damaged, or not a file of weights: "):
        load(Linear(3, 2), tmp_path / "weights.npz")


def test_a_file_of_torch_save_needs_pytorch(torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled(torch.nn.Linear(3, 2), tmp_path / "weights.pt", torch)
    assert SAFE_FROM == (2, 10)
    monkeypatch.setattr(torch, "__version__", "2.9.1+cpu")
    with pytest.raises(
        MissingPackageError, match=r"can run code .* PyTorch 2.9.1\+cpu reads it: pip install 'torch>=2.10', or write the file with safe"
    ):
        load(Linear(3, 2), tmp_path / "weights.pt")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingPackageError,
        match=r"is a file of torch.save: pip install 'scalar-autograd\[torch\]' to read it, or write .*without PyTorch$",
    ):
        load(Linear(3, 2), tmp_path / "weights.pt")


def test_code_in_a_pickle_is_not_run(torch: Any, tmp_path: Path) -> None:
    class Hidden:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "written"), "w")

    message = not_read(lambda torch: {"weight": Hidden()}, torch, tmp_path / "weights.pt")
    assert "is damaged, or not the state of a model" in message
    assert not (tmp_path / "written").exists()
