"""What `fit` prints."""

import io
import sys
import warnings
from types import SimpleNamespace

import pytest
from nn_xor import CLASSES, XOR, xor_model

from nn import fit


def test_a_line_an_epoch_and_no_bar_where_nobody_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    fit(xor_model(), XOR, CLASSES, epochs=2, validation=(XOR, CLASSES))
    out, err = capsys.readouterr()
    assert [line.split(": ")[0] for line in out.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert all("training accuracy" in line and "validation accuracy" in line for line in out.splitlines())
    assert err == ""


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    fit(xor_model(), XOR, CLASSES, epochs=2)
    assert "epoch 1/2" in terminal.getvalue()
    assert "batch/s" in terminal.getvalue()
    assert "validation" not in capsys.readouterr().out


def test_a_notebook_without_ipywidgets_gets_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = {"ipykernel.zmqshell": None, "IPython": SimpleNamespace(get_ipython=object), "ipywidgets": None}
    for module, what in notebook.items():
        monkeypatch.setitem(sys.modules, module, what)
    for module in ("tqdm.auto", "tqdm.autonotebook", "tqdm.notebook"):  # imported anew, they would warn
        monkeypatch.delitem(sys.modules, module, raising=False)
    with warnings.catch_warnings(record=True) as seen:  # as errors tqdm would catch them
        warnings.simplefilter("always")
        fit(xor_model(), XOR, CLASSES, epochs=1)
    assert seen == []


def bars(shell: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What is written to standard error where IPython runs this shell."""
    monkeypatch.setitem(sys.modules, "ipykernel", SimpleNamespace())  # some packages import it in any process
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    fit(xor_model(), XOR, CLASSES, epochs=2)
    return capsys.readouterr().err


def test_a_notebook_shows_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shell = type("ZMQInteractiveShell", (), {})()
    assert "batch/s" in bars(shell, monkeypatch, capsys)


@pytest.mark.parametrize("shell", [None, type("Own", (type("TerminalInteractiveShell", (), {}),), {})()], ids=["none", "in a terminal"])
def test_what_is_no_notebook_shows_no_bar(shell: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert bars(shell, monkeypatch, capsys) == ""


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    fit(xor_model(), XOR, CLASSES, epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")
