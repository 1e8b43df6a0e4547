"""What `fit` prints: a line for each epoch, and a progress bar."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol, Self

from autograd._runtime import streams
from autograd._runtime.coercion import flag
from autograd.render.lettering import printable
from nn.history import History


class ProgressBar(Protocol):
    """What `fit` uses of a bar of tqdm."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def set_description(self, desc: str) -> None:
        """Show a text in front of the bar."""

    def update(self) -> object:
        """Count one batch."""

    def external_write_mode(self) -> AbstractContextManager[object]:
        """Within it the bar is hidden, so that lines can be printed."""


def progress_bar(total: int, progress: bool) -> ProgressBar:
    """A bar that is removed at the end. It is hidden where nobody sees it: standard error is no terminal, and this is no notebook.

    Args:
        total: the number of batches.
        progress: False to hide the bar in any case.

    Example:
        >>> with progress_bar(10, False) as bar:
        ...     bar.set_description("epoch 1/2")
    """
    if importlib.util.find_spec("ipywidgets"):
        from tqdm.auto import tqdm
    else:  # in a notebook tqdm.auto would warn that it is missing
        from tqdm import tqdm

    visible = streams.is_terminal(sys.stderr) or _in_notebook()
    bar: ProgressBar = tqdm(total=total, disable=not (flag("progress", progress) and visible), unit="batch", leave=False)
    return bar


def _in_notebook() -> bool:
    """Whether this process runs the cells of a notebook, which shows the bar, but is no terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and all(cls.__name__ != "TerminalInteractiveShell" for cls in type(shell).__mro__)


def say(bar: ProgressBar, line: str) -> None:
    """Print a line above the bar, without delay even if standard output is a pipe; nothing where there is no standard output.

    Example:
        >>> with progress_bar(10, False) as bar:
        ...     say(bar, "epoch 1/2")
        epoch 1/2
    """
    with bar.external_write_mode():
        streams.say(line, sys.stdout)


def epoch_line(history: History, epochs: int, names: Iterable[str]) -> str:
    """The line for the last epoch.

    Args:
        history: of the epochs so far.
        epochs: how many there are to be.
        names: of the metrics.

    Example:
        >>> epoch_line(History(loss=[0.5], metrics={"accuracy": [0.75]}, seconds=[0.125]), 10, ["accuracy"])
        'epoch 1/10: loss 0.5000, training accuracy 75.0%, 0.12 s'
    """

    def shown(name: str, number: float) -> str:
        return f"{printable(name.replace('_', ' '))} {number:{'.1%' if name.endswith('accuracy') else '.4g'}}"

    parts = [f"loss {history.loss[-1]:.4f}", *[f"training {shown(name, history.metrics[name][-1])}" for name in names]]
    if history.validation_loss:
        parts.append(f"validation loss {history.validation_loss[-1]:.4f}")
        parts += [f"validation {shown(name, history.metrics[f'validation_{name}'][-1])}" for name in names]
    return f"epoch {len(history.loss)}/{epochs}: {', '.join(parts)}, {history.seconds[-1]:.2f} s"
