"""Check that some test fails for an error anywhere: ``python tests/mutation.py`` plants errors one by one in a copy of the project.

A mutant has one operator or comparison exchanged, one condition negated, one number or flag changed, or one statement left out. The tests that
belong to its file run on it. A mutant that they do not notice within two minutes is printed: it is equivalent to the original, or a
test is missing.

``--of ops`` are the rows of the op table, ``--of compiled`` and ``--of nn`` every file in these folders. What is drawn depends on ``--seed`` only.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [] if str(ROOT) in sys.path else [str(ROOT)]

from benchmarks.results import RESULTS, record, results  # noqa: E402 - from the folder above

TABLE = ("autograd/ops.py", "autograd/formulas.py")
TABLE_TESTS = ["tests/test_special_points.py", "tests/test_ops.py", "tests/test_accuracy.py", "tests/test_custom.py"]
FOLDERS = {"compiled": ("autograd/compiled", "tests/compiled"), "nn": ("nn", "tests/nn")}
"""What can be drawn from besides the table: the folder of the code, and that of its tests."""

SECONDS = 120.0
"""How long the tests of a file may take until one of them fails."""
SECONDS_OF_TABLE = 300.0
"""The same for the table, whose tests compute with hundreds of digits."""
STALLED = 60.0
"""A test that takes longer than so many seconds hangs: a mutant that hangs is noticed."""

FIRST_USE = "from autograd import Value, compile; x = Value(2.0); compile(x * x, executor='native')()"

EXCHANGED: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
ELSEWHERE: dict[type, type] = EXCHANGED | {
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
"""The table of operations has its own list, because most of what is exchanged here does not occur in it."""


@dataclass(frozen=True)
class Mutant:
    """One error.

    Attributes:
        path: the file it is in, relative to the project.
        line, column: where in the file.
        what: what was changed.
        text: the source of the file with the error.
        row: the row of the op table it is in; "" for what all rows share, or for another file.
    """

    path: str
    line: int
    column: int
    what: str
    text: str
    row: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.what}"


def files(of: str) -> list[str]:
    """The files that mutants of one kind are drawn from."""
    if of == "ops":
        return [*TABLE]
    paths = sorted((ROOT / FOLDERS[of][0]).rglob("*.py"))
    return [path.relative_to(ROOT).as_posix() for path in paths]


def mutants_of(path: str) -> list[Mutant]:
    """All mutants of a file."""
    source = (ROOT / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    if path not in TABLE:
        return [Mutant(path, node.lineno, node.col_offset, what, _spliced(source, node, new)) for node, what, new in _changes_of(tree)]
    rows = [(statement, _row(statement) if path == TABLE[0] else "") for statement in tree.body if not isinstance(statement, ast.Expr)]
    return [
        Mutant(path, node.lineno, node.col_offset, what, _spliced(source, node, new), row)
        for statement, row in rows
        if row is not None
        for node, what, new in _changes_in_table(statement)
    ]


# -- what is changed ------------------------------------------------------------------------------------------------------

Change = tuple["ast.expr | ast.stmt", str, ast.AST]
"""A node, what is changed, and what stands in its place."""


def _row(statement: ast.stmt) -> str | None:
    """The name of the row that a statement defines, "" for a helper of rules, None for anything else."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and getattr(statement.value.func, "id", "") == "define":
        return str(ast.literal_eval(statement.value.args[0]))
    if isinstance(statement, ast.FunctionDef) and (statement.name.startswith("_") or statement.name == "outside"):
        return ""
    return None


def _changes_in_table(statement: ast.stmt) -> Iterator[Change]:
    for node in ast.walk(statement):
        if isinstance(node, ast.keyword) and node.arg in ("domain", "pole"):
            yield node.value, f"no {node.arg}", ast.Constant(None)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            yield node, f"sign of {ast.unparse(node.operand)}", _with(node, op=ast.USub() if isinstance(node.op, ast.UAdd) else ast.UAdd())
        elif isinstance(node, ast.expr):
            yield from _exchanged(node, EXCHANGED)


