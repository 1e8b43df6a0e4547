"""The notebooks of the course as their files say: cells, exercises, checks."""

import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from kernel import ROOT

FOLDER = ROOT / "notebooks"
CHINESE = FOLDER / "zh"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
APPENDICES = ("13",)
LESSONS = [path for path in NOTEBOOKS if not path.name.startswith(APPENDICES)]
"""The notebooks that are gone through one after another."""

FOLDED = re.compile(r"<details><summary>([^<]*)</summary>\n\n(.*?)\n\n</details>", re.DOTALL)
CODE = re.compile(r"```python\n(.*?)\n```", re.DOTALL)


def cells(path: Path, kind: str | None = None) -> list[dict[str, Any]]:
    """The cells of a kind, or all, with the lines of their source put together."""
    result: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in result if kind in (None, cell["cell_type"])]


def tags(cell: dict[str, Any]) -> list[str]:
    result: list[str] = cell["metadata"].get("tags", [])
    return result


def printed(cell: dict[str, Any]) -> str:
    """What a cell has printed."""
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


class Exercise(NamedTuple):
    """A cell that a learner fills in, with the question before it and the hints behind it."""

    cell: dict[str, Any]
    question: str
    folded: str

    @property
    def check(self) -> str:
        """The call of the check, which is the last line."""
        return str(self.cell["source"].rpartition("\n")[2])

    @property
    def name(self) -> str:
        """The name of the check."""
        return self.check.partition("(")[0]

    @property
    def number(self) -> str:
        """The number of the exercise, as its check prints it: `1.3` of `check_1_3`."""
        return self.name.removeprefix("check_").replace("_", ".")

    @property
    def folds(self) -> dict[str, str]:
        """The folded texts by their titles."""
        return dict(FOLDED.findall(self.folded))

    @property
    def solution(self) -> str:
        """The code of the solution, which replaces all lines of the learner's cell but the last."""
        code = CODE.findall(self.folds.get("Solution", self.folds.get("答案", "")))
        return code[0] if len(code) == 1 else ""


def exercises(path: Path) -> list[Exercise]:
    """The exercises of a notebook, in their order."""
    every = cells(path)
    return [
        Exercise(cell, *(other["source"] if other["cell_type"] == "markdown" else "" for other in (every[i - 1], every[i + 1])))
        for i, cell in enumerate(every)
        if "exercise" in tags(cell)
    ]


def module_of(path: Path) -> ModuleType:
    """A module of the notebooks, such as sliders.py, or a package; several folders have one of that name."""
    name = "_".join(path.relative_to(FOLDER).with_suffix("").parts)
    file, parts = (path / "__init__.py", [str(path)]) if path.is_dir() else (path, None)
    spec = importlib.util.spec_from_file_location(f"notebooks_{name}", file, submodule_search_locations=parts)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def checks(folder: Path = FOLDER) -> dict[str, Any]:
    """The checks by their names, such as `check_1_3`."""
    return {name: check for name, check in vars(module_of(folder / "checks")).items() if name.startswith("check_")}


def wrong_answers(lesson: str) -> dict[str, list[tuple[str, str]]]:
    """By the name of the check: code in place of the learner's, and a piece of the hint that it must get."""
    if not (ROOT / "tests" / "wrong_answers" / f"lesson_{lesson}.py").exists():
        return {}
    result: dict[str, list[tuple[str, str]]] = importlib.import_module(f"wrong_answers.lesson_{lesson}").WRONG
    return result
