"""The exercises of the notebooks: they run as they stand, hints answer the usual mistakes, and solutions are right."""

import re
from pathlib import Path

import pytest
from course import LESSONS, cells, checks, exercises, printed, tags, wrong_answers
from kernel import execute, package
from test_notebooks import SECONDS, in_their_turn

import autograd

CHECKS = checks()
each = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@in_their_turn(LESSONS)
@pytest.mark.skipif(not autograd.NATIVE, reason="executed with the native core; in plain Python, with coverage, it would take long")
@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_answers_get_what_they_deserve(path: Path) -> None:
    """The learner's cells as they stand, then with each usual wrong answer, then with the solution."""
    nbformat = package("nbformat")
    notebook = nbformat.read(path, as_version=4)
    wrong, run = wrong_answers(path.name[:2]), []
    asked = {exercise.cell["id"]: exercise for exercise in exercises(path)}
    assert asked, f"{path.name} has no exercises"
    for cell in notebook.cells:
        run.append(cell)
        if exercise := asked.get(cell.id):
            cell.metadata["expected"] = f"{exercise.number}: not yet."
            for code, expected in [*wrong.get(exercise.name, []), (exercise.solution, f"{exercise.number}: right.")]:
                run.append(nbformat.v4.new_code_cell(f"{code}\n{exercise.check}", metadata={"expected": expected}))
    notebook.cells = run
    execute(notebook, SECONDS, path.parent)
    for cell in notebook.cells:
        if expected := cell.metadata.get("expected"):
            verdict = (printed(cell).splitlines() or [""])[-1]
            assert expected in verdict, f"{path.name}: {cell.source}"
            assert ": right." not in verdict or expected.endswith(": right."), f"{path.name}: {cell.source}"
            assert not verdict.endswith("A hint is below."), f"{path.name}: {cell.source}"


@each
def test_there_are_three_at_least(path: Path) -> None:
    assert len(exercises(path)) >= 3, path.name


@each
def test_each_is_asked_answered_and_explained(path: Path) -> None:
    lesson = int(path.name[:2])
    for n, exercise in enumerate(exercises(path), start=1):
        where = f"{path.name}, exercise {n}"
        assert exercise.question.rpartition("## Exercises\n\n")[2].startswith(f"**{n}. "), where
        assert re.fullmatch(rf"check_{lesson}_{n}\(.+\)", exercise.check), where
        assert re.search(r"(?<![\w\"'])\.\.\.(?!\w)", exercise.cell["source"]), f"{where}: nothing is left for the learner"
        assert printed(exercise.cell).endswith(f"{exercise.number}: not yet.\n"), where
        assert list(exercise.folds)[-1] == "Solution", where
        assert list(exercise.folds)[:-1] == [f"Hint {k + 1}" for k in range(len(exercise.folds) - 1)] != [], where
        assert exercise.solution, f"{where}: the solution is one block of python"
        assert exercise.check not in exercise.solution, f"{where}: the check is added to the solution"


@each
def test_no_solution_stands_open(path: Path) -> None:
    """They are folded away, in Markdown."""
    assert not [cell for cell in cells(path) if "solution" in tags(cell)], path.name


@each
def test_each_check_has_its_exercise_and_its_wrong_answers(path: Path) -> None:
    lesson = int(path.name[:2])
    names = [exercise.name for exercise in exercises(path)]
    assert names == [name for name in CHECKS if name.startswith(f"check_{lesson}_")], path.name
    wrong = wrong_answers(path.name[:2])
    assert sorted(wrong) == sorted(names), f"tests/wrong_answers/lesson_{path.name[:2]}.py"
    for name, answers in wrong.items():
        assert answers, name
        assert len({code for code, _ in answers}) == len(answers), name
        assert all(len(hint) > 8 for _, hint in answers), name


def test_checks_are_called_what_they_print() -> None:
    assert {name: check.name for name, check in CHECKS.items()} == {name: name.removeprefix("check_").replace("_", ".") for name in CHECKS}


def test_no_check_is_of_no_notebook() -> None:
    lessons = {int(path.name[:2]) for path in LESSONS}
    assert {int(name.split("_")[1]) for name in CHECKS} <= lessons
