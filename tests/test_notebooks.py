"""The course: every notebook runs, and reads well where it is only looked at."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from kernel import ROOT, execute, package

import autograd

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 240  # for one notebook; on a quiet machine each takes less than 20
BYTES = 700_000
MACHINE_PATH = re.compile(r"(?<![\w./])(/(tmp|home|root|work|Users|usr|opt|var|mnt)/|[A-Z]:\\\\)")
PICTURE = {"image/png", "image/svg+xml", "text/html", "text/latex"}

LONG = ("04", "05", "06", "07", "08", "09", "10", "11", "12")
"""The numbers of the notebooks that take longest."""

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_in_its_turn = pytest.mark.parametrize(
    "path", [pytest.param(path, marks=[pytest.mark.slow] * path.name.startswith(LONG)) for path in NOTEBOOKS], ids=lambda path: path.stem
)


def cells(path: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """The cells of a kind, or all, with the lines of their source put together."""
    result: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in result if kind in (None, cell["cell_type"])]


def tags(cell: dict[str, Any]) -> list[str]:
    result: list[str] = cell["metadata"].get("tags", [])
    return result


def test_there_are_some() -> None:
    assert len(NOTEBOOKS) >= 12
    assert len({path.name[:2] for path in NOTEBOOKS}) == len(NOTEBOOKS)


@each_in_its_turn
@pytest.mark.skipif(not autograd.NATIVE, reason="executed with the native core; in plain Python, with coverage, it would take long")
@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_it_runs(path: Path) -> None:
    notebook = package("nbformat").read(path, as_version=4)
    start = time.monotonic()
    execute(notebook, SECONDS)
    assert time.monotonic() - start < SECONDS
    committed = iter(cells(path, "code"))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", (cell.source, output.text)
        if cell.cell_type == "code":
            assert words(cell.outputs) == words(next(committed)["outputs"]), "the committed outputs are those of another run"


def words(outputs: list[Any]) -> str:
    """What outputs print, without the numbers and their units, of which some are times."""
    text = "".join("".join(output.get("text", "")) for output in outputs)
    return " ".join(re.sub(r"[-−+]?\d[\d.,]*(e[-+]?\d+)?( ?(µs|ms|s|seconds)\b)?", "#", text).split())


@each
def test_it_opens_with_what_it_teaches(path: Path) -> None:
    first = cells(path)[0]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith(f"# {int(path.name[:2])}. ")
    assert re.search(r"you will be able to\n\n(- .*\n(  .*\n)*){2,}", first["source"] + "\n")


@each
def test_prose_and_code_alternate(path: Path) -> None:
    kinds = "".join(cell["cell_type"][0] for cell in cells(path))
    assert "mmm" not in kinds
    assert "ccccc" not in kinds
    assert kinds.count("m") > 0.4 * len(kinds)


@each
def test_outputs_are_there_and_whole(path: Path) -> None:
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "execute_result", "display_data"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    shown = [set(output["data"]) for output in outputs if "data" in output]
    assert shown
    assert all(kinds & PICTURE for kinds in shown), "the repr of an object is no picture"


@each
def test_it_is_of_no_machine_and_of_moderate_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not MACHINE_PATH.search(text)
    assert str(ROOT) not in text
    assert str(Path.home()) not in text
    assert len(text.encode()) < BYTES


@each
def test_exercises_have_checked_solutions(path: Path) -> None:
    result = cells(path)
    solutions = [i for i, cell in enumerate(result) if "solution" in tags(cell)]
    assert 2 <= len(solutions) <= 4
    for i in solutions:
        assert re.search(r"^\s*assert ", result[i]["source"], re.MULTILINE), result[i]["source"]
        assert result[i - 1]["cell_type"] == "markdown"
        assert re.search(r"^\*\*\d\.", result[i - 1]["source"], re.MULTILINE), result[i - 1]["source"]
        assert result[i]["metadata"]["jupyter"] == {"source_hidden": True}
