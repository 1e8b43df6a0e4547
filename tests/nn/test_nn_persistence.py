"""Saving and loading: exact, all or nothing."""

import os
import random
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value
from autograd._runtime.files import write_atomically
from autograd.errors import FileError, InputError
from nn import MLP, LeakyReLU, Linear, Module, Neuron, ReLU, Sequential, load, save
from nn.weight_files import arrays_of


def model(seed: int = 0, sizes: tuple[int, ...] = (3, 2)) -> MLP:
    return MLP(2, sizes, rng=random.Random(seed))


def save_by_name(module: Module, path: Path) -> None:
    """Write a file as earlier versions did: a number for each parameter, under its name."""
    from safetensors.numpy import save_file

    save_file({name: np.array(number) for name, number in module.state_dict().items()}, path)


def numbers(module: Module) -> list[float]:
    return [p.data for p in module.parameters()]


def test_a_round_trip_is_exact(tmp_path: Path) -> None:
    saved, loaded = model(0), model(1)
    special = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1.0 / 3.0, -2.5, 1e-320]
    for p, x in zip(saved.parameters(), special, strict=False):
        p.data = x
    save(saved, tmp_path / "weights.safetensors")
    load(loaded, str(tmp_path / "weights.safetensors"))
    assert [x.hex() for x in numbers(loaded)] == [x.hex() for x in numbers(saved)]
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]


def test_others_can_read_the_file(tmp_path: Path) -> None:
    """It has the permissions of any new file, not those of a temporary one."""
    (tmp_path / "plain").write_bytes(b"")
    save(model(), tmp_path / "weights")
    assert stat.S_IMODE((tmp_path / "weights").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_the_file_is_plain_safetensors(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    save(model(), tmp_path / "weights")
    arrays, state = load_file(tmp_path / "weights"), model().state_dict()
    assert {name: array.shape for name, array in arrays.items()} == {
        **{"layers.0.weight": (3, 2), "layers.0.bias": (3,), "layers.1.weight": (2, 3), "layers.1.bias": (2,)}
    }
    assert arrays["layers.0.weight"].tolist() == [[state[f"layers.0.neurons.{i}.w.{j}"] for j in range(2)] for i in range(3)]
    assert {array.dtype for array in arrays.values()} == {np.dtype("float64")}


def test_files_of_earlier_versions_are_read(tmp_path: Path) -> None:
    class Own(Module):
        def __init__(self, seed: int) -> None:
            rng = random.Random(seed)
            self.parts = {"a": Neuron(2, rng=rng), "b": Sequential(Linear(2, 2, rng=rng), LeakyReLU(Value(rng.random())))}
            self.rows, self.scale = [[Value(rng.random()), Value(rng.random())], [Value(rng.random())]], Value(rng.random())

    for make in (model, Own):
        saved, loaded = make(0), make(1)
        save_by_name(saved, tmp_path / "weights")
        load(loaded, tmp_path / "weights")
        assert loaded.state_dict() == saved.state_dict()


@pytest.mark.parametrize("names", [{"slope", "offset"}, {"0.slope", "0.offset"}, {"layers.0.slope", "layers.0.offset"}])
def test_parameters_without_axes_are_found_under_old_and_new_names(names: set[str], tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    class Line(Module):
        def __init__(self) -> None:
            self.slope, self.offset = Value(1.0), Value(2.0)

        def __call__(self, x: Any) -> Any:
            return self.slope * x + self.offset

    line: Module = Line() if "slope" in names else Sequential(Line())
    save_file({name: np.array(float(len(name))) for name in names}, tmp_path / "weights")
    load(line, tmp_path / "weights")
    assert sorted(numbers(line)) == sorted(map(len, names))


@pytest.mark.parametrize("change", ["missing", "unknown", "number"])
def test_a_file_of_an_earlier_version_that_does_not_fit(change: str, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    save_by_name(model(0), tmp_path / "weights")
    arrays = load_file(tmp_path / "weights")
    if change == "missing":
        del arrays["layers.0.neurons.2.b"]
    arrays |= {"unknown": {"x": np.array(1.0)}, "number": {"layers.0.neurons.0.b": np.array(np.nan)}}.get(change, {})
    save_file(arrays, tmp_path / "weights")
    loaded = model(1)
    with pytest.raises(FileError, match=rf"1 {change}, such as|'layers.0.neurons.0.b' is nan$"):
        load(loaded, tmp_path / "weights")
    assert numbers(loaded) == numbers(model(1))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def altered(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:12] + b"\xff" + content[13:])


def foreign(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"layers.0.weight": np.ones((3, 2))}, path)


def vectors(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ones(2) for name in model().state_dict()}, path)


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        altered,
        foreign,
        vectors,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no weights at all, but a text that is long enough"),
        lambda path: path.write_bytes(b"\xff" * 100),
        lambda path: save(model(sizes=(3, 3)), path),
        lambda path: save(model(sizes=(3,)), path),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    path = tmp_path / "weights"
    save(model(0), path)
    damage(path)
    loaded = model(1)
    with pytest.raises(FileError, match=r"is damaged, or not a file of weights|do not fit this model"):
        load(loaded, path)
    assert numbers(loaded) == numbers(model(1))


def test_what_is_missing_and_what_is_unknown(tmp_path: Path) -> None:
    small, large = MLP(1, [1]), MLP(1, [1, 1])
    save(large, tmp_path / "large")
    with pytest.raises(FileError, match=r"this model: 2 unknown, such as 'layers\.1\.bias', 'layers\.1\.weight'; make"):
        load(small, tmp_path / "large")
    save(small, tmp_path / "small")
    with pytest.raises(FileError, match=r"this model: 2 missing, such as 'layers\.1\.weight', 'layers\.1\.bias'; make"):
        load(large, tmp_path / "small")


def test_the_nearest_names_are_shown(tmp_path: Path) -> None:
    save(Sequential(Linear(2, 3), ReLU(), Linear(3, 2)), tmp_path / "weights")
    missing = (
        r"4 missing, such as 'layers.0.weight' \(the file has '0.weight'\), 'layers.0.bias' \(the file has '0.bias'\), 'layers.1.weight' \("
    )
    unknown = r"4 unknown, such as '0.bias' \(the model has 'layers.0.bias'\), "
    names = r"make the model with the layers and sizes it was saved with, or give the tensors in the file the names that they have here$"
    with pytest.raises(FileError, match=f"the weights do not fit this model: {missing}.*; {unknown}.*; {names}"):
        load(model(), tmp_path / "weights")


def test_shapes_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    save(MLP(3, [3, 2]), path)
    with pytest.raises(
        FileError, match=r"'layers.0.weight' has the shape \(3, 3\) in .*weights, and \(3, 2\) in the model; make the model"
    ):
        load(model(), path)
    save(MLP(2, [4, 3]), path)
    with pytest.raises(FileError, match=r" in the model; 3 others differ too; make the model with the sizes it was saved with$"):
        load(model(), path)
    save(MLP(3, [2, 2]), path)
    with pytest.raises(
        FileError, match=r"that of its transpose: a weight has a row for each output, and a column for each input; 2 others"
    ):
        load(model(), path)


def test_a_value_by_itself_has_no_axes(tmp_path: Path) -> None:
    class Gain(Module):
        def __init__(self, factor: Any) -> None:
            self.factor = factor

    save(Gain([Value(2.0)]), tmp_path / "weights")
    with pytest.raises(
        FileError, match=r"'factor' has the shape \(1,\) in .*, and \(\) in the model, .*: a list of Values, as in \[Value\(0.5\)\], has"
    ):
        load(Gain(Value(1.0)), tmp_path / "weights")


@pytest.mark.parametrize("dtype", [f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8) if kind != "f" or size > 1])
def test_numbers_of_every_type_are_read(dtype: str) -> None:
    from safetensors.numpy import save as written

    limits = np.finfo(dtype) if dtype[0] == "f" else np.iinfo(dtype)
    numbers = np.array([0, 1, 77, limits.min, limits.max], dtype=dtype)
    assert arrays_of(written({"w": numbers}), "weights")["w"].tolist() == numbers.astype(np.float64).tolist()


