"""``python -m nn`` as a user types it: what it prints and writes, and its error messages."""

import os
import random
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import autograd
from autograd._runtime.files import write_atomically
from autograd.checking import Comparison
from nn import MLP, Neuron, __main__, load
from nn.__main__ import check, main, neuron_graph

QUICK = ["--data", "moons", "--epochs", "2", "--hidden", "4"]
FILES = ["model.safetensors", "neuron.svg", "training.svg"]
ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
SVG = "{http://www.w3.org/2000/svg}svg"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, where the default folder would be made."""
    monkeypatch.chdir(tmp_path)


def test_it_trains_checks_draws_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*QUICK, "--seed", "1"]) == 0  # with which the first sample reaches a hidden neuron
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "moons: 144 samples to learn from, 16 to validate, 40 for the test"
    assert lines[1].startswith("MLP 2-4-2: 22 parameters; the core ")
    assert [line.rsplit(" ", 1)[1] for line in lines if line.startswith("  ∂loss/∂")] == ["ok"] * 4
    assert [line.split(":")[0] for line in lines if "training accuracy" in line and "validation accuracy" in line] == [
        "epoch 1/2",
        "epoch 2/2",
    ]
    assert lines[-4].startswith("accuracy on the test, which was not looked at before: ")
    assert [line.split(":")[0].strip() for line in lines[-3:]] == ["runs/training.svg", "runs/neuron.svg", "runs/model.safetensors"]
    assert names(tmp_path / "runs") == FILES
    for picture in ("neuron.svg", "training.svg"):
        assert ET.parse(tmp_path / "runs" / picture).getroot().tag == SVG
    text = (tmp_path / "runs" / "neuron.svg").read_text(encoding="utf-8")
    assert all(f">{label}<" in text for label in ("w0", "x1", "b", "output", "ReLU"))
    load(MLP(2, [4, 2]), "runs/model.safetensors")


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main([*QUICK, "--seed", seed, "--out", folder]) == 0
    for file in FILES:
        first, again, other = [(tmp_path / folder / file).read_bytes() for folder in "abc"]
        assert first == again != other


def test_a_deep_folder_is_made_and_old_files_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b c" / "ü"
    out.mkdir(parents=True)
    (out / "neuron.svg").write_text("old")
    (out / "mine.txt").write_text("kept")
    assert main([*QUICK, "--out", str(out)]) == 0
    assert names(out) == ["mine.txt", *FILES]
    assert (out / "neuron.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_as_a_command_in_a_terminal_without_these_characters(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "nn", *QUICK, "--out", "there"]
    done = subprocess.run(arguments, capture_output=True, check=False, env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2202loss" in done.stdout
    assert names(tmp_path / "there") == FILES


@pytest.mark.seed("A6")
def test_digits_reach_95_percent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    (last,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("accuracy on the test")]
    assert float(last.split("before: ")[1].split("%")[0]) >= 95.0
    assert "the other 61 products" in (tmp_path / "runs" / "neuron.svg").read_text(encoding="utf-8")


def test_help_lists_all_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m nn ")
    for option in (
        "--data {digits,moons}",
        "--epochs N",
        "--hidden N [N ...]",
        "--lr X",
        "--batch-size N",
        "--seed N",
        "--out DIR",
        "--help",
    ):
        assert option in text
    assert "(default: 32 for digits, 16 16 for moons)" in " ".join(text.split())


# -- errors: one line, status 2, no files ---------------------------------------------------------------------------------


def failing(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a wrong command, check what all errors have in common, and return the error line."""
    before = names(folder)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("python -m nn: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert names(folder) == before
    return err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "mnist"], "--data: invalid choice: 'mnist'"),
        (["--epochs", "0"], "--epochs: must be a whole number of at least 1, not '0'"),
        (["--epochs", "2.5"], "--epochs: must be a whole number of at least 1, not '2.5'"),
        (["--epochs"], "--epochs: expected one argument"),
        (["--hidden"], "--hidden: expected at least one argument"),
        (["--hidden", "16", "-3"], "not '-3'"),
        (["--hidden", "16,16"], "not '16,16'"),
        (["--lr", "0"], "--lr: must be a positive number, not '0'"),
        (["--lr", "nan"], "not 'nan'"),
        (["--lr", "inf"], "not 'inf'"),
        (["--lr", "fast"], "not 'fast'"),
        (["--batch-size", "-1"], "--batch-size: must be a whole number of at least 1, not '-1'"),
        (["--seed", "x"], "--seed: must be a whole number of at least 0, not 'x'"),
        (["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        (["digits"], "unrecognized arguments: digits"),
    ],
)
def test_bad_options(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = failing(arguments, tmp_path, capsys)
    assert message in line
    assert "--help" in line


@pytest.mark.parametrize("out", ["file", "file/below", "file/below/deeper", os.devnull, "x" * 300])
def test_a_folder_that_cannot_be(out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    line = failing([*QUICK, "--out", out], tmp_path, capsys)
    assert "cannot write to the folder" in line or "name too long" in line
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_locked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    assert "Permission denied" in failing([*QUICK, "--out", "locked/below"], tmp_path, capsys)


@pytest.mark.parametrize(
    ("module", "package"),
    [("sklearn", "scikit-learn"), ("matplotlib", "matplotlib"), ("graphviz", "graphviz"), ("tqdm", "tqdm"), ("safetensors", "safetensors")],
)
def test_an_absent_package(
    module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert f"not installed: {package}; write pip install {package}" in failing(QUICK, tmp_path, capsys)


def test_all_packages_absent(tmp_path: Path) -> None:
    """Nothing is imported before the command can say what is missing."""
    code = f"import runpy, sys; sys.modules.update(dict.fromkeys({[*__main__.PACKAGES]})); runpy.run_module('nn', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    everything = " ".join(__main__.PACKAGES.values())
    assert done.stderr == f"python -m nn: error: not installed: {everything.replace(' ', ', ')}; write pip install {everything}\n"
    assert names(tmp_path) == []


def test_an_absent_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def absent(*_: Any, **__: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory", "digits.csv.gz")

    monkeypatch.setattr("sklearn.datasets.load_digits", absent)
    assert "No such file or directory: 'digits.csv.gz'" in failing([], tmp_path, capsys)


def test_a_training_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "lower the learning rate" in failing([*QUICK, "--lr", "1e300"], tmp_path, capsys)


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "neuron.svg").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in failing(QUICK, tmp_path, capsys)
    assert names(tmp_path / "runs") == ["neuron.svg"]
    assert (tmp_path / "runs" / "neuron.svg").read_text() == "old"


def test_a_wrong_gradient_stops_it_with_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__, "check", lambda *_: [Comparison("∂loss/∂w", 1.0, 1.1, 1e-9)])
    assert main(QUICK) == 1
    out, err = capsys.readouterr()
    assert "∂loss/∂w: chain rule 1, numeric 1.1 ± 1e-09: WRONG by -0.1" in out
    assert err == "python -m nn: error: a gradient is wrong, so nothing was trained or written\n"
    assert names(tmp_path) == []


# -- Ctrl-C ---------------------------------------------------------------------------------------------------------------


def interrupted_after(epochs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C while an epoch is validated."""
    from nn.engine.compiled_engine import CompiledEngine

    evaluate, calls = CompiledEngine.evaluate, 0

    def interrupted(engine: CompiledEngine, data: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > epochs:
            raise KeyboardInterrupt
        return evaluate(engine, data)

    monkeypatch.setattr(CompiledEngine, "evaluate", interrupted)


def test_ctrl_c_before_the_end_of_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted_after(0, monkeypatch)
    assert main(QUICK) == 130
    out, err = capsys.readouterr()
    assert out.endswith("stopped after 0 of 2 epochs\n")
    assert err == "python -m nn: stopped\n"
    assert names(tmp_path) == []


def test_ctrl_c_after_an_epoch_writes_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted_after(1, monkeypatch)
    assert main(QUICK) == 0
    assert names(tmp_path / "runs") == FILES


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process there")
def test_a_real_ctrl_c(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "nn", "--data", "moons", "--epochs", "1000000", "--batch-size", "1"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 2/"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    epochs = int(out.split("stopped after ")[1].split(" of 1000000 epochs")[0])
    assert 2 <= epochs < 50  # so the lines came at once; a full pipe holds more
    assert names(tmp_path / "runs") == FILES


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close in another way there")
@pytest.mark.parametrize("arguments", [["--help"], [*QUICK, "--epochs", "500"], ["--lr", "-1"]])
def test_a_reader_that_goes_away(arguments: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "nn", *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT
        )
    finally:
        os.close(writing)
    assert done.returncode == 2
    assert done.stderr.count("\n") == ("-1" in arguments)
    assert names(tmp_path) == []


# -- the parts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_gradients_agree_in_every_layer(seed: int) -> None:
    model = MLP(4, [8, 8, 3], rng=random.Random(seed))
    before = model.state_dict()
    comparisons = check(model, [0.5, -1.0, 2.0, 0.1], 1)
    assert [c.ok for c in comparisons] == [True] * 6
    assert {c.name.split(".")[1] for c in comparisons} == {"0", "1", "2"}
    assert model.state_dict() == before


def test_the_check_finds_a_wrong_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd import Value

    def wrong(z: Value) -> Value:
        return z.tanh() + 0.001 * Value(z.data)  # a part of the value without its derivative

    model = MLP(4, [8, 3], wrong, rng=random.Random(0))
    comparisons = check(model, [0.5, -1.0, 2.0, 0.1], 1)
    assert [c.ok for c in comparisons] == [False, False, True, True]


def test_silent_neurons_are_not_checked_at_their_kink() -> None:
    model = MLP(2, [1, 1, 2], rng=random.Random(0))
    for p in model.layers[0].parameters():
        p.data = -1.0
    comparisons = check(model, [1.0, 1.0], 0)  # the second layer is exactly at its kink
    assert comparisons
    assert all(c.ok for c in comparisons)


@pytest.mark.parametrize("inputs", [1, 2, 3, 4, 64])
def test_the_picture_has_the_numbers_of_the_neuron(inputs: int) -> None:
    rng = random.Random(inputs)
    neuron = Neuron(inputs, rng=rng)
    neuron.b.data = 5.0  # not silent
    x = [rng.uniform(-1.0, 1.0) for _ in range(inputs)]
    output, expected = neuron_graph(neuron, x), neuron(x)
    expected.backward()
    assert output.data == pytest.approx(expected.data, rel=1e-12)
    leaves = {node.label: node for node in reached(output) if not node._prev}
    assert len(leaves) == 2 * min(inputs, 3) + 1 + (inputs > 3)
    shown = [i for i in range(inputs) if f"w{i}" in leaves]
    assert len(shown) == min(inputs, 3)
    smallest = min(abs(neuron.w[i].data * x[i]) for i in shown)
    for i, w in enumerate(neuron.w):
        if i in shown:
            assert (leaves[f"w{i}"].data, leaves[f"x{i}"].data, leaves[f"w{i}"].grad) == (w.data, x[i], w.grad)
        else:
            assert abs(w.data * x[i]) <= smallest
    assert [w.label for w in neuron.w] == [f"w{i}" for i in range(inputs)]


def reached(root: autograd.Value) -> set[autograd.Value]:
    seen, waiting = {root}, [root]
    while waiting:
        for node in waiting.pop()._prev:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def test_files_are_written_atomically() -> None:
    assert __main__.write_atomically is write_atomically
