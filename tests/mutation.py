"""Check that some test fails for every error in the op table: ``python tests/mutation.py`` plants them one by one in a copy.

Each mutant of `autograd/ops.py` has one sign flipped, one operator or comparison exchanged, or one number changed. A mutant that
no test of the table notices is printed: it is equivalent to the original, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ["tests/test_special_points.py", "tests/test_ops.py", "tests/test_accuracy.py", "tests/test_custom.py"]

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


def mutants(source: str) -> Iterator[tuple[str, str, str]]:
    """A description, the row it is in ("" for what all rows share), and the changed source."""
    tree = ast.parse(source)
    for statement in tree.body:
        row = _row(statement)
        if row is None:
            continue
        for node in ast.walk(statement):
            yield from ((f"line {node.lineno}: {what}", row, text) for what, text in _changes(tree, node))  # type: ignore[attr-defined]


def _row(statement: ast.stmt) -> str | None:
    """The name of the row that a statement defines, "" for a helper of rules, None for anything else."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call) and getattr(statement.value.func, "id", "") == "define":
        return str(ast.literal_eval(statement.value.args[0]))
    if isinstance(statement, ast.FunctionDef) and (statement.name.startswith("_") or statement.name == "outside"):
        return ""
    return None


def _changes(tree: ast.Module, node: ast.AST) -> Iterator[tuple[str, str]]:
    def text() -> str:
        return ast.unparse(tree)

    if isinstance(node, ast.BinOp) and type(node.op) in EXCHANGED:
        before = node.op
        node.op = EXCHANGED[type(before)]()
        yield f"{type(before).__name__} → {type(node.op).__name__} in {ast.unparse(node)}", text()
        node.op = before
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in EXCHANGED:
        old = node.ops[0]
        node.ops[0] = EXCHANGED[type(old)]()
        yield f"{type(old).__name__} → {type(node.ops[0]).__name__} in {ast.unparse(node)}", text()
        node.ops[0] = old
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        sign = node.op
        node.op = ast.USub() if isinstance(sign, ast.UAdd) else ast.UAdd()
        yield f"sign of {ast.unparse(node.operand)}", text()
        node.op = sign
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        number = node.value
        node.value = number + 1.0 if number in (0.0, 0.5, 1.0, -1.0) else number * 1.01
        yield f"{number} → {node.value}", text()
        node.value = number
    elif isinstance(node, ast.keyword) and node.arg in ("domain", "pole"):
        kept = copy.copy(node.value)
        node.value = ast.Constant(None)
        yield f"no {node.arg}", text()
        node.value = kept


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant errors in the op table, and see whether a test fails.")
    parser.add_argument("--most", type=int, help="try so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source = (ROOT / "autograd" / "ops.py").read_text(encoding="utf-8")
    every = list(mutants(source))
    if options.most and options.most < len(every):
        every = random.Random(options.seed).sample(every, options.most)
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy_of = Path(folder) / "copy"
        shutil.copytree(ROOT, copy_of, ignore=shutil.ignore_patterns(".git", ".ci", "build", "*.so", "__pycache__", "notebooks"))
        environment = {**os.environ, "SCALAR_AUTOGRAD_PLAIN": "1", "PYTHONPATH": str(copy_of), "PYTHONDONTWRITEBYTECODE": "1"}
        for n, (description, row, text) in enumerate(every, start=1):
            (copy_of / "autograd" / "ops.py").write_text(text, encoding="utf-8")
            chosen = ["-k", f"{row} or special"] if row else []
            command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *TESTS, *chosen]
            done = subprocess.run(command, cwd=copy_of, env=environment, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode == 0:
                survivors.append(f"{row or 'shared'}, {description}")
                print(f"survived: {survivors[-1]}", flush=True)
            if n % 50 == 0:
                print(f"{n} of {len(every)} mutants, {len(survivors)} survived", flush=True)
    print(f"{len(every)} mutants, {len(every) - len(survivors)} killed, {len(survivors)} survived")


if __name__ == "__main__":
    main()
