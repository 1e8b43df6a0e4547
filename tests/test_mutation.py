"""What plants errors: it changes one thing at a time, covers every file, and notices what tests notice."""

import ast
import random
from pathlib import Path

import mutation
import pytest
from mutation import Mutant, belonging, files, mutants_of, stages

ROOT = Path(__file__).resolve().parent.parent
EVERY = {of: [mutant for path in files(of) for mutant in mutants_of(path)] for of in ("ops", "compiled", "nn")}


@pytest.mark.parametrize("of", EVERY)
def test_a_mutant_is_a_program_that_differs_in_one_place(of: str) -> None:
    for mutant in random.Random(0).sample(EVERY[of], 60):
        original = (ROOT / mutant.path).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(mutant.text)) != ast.dump(ast.parse(original)), mutant
        before, after = original.splitlines(), mutant.text.splitlines()
        start = next(i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
        end = next(i for i, pair in enumerate(zip(before[::-1], after[::-1], strict=False)) if pair[0] != pair[1])
        assert start + 1 >= mutant.line
        assert len(after) - start - end <= 1, mutant  # an expression that was on several lines is on one


@pytest.mark.parametrize(("of", "folder"), [("compiled", "autograd/compiled"), ("nn", "nn")])
def test_every_file_is_covered_and_has_tests(of: str, folder: str) -> None:
    """Also one that is written tomorrow: files are found, not listed."""
    paths = [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py")]
    assert set(files(of)) == set(paths)
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / mutation.FOLDERS[of][1]).glob("test_*.py")}
    for path in files(of):
        first, rest = belonging(path)
        assert {*first, *rest} == tests
        assert len(first) + len(rest) == len(tests)


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("nn/training.py", "tests/nn/test_nn_training.py"),
        ("autograd/compiled/api/branch.py", "tests/compiled/test_branches.py"),
        ("autograd/compiled/backends/numpy/kinds.py", "tests/compiled/test_numpy_source.py"),
        ("nn/films/views.py", "tests/nn/test_nn_film.py"),
        ("nn/checkup/measures.py", "tests/nn/test_nn_diagnose.py"),
        ("nn/losses.py", "tests/nn/test_nn_losses.py"),
        ("autograd/compiled/backends/llvm/emit.py", ""),
    ],
)
def test_what_is_named_after_a_file_comes_first(path: str, test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not test:  # a folder that need not be there
        code, tests = tmp_path / path, tmp_path / "tests" / "compiled"
        code.parent.mkdir(parents=True)
        tests.mkdir(parents=True)
        code.write_text("def emit(): ...\n", encoding="utf-8")
        for name in ("test_branches", "test_llvm"):
            (tests / f"{name}.py").write_text("", encoding="utf-8")
        monkeypatch.setattr(mutation, "ROOT", tmp_path)
        assert files("compiled") == [path]
        test = "tests/compiled/test_llvm.py"
    assert belonging(path)[0][0] == test


def test_the_examples_of_a_file_are_tried_first() -> None:
    mutant = next(mutant for mutant in EVERY["nn"] if mutant.path == "nn/films/views.py")
    first, *others = stages(mutant)
    assert first == ["tests/test_docs.py::test_docstring_examples[nn.films.views]"]
    assert others == [*belonging(mutant.path)]


def test_types_messages_and_text_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = '''
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from x import y
Pair = dict[str, int | None]
def f(a: int | None, b: "list[float]") -> int | None:
    """Text of 1 and 2."""
    if a == 1:
        raise ValueError(f"{a + 1} is not {2}")
    for x, z in zip(b, b, strict=True):
        g(x)
    return a
'''
    (tmp_path / "f.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    assert [(mutant.line, mutant.what) for mutant in mutants_of("f.py")] == [
        (8, "negated: a == 1"),
        (8, "Eq → NotEq in a == 1"),
        (8, "1 → 2"),
        (11, "left out: g(x)"),
    ]


def test_the_rows_of_the_table_are_tested_by_name() -> None:
    rows = {mutant.row for mutant in EVERY["ops"]}
    assert {"", "tan", "pow", "logsumexp"} <= rows
    of_gelu = next(mutant for mutant in EVERY["ops"] if mutant.row == "gelu")
    assert stages(of_gelu) == [[*mutation.TABLE_TESTS, "-k", "gelu or special"]]
    assert {mutant.path for mutant in EVERY["ops"]} == {"autograd/ops.py", "autograd/formulas.py"}


@pytest.mark.slow
def test_an_error_is_noticed_and_a_change_of_nothing_is_not(tmp_path: Path) -> None:
    """Only the tests that are named after the file, for the sake of time."""
    path = "nn/early_stopping.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    wrong = next(mutant for mutant in mutants_of(path) if " → " in mutant.what)
    project = mutation.Copy(tmp_path)
    original = mutation.stages
    try:
        mutation.stages = lambda mutant: [["tests/nn/test_nn_stopping.py"]]
        assert project.caught(wrong).startswith("tests/nn/test_nn_stopping.py::test_")
        assert project.caught(Mutant(path, 1, 0, "nothing", text)) == ""
    finally:
        mutation.stages = original
    assert (project.root / path).read_text(encoding="utf-8") == text
