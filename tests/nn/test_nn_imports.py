"""The files of nn import each other without circles, also inside of functions."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import nn

ROOT = Path(nn.__file__).resolve().parent.parent


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """The modules of nn that a file imports, and the packages around them, which Python imports first."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in modules else node.module or "")
    around = {name.rpartition(".")[0] for name in names} - {"nn", name_of(path), name_of(path).rpartition(".")[0]}
    return (names | around) & modules


def test_imports_make_no_circles() -> None:
    paths = {name_of(path): path for path in (ROOT / "nn").rglob("*.py")}
    order = list(TopologicalSorter({name: imports_of(path, set(paths)) for name, path in paths.items()}).static_order())  # or a CycleError
    assert order.index("nn.plots") < order.index("nn.history") < order.index("nn.training")
