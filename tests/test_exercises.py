"""The exercises of the notebooks: they run as they stand, hints answer the usual mistakes, and solutions are right."""

import re
from pathlib import Path

import numpy as np
import pytest
from course import FOLDER, NOTEBOOKS, cells, checks, exercises, module_of, printed, tags, wrong_answers
from kernel import execute, package
from test_notebooks import SECONDS, in_their_turn

import autograd
from autograd import Value

CHECKS = checks()
CHECKS_MODULE = module_of(FOLDER / "checks")
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@in_their_turn(NOTEBOOKS)
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
    verdicts = []
    for cell in notebook.cells:
        if expected := cell.metadata.get("expected"):
            verdict = (printed(cell).splitlines() or [""])[-1]
            verdicts.append(verdict)
            assert expected in verdict, f"{path.name}: {cell.source}"
            assert ": right." not in verdict or expected.endswith(": right."), f"{path.name}: {cell.source}"
            assert not verdict.endswith("A hint is below."), f"{path.name}: {cell.source}"
    for exercise in asked.values():
        for hint in (message for _, message in CHECKS[exercise.name].wrong):
            pattern = re.escape(f"{exercise.number}: {hint}").replace(r"\{answer\}", ".*").replace(r"\{found\}", ".*")
            assert any(re.fullmatch(pattern, verdict) for verdict in verdicts), f"{path.name}: no wrong answer gets the hint {hint!r}"


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
    lessons = {int(path.name[:2]) for path in NOTEBOOKS}
    assert {int(name.split("_")[1]) for name in CHECKS} <= lessons


# -- what checks are made of ----------------------------------------------------------------------------------------------------