def _changes_of(tree: ast.Module) -> Iterator[Change]:
    for node in _computed(tree):
        if isinstance(node, ast.expr):
            yield from _exchanged(node, ELSEWHERE)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, f"no `not` in {ast.unparse(node)}", node.operand
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)) and not isinstance(node.test, ast.UnaryOp):
            yield node.test, f"negated: {ast.unparse(node.test)}", ast.UnaryOp(ast.Not(), node.test)
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield node, f"{node.value} → {not node.value}", ast.Constant(not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int):
            yield node, f"{node.value} → {node.value + 1}", ast.Constant(node.value + 1)
        elif (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)) or isinstance(node, ast.AugAssign):
            yield node, f"left out: {ast.unparse(node)}", ast.Pass()


def _exchanged(node: ast.expr, exchanged: dict[type, type]) -> Iterator[Change]:
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in exchanged:
        new = exchanged[type(node.op)]
        yield node, f"{type(node.op).__name__} → {new.__name__} in {ast.unparse(node)}", _with(node, op=new())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in exchanged:
        new = exchanged[type(node.ops[0])]
        yield node, f"{type(node.ops[0]).__name__} → {new.__name__} in {ast.unparse(node)}", _with(node, ops=[new(), *node.ops[1:]])
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        number = node.value + 1.0 if node.value in (0.0, 0.5, 1.0, -1.0) else node.value * 1.01
        yield node, f"{node.value} → {number}", ast.Constant(number)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    result = copy.copy(node)
    for name, value in fields.items():
        setattr(result, name, value)
    return result


def _computed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose change would change what is computed: not types, messages, or what is shown of an object."""
    if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return
    if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: it holds, or the code is wrong
        return
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):  # a name for a type, such as dict[str, int]
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list", "bases", "type_comment"):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from _computed(part)


def _spliced(source: str, node: ast.expr | ast.stmt, new: ast.AST) -> str:
    """The source with one node replaced, and all else as it was."""
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    assert node.end_lineno is not None
    text = ast.unparse(new)
    text = f"({text})" if isinstance(node, ast.expr) else text
    before, after = lines[node.lineno - 1][: node.col_offset], lines[node.end_lineno - 1][node.end_col_offset :]
    lines[node.lineno - 1 : node.end_lineno] = [before + text.encode() + after]
    return b"".join(lines).decode()


# -- which tests belong to a file -----------------------------------------------------------------------------------------


def stages(mutant: Mutant) -> list[list[str]]:
    """What pytest is called with, one call after the other.

    For a row of the table these are the tests of the table that name it. For any other file, first the examples of its docstrings, then
    the test files that are named after it or its folder, or that import it, then the others in the folder of tests, first those that name
    most of what it defines.
    """
    if mutant.path in TABLE:
        return [[*TABLE_TESTS, *(["-k", f"{mutant.row} or special"] if mutant.row else [])]]
    first, rest = belonging(mutant.path)
    examples = [] if mutant.path.endswith("__main__.py") else [f"tests/test_docs.py::test_docstring_examples[{_module(mutant.path)}]"]
    return [names for names in (examples, first, rest) if names]


def _module(path: str) -> str:
    """The name of the module in a file."""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def belonging(path: str) -> tuple[list[str], list[str]]:
    """The test files named after a file or its folder, or that import it or its folder; and the others of its part of the project."""
    root, folder = next((code, tests) for code, tests in FOLDERS.values() if path.startswith(f"{code}/"))
    package, _, name = path.removesuffix(".py").replace("/", ".").rpartition(".")
    within = package != root.replace("/", ".")  # a folder of that
    imported = re.compile(
        rf"(from|import) {re.escape(package)}\.{name}\b|from {re.escape(package)} import [^\n]*\b{name}\b"
        + (rf"|(from|import) {re.escape(package)}\b" if within else "")
    )
    names = "|".join([part.removesuffix("s") for part in (name, *[package.rpartition(".")[2]][:within])])
    own = re.compile(rf"(_|\b)({names})(e?s)?(_|\b)")
    every = sorted((ROOT / folder).glob("test_*.py"))
    named = [p for p in every if own.search(p.stem.removeprefix("test_").removeprefix("nn_"))]
    importing = [p for p in every if p not in named and imported.search(p.read_text(encoding="utf-8"))]
    public = re.compile("|".join(rf"\b{name}\b" for name in _public(path)) or r"(?!)")
    rest = sorted({*every} - {*named, *importing}, key=lambda p: (-len(public.findall(p.read_text(encoding="utf-8"))), p.name))
    first, others = ([p.relative_to(ROOT).as_posix() for p in paths] for paths in ([*named, *importing], rest))
    return first, others


def _public(path: str) -> list[str]:
    """The names of the functions and classes of a file that others use."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")]


