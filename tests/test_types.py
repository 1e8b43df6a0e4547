"""Types: the stubs are those of the sources, and a user's program has the types that it runs with, in mypy and in pyright."""

import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
import typing
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import numpy as np
import pytest

import autograd
from autograd.functions import METHODS, OTHER_NAMES
from autograd.ops import OPERATIONS
from build_tools.stubs import COMMAND, ROOT, SOURCES, is_current

SCRIPT = ROOT / "tests" / "typed_script.py"


@pytest.mark.parametrize("source", SOURCES)
def test_a_stub_is_that_of_its_source(source: str) -> None:
    pytest.importorskip("ruff")  # which formats stubs
    assert is_current(source), f"{source}i is not up to date: run `{COMMAND}`"


def test_every_stub_is_generated() -> None:
    stubs = {path.relative_to(ROOT).as_posix() for package in ("autograd", "nn") for path in (ROOT / package).rglob("*.pyi")}
    assert stubs == {f"{source}i" for source in SOURCES}


# -- programs, right and wrong ------------------------------------------------------------------------------------------------

WRONG = """
Value("1.0")                        # call-overload
Value(1.0, "a label")               # arg-type
Value(1.0, (2.0,), "op")            # arg-type
Value(1.0, (v,), 3)                 # call-overload
v._backward = 3.0                   # assignment
Value([1.0, 2.0])                   # call-overload
Value(1j)                           # call-overload
Value(1.0, label=3)                 # call-overload
v + "1.0"                           # operator
v * [1.0]                           # operator
None - v                            # operator
v ** 1j                             # operator
v < "1.0"                           # operator
float(v)                            # arg-type
int(v)                              # call-overload
round(v)                            # call-overload
math.exp(v)                         # arg-type
v.data = "1.0"                      # assignment
v.label = 3                         # assignment
v.gradient                          # attr-defined
v.tanh(1.0)                         # call-arg
v.maximum()                         # call-arg
v.clip(0.0, "1.0")                  # arg-type
v.backward(3.0)                     # arg-type
v[0]                                # index
[x for x in v]                      # attr-defined
autograd.tanh("1.0")                # call-overload
autograd.tanh([1.0])                # call-overload
autograd.tanh(v, v)                 # call-overload
autograd.tanh(1.0).backward()       # attr-defined
autograd.clip(v, 0.0)               # call-overload
autograd.sum(v)                     # call-overload
autograd.softmax(1.0)               # call-overload
autograd.dot([v], 2.0)              # arg-type
autograd.cotangent(v)               # attr-defined
nn.Linear(2, 1)([1.0, 2.0]).data    # attr-defined
nn.losses.mse(v, "1.0")             # arg-type
"""
"""Mistakes, and mypy's code of each."""

MISTAKES = [line.split("#") for line in WRONG.strip().splitlines()]
PREAMBLE = "import math\nimport autograd, nn\nfrom autograd import Value\nv = Value(1.0)\n"
START = PREAMBLE.count("\n") + 1

PUBLIC = [name for name in dir(autograd) if not name.startswith("__")]


def every_name() -> list[str]:
    """A use of every method and function that is made from the op table, with the type that it must have."""
    lines = ["from typing import assert_type", "from autograd import Value", "import autograd", "v = Value(1.0)"]
    for function in METHODS:
        name = function.__name__
        arity = OPERATIONS[name].arity
        assert arity is not None
        rest = [] if name in ("leaky_relu", "elu") else ["0.5"] * (arity - 1)  # whose constants have defaults
        lines.append(f"assert_type(autograd.{name}({', '.join(['v', *rest])}), Value)")
        lines.append(f"assert_type(autograd.{name}({', '.join(['0.5', *rest])}), float)")
        lines += [f"assert_type(v.{own}({', '.join(rest)}), Value)" for own in (name, OTHER_NAMES.get(name, name))]
    return lines


PROGRAMS = {
    "script.py": SCRIPT.read_text(encoding="utf-8"),
    "wrong.py": PREAMBLE + "".join(f"{code.rstrip()}\n" for code, _ in MISTAKES),
    "table.py": "\n".join([*every_name(), ""]),
    "public.py": "\n".join(["import autograd", *(f"reveal_type(autograd.{name})" for name in PUBLIC), ""]),
}
"""A user's files."""


