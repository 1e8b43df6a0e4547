"""History: curves, pictures, tables."""

import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from autograd.errors import MissingPackageError
from nn import History
from nn.plots.figure import BLUE, VERMILION

TRAINING = [{"loss": 2.0, "accuracy": 0.5, "r2_score": -1.0}, {"loss": 1.0, "accuracy": 0.75, "r2_score": 0.1}]
VALIDATION = [{"loss": 3.0, "accuracy": 0.25, "r2_score": -2.0}, {"loss": 1.5, "accuracy": 0.5, "r2_score": 0.2}]


def history(*, validated: bool) -> History:
    history = History()
    for training, validation in zip(TRAINING, VALIDATION, strict=True):
        history.append(training, validation if validated else None, 0.25)
    return history


def test_the_curves() -> None:
    assert History().curves() == {}
    assert History().accuracy == History().validation_accuracy == []
    alone, both = history(validated=False), history(validated=True)
    assert alone.curves() == {"loss": [2.0, 1.0], "accuracy": [0.5, 0.75], "r2_score": [-1.0, 0.1], "seconds": [0.25, 0.25]}
    assert list(both.curves()) == [
        "loss",
        "validation_loss",
        "accuracy",
        "r2_score",
        "validation_accuracy",
        "validation_r2_score",
        "seconds",
    ]
    assert (both.validation_loss, both.accuracy, both.validation_accuracy) == ([3.0, 1.5], [0.5, 0.75], [0.25, 0.5])
    assert both.metrics["validation_r2_score"] == [-2.0, 0.2]
    assert alone.validation_loss == alone.validation_accuracy == []


def test_the_repr_is_short_and_says_where_the_training_ended() -> None:
    assert repr(history(validated=True)) == (
        "<History of 2 epochs, of which the last has loss 1, validation_loss 1.5, accuracy 0.75, r2_score 0.1, validation_accuracy 0.5, "
        "validation_r2_score 0.2>"
    )
    assert repr(History(loss=[0.123456] * 1000, seconds=[0.1] * 1000)) == "<History of 1,000 epochs, of which the last has loss 0.1235>"
    assert repr(History([1.0])) == "<History of 1 epoch, of which the last has loss 1>"
    assert repr(History(metrics={"a\nb": [1.0]})) == r"<History of 0 epochs, of which the last has a\nb 1>"


def cells(history: History) -> list[list[str]]:
    """The texts in the table that a notebook shows."""
    rows = ET.fromstring(history._repr_html_()).iter("tr")
    return [[cell.text or "" for cell in row] for row in rows]


def test_a_notebook_shows_a_table() -> None:
    names = ["epoch", "loss", "accuracy", "r2 score", "seconds"]
    assert cells(history(validated=False)) == [names, ["1", "2", "0.5", "-1", "0.25"], ["2", "1", "0.75", "0.1", "0.25"]]
    assert cells(History()) == [["epoch"]]
    assert cells(History([1.0, 2.0], metrics={"<b>": [3.0]})) == [["epoch", "loss", "<b>"], ["1", "1", "3"], ["2", "2", ""]]


@pytest.mark.parametrize(("epochs", "shown"), [(11, [*range(1, 12)]), (12, [1, 2, 3, 4, 5, "…", 8, 9, 10, 11, 12])])
def test_of_a_long_training_a_notebook_shows_both_ends(epochs: int, shown: list[object]) -> None:
    table = cells(History(loss=[float(i) for i in range(epochs)]))
    assert [row[0] for row in table[1:]] == [str(epoch) for epoch in shown]
    assert table[-1] == [str(epochs), f"{epochs - 1}"]


# -- pictures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validated", [True, False])
def test_plot(validated: bool) -> None:
    figure = history(validated=validated).plot()
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy", "r2 score"]
    for axes, name in zip(figure.axes, ("loss", "accuracy", "r2_score"), strict=True):
        curves = [[epoch[name] for epoch in TRAINING], [epoch[name] for epoch in VALIDATION]]
        assert [list(line.get_ydata()) for line in axes.lines] == curves[: 1 + validated]
        assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2]] * (1 + validated)
        assert [line.get_color() for line in axes.lines] == [BLUE, VERMILION][: 1 + validated]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["training", "validation"][: 1 + validated]
    width, height = figure.get_size_inches()
    assert width / 3 > height


@pytest.mark.parametrize(("epochs", "marker"), [(1, "o"), (50, "o"), (51, "")])
def test_many_epochs_are_drawn_without_marks(epochs: int, marker: str) -> None:
    (axes,) = History(loss=[1.0] * epochs, seconds=[0.1] * epochs).plot().axes
    assert [line.get_marker() for line in axes.lines] == [marker]


def test_plot_of_nothing() -> None:
    (axes,) = History().plot().axes
    assert (axes.get_title(), len(axes.lines), axes.get_legend()) == ("loss", 0, None)


def test_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="plotting needs matplotlib: pip install"):
        History().plot()


# -- tables -------------------------------------------------------------------------------------------------------------


def test_to_csv(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    history(validated=False).to_csv(path)
    assert path.read_bytes() == b"epoch,loss,accuracy,r2_score,seconds\n1,2.0,0.5,-1.0,0.25\n2,1.0,0.75,0.1,0.25\n"
    History().to_csv(str(path))
    assert path.read_bytes() == b"epoch\n"


def test_every_digit_of_a_number_is_written(tmp_path: Path) -> None:
    from nn.data import csv

    history = History(loss=[0.1 + 0.2, 1e-300], metrics={"a, and b": [1.0 / 3.0, -0.0]}, seconds=[1.0, 2.0])
    history.to_csv(tmp_path / "training.csv")
    rows, losses = csv(tmp_path / "training.csv", target="loss")
    assert losses == history.loss
    assert [row[1] for row in rows] == [1.0 / 3.0, -0.0]


def test_a_disk_that_is_full_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "training.csv"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        history(validated=True).to_csv(path)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["training.csv"]


def test_to_pandas() -> None:
    pytest.importorskip("pandas")
    table = history(validated=True).to_pandas()
    assert list(table.columns) == list(history(validated=True).curves())
    assert (list(table.index), table.index.name) == ([1, 2], "epoch")
    assert table["validation_r2_score"].tolist() == [-2.0, 0.2]
    assert History().to_pandas().shape == (0, 0)


def test_to_pandas_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match="to_pandas needs pandas: pip install pandas; history.to_csv"):
        history(validated=False).to_pandas()
