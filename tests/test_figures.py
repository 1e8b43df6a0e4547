"""The figures of the READMEs and of other pages are those of the file of results, and counts are those of the code."""

import re
from pathlib import Path

import pytest

from autograd.ops import OPERATIONS
from benchmarks import figures
from benchmarks.results import results

ROOT = Path(__file__).resolve().parent.parent
HOW = "write them anew: python -m benchmarks.figures"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", figures.SENTENCES)
def test_a_page_has_the_figures_of_the_results(name: str) -> None:
    written, measured = text_of(name).splitlines(), figures.page(name, results()).splitlines()
    assert [pair for pair in zip(written, measured, strict=True) if pair[0] != pair[1]] == [], HOW


CHANGED = {"README.md": 6, "tour.md": 2, "how_fast.md": 9, "compared.md": 1, "trust.md": 2}
"""So many lines of each page change at least if all numbers of ours do."""


@pytest.mark.parametrize("name", figures.SENTENCES)
def test_another_figure_anywhere_is_told(name: str) -> None:
    """Each number that comes from the results, when another one stands in its place."""
    text, measured = text_of(name), results()
    least = 1 if "zh" in name else CHANGED[Path(name).name]  # a paragraph in Chinese is one line
    changed = figures.with_tables(figures.with_sentences(text, name, twice(measured)), name, twice(measured))
    assert len([pair for pair in zip(text.splitlines(), changed.splitlines(), strict=True) if pair[0] != pair[1]]) >= least
    assert figures.with_tables(figures.with_sentences(changed, name, measured), name, measured) == text


def twice(measured: figures.Results) -> figures.Results:
    """The results with all numbers of ours doubled."""

    def doubled(name: str, value: object) -> object:
        if isinstance(value, dict):
            return {key: doubled(key, item) for key, item in value.items()}
        is_ours = re.match(
            r"f[(.]|fit|ours|nn\.MLP|compile|nodes|planted|caught|programs|minutes|seed|disagree|right|images|code|constants|memory", name
        )
        return 2 * value + 1 if is_ours and isinstance(value, (int, float)) else value

    return {name: doubled(name, value) for name, value in measured.items()}


def test_the_first_screen_agrees_with_the_table() -> None:
    text = text_of("README.md")
    eager, compiled = re.findall(r"runs ([\d,]+) times as fast as in micrograd.*and ([\d,]+) times", text)[0]
    assert f"| the same code, native | {eager} times |" in text
    assert f"| `compile(loss)`, native | {compiled} times |" in text


@pytest.mark.parametrize(
    ("x", "text"), [(3412.0, "3,400"), (104.0, "100"), (24.6, "25"), (9.96, "10"), (9.94, "9.9"), (2.02, "2"), (0.86, "0.9"), (0.0, "0")]
)
def test_a_figure_has_two_digits(x: float, text: str) -> None:
    assert figures.figure(x) == text


def test_a_sentence_that_is_not_there_is_an_error() -> None:
    text = text_of(figures.FAST).replace("A step of `fit` takes", "A step takes")
    with pytest.raises(ValueError, match="how_fast.md has 0 sentences like 'A step of `fit` takes #"):
        figures.with_sentences(text, figures.FAST, results())


def test_a_row_without_figures_is_an_error() -> None:
    text = text_of(figures.FAST)
    row = re.search(r"^\| a product of .*\n", text, re.MULTILINE)
    assert row
    with pytest.raises(ValueError, match="rows too few"):
        figures.with_tables(text.replace(row[0], ""), figures.FAST, results())


def test_counts_of_the_changelog() -> None:
    assert re.findall(r"The op table: (\d+) operations", text_of("CHANGELOG.md")) == [str(len(OPERATIONS))]


def test_the_lines_of_micrograd() -> None:
    engine = pytest.importorskip("micrograd.engine")
    lines = len(Path(str(engine.__file__)).read_text(encoding="utf-8").splitlines())
    assert f"| yes, {lines} lines |" in text_of("docs/explanation/compared.md")