def written(folder: Path) -> Path:
    """The folder, with the files in it."""
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


# -- mypy ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, str]]]:
    """The line and text of what mypy says of each of the files."""
    pytest.importorskip("mypy")
    folder = written(tmp_path_factory.mktemp("user"))
    options = ["--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary", "--cache-dir=cache"]
    command = [sys.executable, "-m", "mypy", *options, *PROGRAMS]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"MYPYPATH": str(ROOT)}, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    said: dict[str, list[tuple[int, str]]] = {name: [] for name in PROGRAMS}
    for name, line, text in re.findall(r"^(\w+\.py):(\d+): (.*)$", done.stdout, re.MULTILINE):
        said[name].append((int(line), text))
    return said


@pytest.mark.parametrize("name", ["script.py", "table.py"])
def test_mypy_accepts_a_users_program(mypy: dict[str, list[tuple[int, str]]], name: str) -> None:
    assert mypy[name] == []


def test_mypy_finds_the_mistakes(mypy: dict[str, list[tuple[int, str]]]) -> None:
    found = [(line, text.rpartition("[")[2].rstrip("]")) for line, text in mypy["wrong.py"] if text.startswith("error")]
    assert found == [(START + i, kind.strip()) for i, (_, kind) in enumerate(MISTAKES)]


def test_every_public_name_has_a_type(mypy: dict[str, list[tuple[int, str]]]) -> None:
    assert len(mypy["public.py"]) == len(PUBLIC)
    assert [text for _, text in mypy["public.py"] if not text.startswith("note: Revealed type") or text.endswith('"Any"')] == []


# -- pyright ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    """The lines in which pyright, in its standard mode, finds errors, of each of the files."""
    if importlib.util.find_spec("basedpyright") is None:
        assert not os.environ.get("SCALAR_AUTOGRAD_REQUIRE_PYRIGHT")
        pytest.skip("needs basedpyright, which is pyright with the Node.js that it runs on")
    folder = written(tmp_path_factory.mktemp("user"))
    settings = {"include": ["."], "typeCheckingMode": "standard", "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "--project", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] == len(PROGRAMS)
    errors: dict[str, set[int]] = {name: set() for name in PROGRAMS}
    for entry in report["generalDiagnostics"]:
        if entry["severity"] == "error":
            errors[Path(entry["file"]).name].add(entry["range"]["start"]["line"] + 1)
    return errors


def test_pyright_accepts_a_users_program(pyright: dict[str, set[int]]) -> None:
    assert pyright["script.py"] == pyright["table.py"] == set()


def test_pyright_finds_the_mistakes(pyright: dict[str, set[int]]) -> None:
    missed = [code.strip() for i, (code, _) in enumerate(MISTAKES) if START + i not in pyright["wrong.py"]]
    assert missed == []


# -- the types are those of the objects ---------------------------------------------------------------------------------------


def is_of(value: Any, kind: Any) -> bool:
    """Whether an object is of a type, as far as `typed_script.py` uses types."""
    if kind is Any or kind is None:
        return kind is Any or value is None
    if isinstance(kind, UnionType):
        return any(is_of(value, each) for each in get_args(kind))
    if get_origin(kind) is list:
        return isinstance(value, list) and all(is_of(item, get_args(kind)[0]) for item in value)
    if get_origin(kind) is dict:
        return isinstance(value, dict) and all(is_of(item, get_args(kind)[1]) for item in value.values())
    return isinstance(value, get_origin(kind) or kind)


def test_the_types_are_those_of_the_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []

    def assert_type(value: Any, kind: Any) -> Any:
        held.append(kind)
        assert is_of(value, kind), f"{value!r} is not of the type {kind}"
        return value

    monkeypatch.setattr(typing, "assert_type", assert_type)
    runpy.run_path(str(SCRIPT))
    assert len(held) > 70


@pytest.mark.parametrize(
    ("value", "kind"), [(1, float), ([1.0, 2], list[float]), (1.0, autograd.Value), (1.0, np.ndarray), ("", int | float), (0, None)]
)
def test_a_wrong_type_is_found(value: object, kind: Any) -> None:
    assert not is_of(value, kind)
