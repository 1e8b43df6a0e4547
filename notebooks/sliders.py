"""A picture with sliders; without ipywidgets, the picture that they start with."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

TRANSLATIONS: dict[str, str] = {}
"""What is said instead of a message, in another language."""

STILL = "Drawn for {start}. With ipywidgets installed (pip install ipywidgets), this picture has a slider."


def slider(function: Callable[..., Any], **numbers: tuple[float, ...]) -> None:
    """Show what a function returns, with a slider for each of its arguments.

    Args:
        function: returns something to be shown, such as a figure; called with the arguments by name.
        numbers: for each argument its least and its largest number and the one to start with, `rate=(0.0, 2.0, 0.1)`, and, if it is
            not a hundredth of the range, the step. If all of them are whole, so are the numbers that the slider gives.
    """
    from IPython.display import display

    try:
        widgets: Any = import_module("ipywidgets")
    except ImportError:
        start = {name: of_name[2] for name, of_name in numbers.items()}
        display(function(**start))
        print(TRANSLATIONS.get(STILL, STILL).format(start=", ".join(f"{worded(name)} = {number:g}" for name, number in start.items())))
        return
    display(widgets.interactive(function, **{name: control(widgets, name, *of_name) for name, of_name in numbers.items()}))


def control(widgets: Any, name: str, low: float, high: float, start: float, step: float | None = None) -> Any:
    """The slider of one argument."""
    whole = all(isinstance(number, int) for number in (low, high, start))
    made = widgets.IntSlider if whole else widgets.FloatSlider
    return made(start, min=low, max=high, step=step or (1 if whole else (high - low) / 100), description=worded(name))


def worded(name: str) -> str:
    """The name of an argument as a reader sees it."""
    return name.replace("_", " ")