# -- running them ---------------------------------------------------------------------------------------------------------


class Copy:
    """A copy of the project, in which one file at a time is changed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "copy"
        left_out = shutil.ignore_patterns(".git", ".ci", "build", "__pycache__", "notebooks", "*.egg-info")
        shutil.copytree(ROOT, self.root, ignore=left_out)
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        # what is compiled once on a machine is compiled now, not while a mutant waits for it
        subprocess.run([sys.executable, "-c", FIRST_USE], cwd=self.root, env=self._environment, capture_output=True, check=False)

    def caught(self, mutant: Mutant) -> str:
        """How the tests notice a mutant: by which of them, or that one hangs; "" if they do not."""
        path = self.root / mutant.path
        path.write_text(mutant.text, encoding="utf-8")
        end = time.monotonic() + (SECONDS_OF_TABLE if mutant.path in TABLE else SECONDS)
        try:
            for arguments in stages(mutant):
                if answer := self.run(arguments, end, plain=mutant.path in TABLE):
                    return answer
            return ""
        finally:
            shutil.copyfile(ROOT / mutant.path, path)

    def run(self, arguments: list[str], end: float, plain: bool) -> str:
        """Run tests until one fails; returns its name, or "" if none does until `end`."""
        command = [sys.executable, "-m", "pytest", "-x", "-vv", "-n", "0", "--tb", "no", "-p", "no:cacheprovider", *arguments]
        environment = self._environment | ({"SCALAR_AUTOGRAD_PLAIN": "1"} if plain else {})
        hangs = late = False
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            process = subprocess.Popen(command, cwd=self.root, env=environment, stdout=output, stderr=subprocess.STDOUT)
            size, since = 0, time.monotonic()
            while process.poll() is None and not (hangs or late):
                time.sleep(0.1)
                if os.fstat(output.fileno()).st_size != size:
                    size, since = os.fstat(output.fileno()).st_size, time.monotonic()
                hangs, late = time.monotonic() - since > STALLED, time.monotonic() > end
            process.kill()
            process.wait()
            output.seek(0)
            text = output.read()
        if hangs or late:
            return f"{re.findall(r'^tests/[^ ]+', text, re.MULTILINE)[-1:]}, which hangs" if hangs else ""
        if process.returncode == 0:
            return ""
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
        return failed[1] if failed else f"pytest ended with {process.returncode}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant errors, and see whether a test fails for each.")
    parser.add_argument("--of", choices=("ops", *FOLDERS), default="ops", help="where to plant them (default: %(default)s)")
    parser.add_argument("--only", default="", help="only mutants whose line in the report contains this")
    parser.add_argument("--most", type=int, help="try so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"write the counts to {RESULTS.name}, from which the documentation has them")
    parser.add_argument("--again", action="store_true", help="try those that survived when the counts were written, and write them anew")
    parser.add_argument("--verbose", action="store_true", help="print what notices each mutant")
    options = parser.parse_args()
    every = [mutant for path in files(options.of) for mutant in mutants_of(path) if options.only in str(mutant)]
    if options.most and options.most < len(every):
        every = random.Random(options.seed).sample(every, options.most)
    name, tried, seed = f"mutants of {options.of}", len(every), options.seed
    if options.again:
        last = results()[name]
        tried, seed = last["planted"], last["seed"]
        every = [mutant for mutant in every if str(mutant) in last["survivors"]]
    survivors: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        project = Copy(Path(folder))
        for n, mutant in enumerate(every, start=1):
            start = time.monotonic()
            answer = project.caught(mutant)
            survivors += [] if answer else [str(mutant)]
            if not answer or options.verbose:
                print(f"{f'caught by {answer}' if answer else 'survived'}, {time.monotonic() - start:.0f} s: {mutant}", flush=True)
            if n % 50 == 0:
                print(f"{n} of {len(every)} mutants, {len(survivors)} survived", flush=True)
    print(f"{len(every)} mutants, {len(every) - len(survivors)} killed, {len(survivors)} survived")
    if options.write or options.again:
        record(name, {"seed": seed, "planted": tried, "caught": tried - len(survivors), "survivors": survivors})


if __name__ == "__main__":
    main()
