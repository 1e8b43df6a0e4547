"""The sliders of the notebooks, and the pictures in their place."""

import json
from pathlib import Path
from typing import Any

import pytest
from course import CHINESE, FOLDER, module_of
from kernel import execute, package

STILL = """
from nn.plots import new_figure
from sliders import slider

slider(lambda **numbers: new_figure(1.0 + numbers["learning_rate"], numbers["steps"]), learning_rate=(0.0, 2.0, 0.5), steps=(1, 9, 2))
"""


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (
            FOLDER,
            "Drawn for learning rate = 0.5, steps = 2. With ipywidgets installed (pip install ipywidgets), this picture has a slider.\n",
        ),
        (CHINESE, "此图按 learning rate = 0.5, steps = 2 画出。安装 ipywidgets 之后（pip install ipywidgets），这里会有滑块。\n"),
    ],
)
@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_without_ipywidgets_the_first_picture_is_shown(folder: Path, said: str) -> None:
    nbformat = package("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(STILL)])
    execute(notebook, 120, folder)
    picture, text = json.loads(json.dumps(notebook.cells[0].outputs))
    assert picture["data"]["text/plain"] == "<Picture size 150x200 with 0 Axes>"
    assert "image/png" in picture["data"]
    assert text["text"] == said


@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_with_ipywidgets_it_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    package("ipywidgets")
    display = package("IPython.display")
    boxes: list[Any] = []
    monkeypatch.setattr(display, "display", boxes.append)
    calls: list[dict[str, float]] = []
    module_of(FOLDER / "sliders.py").slider(
        lambda **numbers: calls.append(numbers), learning_rate=(0.0, 2.0, 0.5), steps=(1, 9, 2), shift=(-1.0, 1.0, 0.0, 0.25)
    )
    (box,) = boxes
    rate, steps, shift = box.children[:3]
    assert [(of.description, of.min, of.max, of.step, of.value) for of in (rate, steps, shift)] == [
        ("learning rate", 0.0, 2.0, 0.02, 0.5),
        ("steps", 1, 9, 1, 2),
        ("shift", -1.0, 1.0, 0.25, 0.0),
    ]
    rate.value, steps.value = 1.0, 3
    assert calls[-1] == {"learning_rate": 1.0, "steps": 3, "shift": 0.0}
    assert isinstance(calls[-1]["steps"], int)
