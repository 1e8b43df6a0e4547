"""The course: every notebook runs, and reads well where it is only looked at."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from course import APPENDICES, CHINESE, FOLDER, LESSONS, NOTEBOOKS, cells, exercises
from kernel import ROOT, execute, package
from markdown_links import anchors, links, pictures, without_code

import autograd

SECONDS = 240  # for one notebook; on a quiet machine each takes less than 20
BYTES = 700_000
MACHINE_PATH = re.compile(r"(?<![\w./])(/(tmp|home|root|work|Users|usr|opt|var|mnt)/|[A-Z]:\\\\)")
PICTURE = {"image/png", "image/svg+xml", "text/html", "text/latex"}

LONG = ("04", "05", "06", "07", "08", "09", "10", "11", "12", "13")
"""The numbers of the notebooks that take longest."""

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def in_their_turn(paths: list[Path]) -> pytest.MarkDecorator:
    """Each of the notebooks, the long ones among the slow tests."""
    marked = [pytest.param(path, marks=[pytest.mark.slow] * path.name.startswith(LONG), id=path.stem) for path in paths]
    return pytest.mark.parametrize("path", marked)


def test_there_are_some() -> None:
    assert len(NOTEBOOKS) >= 12
    assert len({path.name[:2] for path in NOTEBOOKS}) == len(NOTEBOOKS)


@in_their_turn(NOTEBOOKS)
@pytest.mark.skipif(not autograd.NATIVE, reason="executed with the native core; in plain Python, with coverage, it would take long")
@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_it_runs(path: Path) -> None:
    notebook = package("nbformat").read(path, as_version=4)
    start = time.monotonic()
    execute(notebook, SECONDS, path.parent)
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


# -- the way through the course ------------------------------------------------------------------------------------------------

PAGES = [*NOTEBOOKS, *sorted(CHINESE.glob("*.ipynb")), FOLDER / "glossary.md", CHINESE / "glossary.md"]
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(FOLDER).as_posix())


def prose(path: Path) -> list[str]:
    """The texts of a page, without blocks of code: those of a notebook cell by cell."""
    if path.suffix == ".md":
        return [without_code(path.read_text(encoding="utf-8"))]
    return [without_code(cell["source"]) for cell in cells(path, "markdown")]


@each
def test_it_leads_to_its_neighbours_and_to_the_glossary(path: Path) -> None:
    first, last = ({address.partition("#")[0] for address in links(text)} for text in (prose(path)[0], prose(path)[-1]))
    assert "glossary.md" in first, path.name
    if path in LESSONS:
        i = LESSONS.index(path)
        before, after = [other.name for other in LESSONS[:i][-1:]], [other.name for other in LESSONS[i + 1 :][:1]]
        assert {*before, *after} <= first, f"the first cell of {path.name} links to {before + after}"
        assert set(after) <= last != set(), f"the last cell of {path.name} links onward"


def test_appendices_are_linked_to() -> None:
    linked = {address for path in LESSONS for text in prose(path) for address in links(text)}
    assert {path.name for path in NOTEBOOKS if path.name.startswith(APPENDICES)} <= linked


@every_page
def test_links_lead_somewhere(path: Path) -> None:
    dead = []
    for address in [address for text in prose(path) for address in (*links(text), *pictures(text))]:
        name, _, place = address.partition("#")
        target = path.parent / name if name else path
        if not re.match("[a-z]+:", address) and not (target.exists() and (not place or place in places(target))):
            dead.append(address)
    assert dead == [], path.name


def places(path: Path) -> set[str]:
    """What can follow # in a link to a page. Jupyter keeps capitals and punctuation."""
    if path.suffix != ".ipynb":
        return anchors(path.read_text(encoding="utf-8"))
    return {heading.replace(" ", "-") for text in prose(path) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@each
def test_it_says_how_long_it_takes(path: Path) -> None:
    """About: 200 words a minute, 15 lines of code, 5 minutes for an exercise."""
    said = re.search(r"About (\d+) minutes, with the exercises", prose(path)[0])
    assert said, f"the first cell of {path.name} says how long it takes"
    words = sum(len(re.findall(r"\w+", text)) for text in prose(path))
    lines = sum(len(cell["source"].splitlines()) for cell in cells(path, "code"))
    estimate = words / 200 + lines / 15 + 5 * len(exercises(path))
    assert 0.6 * estimate < int(said[1]) < 1.6 * estimate, f"{path.name}: about {estimate:.0f} minutes"


@every_page
def test_pictures_have_alternative_text(path: Path) -> None:
    for text in prose(path):
        assert not re.search(r"!\[.{0,9}\]\(|<img(?![^>]*\balt=\"[^\"]{10})", text), f"{path.name}: {text[:80]}"


@each
def test_plots_stand_beside_a_text_that_says_what_is_seen(path: Path) -> None:
    every = cells(path)
    for i, cell in enumerate(every):
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            assert "markdown" in {other["cell_type"] for other in every[i - 1 : i + 2]}, f"{path.name}: {cell['id']}"
