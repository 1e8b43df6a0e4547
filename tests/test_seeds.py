"""Every row of seeds.py is shown in a notebook and tested, and nothing claims a row that is none."""

import ast
from collections.abc import Iterator

import pytest
from course import NOTEBOOKS, cells, tags
from kernel import ROOT
from seeds import SEEDS

SHOWN = {tag for path in NOTEBOOKS for cell in cells(path, "code") for tag in tags(cell)}


def marked() -> Iterator[str]:
    """The arguments of every ``pytest.mark.seed`` in the tests."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.seed":
                yield from map(ast.literal_eval, node.args)


TESTED = set(marked())


@pytest.mark.parametrize("row", SEEDS)
def test_it_is_shown(row: str) -> None:
    assert row in SHOWN


@pytest.mark.parametrize("row", SEEDS)
def test_it_is_tested(row: str) -> None:
    assert row in TESTED


def test_there_are_no_other_rows() -> None:
    assert SHOWN - {"exercise"} <= set(SEEDS)
    assert set(SEEDS) >= TESTED
