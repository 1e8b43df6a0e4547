"""Notebooks in a kernel of their own; without Jupyter's packages their tests are skipped, unless SCALAR_AUTOGRAD_REQUIRE_NOTEBOOK is set."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
STRICT = 'import warnings\nwarnings.simplefilter("error")\nwarnings.filterwarnings("ignore", module="ipykernel")'


def package(name: str) -> Any:
    if os.environ.get("SCALAR_AUTOGRAD_REQUIRE_NOTEBOOK"):
        return __import__(name)
    return pytest.importorskip(name)


def execute(notebook: Any, seconds: int) -> None:
    """Run the cells, with warnings as errors, each for at most so long."""
    nbformat, nbclient = package("nbformat"), package("nbclient")
    if not importlib.util.find_spec("ipykernel"):  # it runs in a process of its own; imported here, it would make this one a notebook
        package("ipykernel")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    nbclient.NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    del notebook.cells[0]