@pytest.mark.parametrize(("dtype", "size"), [("F8_E4M3", 1), ("BOOL", 1), ("C64", 8)])
def test_numbers_that_are_not_read(dtype: str, size: int, tmp_path: Path) -> None:
    header = f'{{"w":{{"dtype":"{dtype}","shape":[],"data_offsets":[0,{size}]}}}}'.encode()
    (tmp_path / "weights").write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
    with pytest.raises(FileError, match=rf"the type {dtype}, as 'w', which is not read: write them as float64 there, .*tensor.double\(\)"):
        load(model(), tmp_path / "weights")


def test_a_state_with_something_that_is_no_number_changes_nothing() -> None:
    loaded = model(1)
    with pytest.raises(InputError, match="not a real number"):
        loaded.load_state_dict({**model(0).state_dict(), "layers.1.neurons.1.b": None})  # type: ignore[dict-item]
    assert numbers(loaded) == numbers(model(1))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(model(), tmp_path / "weights")
    with pytest.raises(FileNotFoundError, match=r"no folder.weights'$"):  # and not the name that it is written under first
        save(model(), tmp_path / "no folder" / "weights")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        save(model(), tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
def test_an_interrupted_save_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "weights"
    save(model(0), path)
    before = path.read_bytes()

    def interrupted(*arguments: Any) -> None:
        raise error

    monkeypatch.setattr(os, step, interrupted)
    with pytest.raises(type(error)):
        save(model(1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and long")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one_and_permissions_stay(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o600)
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("there are no links here")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"


def test_the_model_comes_first(tmp_path: Path) -> None:
    for function in (save, load):
        with pytest.raises(InputError, match=rf"as in {function.__name__}\(model, 'weights.safetensors'\), not .*weights"):
            function(tmp_path / "weights", model())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="load_state_dict takes what state_dict"):
        model().load_state_dict(None)  # type: ignore[arg-type]


def test_two_parameters_of_one_name_are_not_saved_as_one(tmp_path: Path) -> None:
    module = Module()
    module.parts = {"a.b": Value(1.0), "a": {"b": Value(2.0)}}  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"two parameters have the name 'parts.a.b'"):
        save(module, tmp_path / "weights")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_named(number: float, tmp_path: Path) -> None:
    path, failed, fresh = tmp_path / "weights", model(1), model(2)
    failed.parameters()[1].data = number
    save(failed, path)
    before = fresh.state_dict()
    with pytest.raises(FileError, match=rf"holds weights of a training that failed: 'layers.0.weight' is {number} at \[0, 1\]$"):
        load(fresh, path)
    assert fresh.state_dict() == before
