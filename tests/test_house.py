"""The house: small files and classes, one name for one module, imports without circles, backends behind their contract."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_imports import ROOT, imported, modules

TABLES = {"autograd.ops", "autograd.notation"}
"""Tables may be as long as they are."""

LINES, CLASS, TEST = 400, 200, 600
"""How many lines a file, a class, and a file of the tests have at most."""


def classes(path: Path) -> Iterator[ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node


def test_files_are_read_in_one_sitting() -> None:
    for module, path in modules():
        if module not in TABLES:
            assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES, module


def test_classes_do_one_job() -> None:
    for module, path in modules():
        for node in classes(path):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < CLASS, f"{module}.{node.name}"


def test_files_of_tests_have_one_subject() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= TEST, path


def test_contexts_restore_what_an_interrupt_leaves() -> None:
    """`np.errstate` and generators do not, if Ctrl-C comes at the first line of their `__exit__`; `During` and `quietly` do."""
    for module, path in modules():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert "errstate" not in names, module
        if module != "autograd.compiled.backends.llvm.text":  # a loop that is interrupted is never written
            assert "contextmanager" not in names | {node.id for node in nodes if isinstance(node, ast.Name)}, module


def test_no_two_modules_have_the_same_name() -> None:
    seen: dict[str, str] = {}
    for module, path in modules():
        if path.name not in ("__init__.py", "__main__.py"):
            assert seen.setdefault(path.name, module) == module, f"{module} and {seen[path.name]}"


def test_imports_have_no_circles() -> None:
    """Of modules, wherever in a file they are imported, but for types."""
    paths = dict(modules())
    graph = {name: {other for other in imported(path) if other in paths and other != name} for name, path in paths.items()}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join([*above[above.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


BELOW_BACKENDS = {
    *(
        "autograd.compiled.ir",
        "autograd.compiled.loop_body",
        "autograd.compiled.rounds_of",
        "autograd.compiled.floating_errors",
        "autograd._runtime.temporary",
        "autograd._runtime.uninterrupted",
        "autograd.ops",
        "autograd.formulas",
        "autograd.namespaces",
    ),
    "autograd.errors",
}


@pytest.mark.parametrize(("module", "path"), [pair for pair in modules() if ".backends." in pair[0]])
def test_backends_import_the_contract_and_the_ir(module: str, path: Path) -> None:
    for name in imported(path):
        if name.startswith("autograd"):
            assert name in BELOW_BACKENDS or name.startswith("autograd.compiled.backends."), f"{module} imports {name}"


USE_ERRSTATE = {
    *("allclose", "isclose", "cov", "corrcoef"),
    *("nanmean", "nanmedian", "nanstd", "nanvar", "nanquantile", "nanpercentile"),
    *(
        "inv",
        "solve",
        "lstsq",
        "svd",
        "qr",
        "cholesky",
        "eig",
        "eigh",
        "eigvals",
        "eigvalsh",
        "det",
        "slogdet",
        "pinv",
        "cond",
        "matrix_rank",
    ),
}
"""Functions of NumPy that change its treatment of errors meanwhile."""


@pytest.mark.parametrize(("module", "path"), modules())
def test_errors_of_numpy_are_changed_in_a_copy_of_the_context(module: str, path: Path) -> None:
    """An interrupt must not leave them changed: see `autograd.compiled.floating_errors`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).removeprefix("numpy.").removeprefix("np.")
            assert name not in {"errstate", *USE_ERRSTATE, *(f"linalg.{name}" for name in USE_ERRSTATE)}, f"{module}:{node.lineno}: {name}"


def test_passes_are_called_by_the_pipeline_alone() -> None:
    for module, path in modules():
        if module != "autograd.compiled.pipeline" and not module.startswith("autograd.compiled.passes"):
            assert not any(name.startswith("autograd.compiled.passes") for name in imported(path)), module