CHECK = CHECKS_MODULE.Check(
    "0.1",
    (2.0, True),
    [
        ((1.0, True), "{answer}: one of two."),
        (lambda answers: answers[0] * (answers[0] > 5), "{found} is too much."),
        (lambda answers: 1 / answers[0] < 0, "negative."),
    ],
    otherwise="neither.",
    why="One and one.",
)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((..., True), "not yet."),
        ((None, True), "not yet."),
        (([2.0, ...], True), "not yet."),
        (({"a": ...}, True), "not yet."),
        ((2, True), "right. One and one."),
        ((Value(2.0), True), "right. One and one."),
        ((np.float64(2.0), True), "right. One and one."),
        ((2.0 + 1e-9, True), "right. One and one."),
        ((2.0 + 1e-5, True), "neither."),
        (("2.0", True), "right. One and one."),
        (([2.0], True), "right. One and one."),
        ((np.array(2.0), True), "right. One and one."),
        ((np.array([[2.0]]), True), "right. One and one."),
        ((Value(1.0), True), "1, True: one of two."),
        (("−4", False), "negative."),
        (([6.5, 1.0], True), "neither."),
        ((2.0, False), "neither."),
        ((1.0, True), "1, True: one of two."),
        ((6.5, True), "6.5 is too much."),
        ((-4, False), "negative."),
        ((0.0, True), "neither."),
        (("two", True), "neither."),
        ((2.0, True, 3.0), "neither."),
    ],
)
def test_a_check_says(answers: tuple[object, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    CHECK(*answers)
    assert capsys.readouterr().out == f"0.1: {said}\n"


@pytest.mark.parametrize(
    ("answer", "expected", "alike"),
    [
        ({"a": 1.0, "b": 2}, {"b": 2.0, "a": 1}, True),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, False),
        ([1, [2, 3]], (1, (2, 3)), True),
        (3.0, (3.0,), False),
        ("relu", "relu", True),
        (1, True, True),
        (0.0, 1e-10, True),
        (float("nan"), 0.0, False),
        (object(), 1.0, False),
    ],
)
def test_answers_are_compared(answer: object, expected: object, alike: bool) -> None:
    assert CHECKS_MODULE.is_like(answer, expected) is alike


def test_functions_of_answers_get_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever holds the number: a Value, a list or an array of one, an array without axes, a text."""
    check = CHECKS_MODULE.Check("0.3", lambda x: abs(x - 0.5) < 0.01, [(lambda x: x > 1, "{answer} is too much.")])
    for answer in (Value(0.5), [0.5], [Value(0.5)], np.array(0.5), np.array([0.5]), "0.5", 0.5):
        check(answer)
    check(Value(2.0))
    check("a half")
    assert capsys.readouterr().out == "0.3: right.\n" * 7 + "0.3: 2 is too much.\n0.3: not what it should be. A hint is below.\n"


def test_larger_answers_keep_their_shape() -> None:
    table = np.ones((2, 1))
    assert CHECKS_MODULE.plain([table, table])[0] is table
    assert CHECKS_MODULE.plain([[Value(1.0)], {"a": np.array(2.0)}, "one", True]) == [[1.0], {"a": 2.0}, "one", True]
    assert CHECKS_MODULE.plain([[1.0]]) == [[1.0]]


@pytest.mark.parametrize(
    ("answer", "expected", "is_rounded"),
    [
        (0.67, 2 / 3, True),
        (0.66, 2 / 3, True),
        (0.667, 2 / 3, True),
        (-0.67, -2 / 3, True),
        (0.68, 2 / 3, False),
        (0.7, 2 / 3, False),  # one digit may be a guess
        (4.01, 4.0, False),
        (3.99, 4.0, False),
        (16, 16.5, False),
        (24_000, 23_860, False),
        ((0.43, 0.5), (0.4321, 0.5), True),
        ((0.43, 0.6), (0.4321, 0.5), False),
        (0.43, (0.4321, 0.5), False),
        (float("nan"), 0.5, False),
        ("two thirds", 2 / 3, False),
        (True, 1.0, False),
    ],
)
def test_rounded_answers_are_known(answer: object, expected: object, is_rounded: bool, capsys: pytest.CaptureFixture[str]) -> None:
    CHECKS_MODULE.Check("0.4", expected, otherwise="wrong.")(answer)
    assert capsys.readouterr().out.startswith("0.4: close: your number is rounded.") is is_rounded


def test_of_several_answers_the_wrong_ones_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    check = CHECKS_MODULE.Check("0.5", (3.0, -4.0, 2), otherwise="none.", names=("p", "q", "n"))
    for answers in ((3.0, -4.0, 2), (-4.0, 3.0, 2), (2, -4.0, 3.0), (3.0, 4.0, 2), (3.0, 4.0, 1), (1.0, 1.0, 1), (3.0, -4.0)):
        check(*answers)
    assert capsys.readouterr().out.replace("0.5: ", "").splitlines() == [
        "right.",
        "p and q have changed places.",
        "p and n have changed places.",
        "not right yet: q. The rest is right.",
        "not right yet: q, n. The rest is right.",
        "none.",
        "none.",
    ]


def with_a_note(x: float) -> None:
    """The body is for the learner."""
    ...


def with_a_gap(x: float) -> None:
    y = ...  # noqa: F841


def without_return(x: float) -> None:
    x * x


class Callable:
    def __call__(self, x: float) -> None:
        x + 1


def test_a_function_that_returns_nothing_is_told_from_one_that_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    check = CHECKS_MODULE.CheckOf("0.6", lambda f: f()(3.0) if isinstance(f, type) else f(3.0), 9.0)
    for answer in (with_a_note, with_a_gap, lambda x: None, without_return, Callable, 9.0):
        check(answer)
    assert capsys.readouterr().out.replace("0.6: ", "").splitlines() == [
        "not yet.",
        "not yet.",
        "not yet.",
        "not yet: your function returns nothing. Is `return` missing?",
        "not yet: your function returns nothing. Is `return` missing?",
        "this should be a function, given without calling it.",
    ]


def test_minus_signs_are_those_of_the_text() -> None:
    assert CHECKS_MODULE.shown((-1.5, [Value(-2.0), np.float64(-0.5), "x-y"])) == "−1.5, −2, −0.5, x-y"


def test_functions_are_tried(capsys: pytest.CaptureFixture[str]) -> None:
    check = CHECKS_MODULE.CheckOf("0.2", lambda f: f(3.0), 9.0, [(6.0, "{answer} is twice the number.")])
    for answer in (..., lambda x: None, lambda x: 2 * x, lambda x: x * x):
        check(answer)
    assert capsys.readouterr().out == "0.2: not yet.\n0.2: not yet.\n0.2: 6 is twice the number.\n0.2: right.\n"
