"""The floors: imports run downward, the core needs nothing but Python, and the public names stay as they are."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn

ROOT = Path(__file__).resolve().parent.parent

FLOORS = [
    [
        "autograd.errors",
        "autograd._runtime",
        "autograd._runtime.mypyc_shim",
        "autograd._runtime.temporary",
        "autograd._runtime.choose_build",
        "autograd._runtime.streams",
    ],
    ["autograd.coefficients"],
    ["autograd.special"],
    ["autograd.namespaces", "autograd._runtime.files"],
    ["autograd.formulas"],
    ["autograd.ops"],
    ["autograd.graph", "autograd.notation"],
    ["autograd._runtime.attributes", "autograd._runtime.hooks", "autograd._runtime.messages", "autograd._runtime.vectors"],
    ["autograd._runtime.state", "autograd._runtime.coercion"],
    ["autograd._runtime.by_hand"],
    ["autograd._runtime.observed"],
    ["autograd.value", "autograd.contexts"],
    ["autograd._runtime.bulk", "autograd.trees", "autograd.tracing", "autograd.draws"],
    ["autograd.recording"],
    ["autograd.conditions"],
    ["autograd.functions", "autograd.looping"],
    ["autograd.lookup"],
    ["autograd.interop.numpy_protocol", "autograd.interop.pickling"],
    ["autograd.differentiation"],
    ["autograd.transforms", "autograd.supervision"],
    ["autograd.checking", "autograd.implicit", "autograd.sparse"],
    ["autograd.custom", "autograd.interop"],
    ["autograd.compiled", "autograd.render", "autograd.interop.torch_graph"],
    ["autograd"],
    ["nn"],
]
"""From the ground up. A module imports from the floors below its own; the packages on one floor do not know each other."""

PACKAGES = ("autograd.compiled", "autograd.render", "nn")

CORE = [module for floor in FLOORS[:-3] for module in floor]


def modules() -> list[tuple[str, Path]]:
    results = []
    for path in sorted([*(ROOT / "autograd").rglob("*.py"), *(ROOT / "nn").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        results.append((name, path))
    return results


def floor_of(module: str) -> int:
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        for floor, names in enumerate(FLOORS):
            if ".".join(parts[:n]) in names and (n > 1 or module == "autograd" or parts[0] == "nn"):
                return floor
    raise AssertionError(f"{module} stands on no floor: give it one in FLOORS")


def imported(path: Path) -> set[str]:
    """All modules of the project and of installed packages that a file imports, at the top or within functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole name of what is imported"
            names.add(node.module or "")
            for alias in node.names:
                submodule = ROOT / (node.module or "").replace(".", "/") / f"{alias.name}.py"
                if submodule.exists():
                    names.add(f"{node.module}.{alias.name}")
                    names.discard(node.module or "")
    return names


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_downward(module: str, path: Path) -> None:
    own = floor_of(module)
    for name in imported(path):
        if name.startswith(("autograd", "nn")):
            together = any(name.startswith(package) and module.startswith(package) for package in PACKAGES)
            assert floor_of(name) < own or together, f"{module} imports {name}, which is not below it"


def test_the_core_imports_nothing_but_the_standard_library() -> None:
    for module, path in modules():
        if module in CORE:
            foreign = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names) - {"autograd", "mypy_extensions"}
            assert not foreign, (module, foreign)


def test_the_core_fits_on_a_slide() -> None:
    def lines(name: str) -> int:
        return len((ROOT / "autograd" / f"{name}.py").read_text(encoding="utf-8").splitlines())

    assert lines("graph") + lines("value") <= 450  # `ops` is a table, and grows with every operation


def test_import_autograd_loads_no_optional_package() -> None:
    code = """
import sys
before = set(sys.modules)
import autograd
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - set(sys.stdlib_module_names) - {"autograd", "scalar_autograd__mypyc", "_xxsubinterpreters"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names() -> None:
    assert len(set(autograd.__all__)) == len(autograd.__all__)
    for name in autograd.__all__:
        assert getattr(autograd, name) is not None
    for name in ("compile", "Program", "grad", "value_and_grad", "check_gradients", "assert_gradients", "draw", "where", "dot"):
        assert hasattr(autograd, name)
        assert name in dir(autograd)
    assert {name for name in dir(autograd) if not name.startswith("__")} == {*autograd.__all__, "abs", "compile", "pow", "sum"}
    for name in nn.__all__:
        assert getattr(nn, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'tensor'"):
        autograd.tensor


def test_the_version(tmp_path: Path) -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert autograd.__version__ == tomllib.load(file)["project"]["version"]
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    information = tmp_path / "scalar_autograd-9.8.7.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: scalar-autograd\nVersion: 9.8.7\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import autograd; print(autograd.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "9.8.7"  # installed


@pytest.mark.seed("G6")
def test_things_are_called_as_in_pytorch(torch: ModuleType) -> None:
    # micrograd's classes, a function without a derivative, Keras's history, and what no framework has
    ours = {"MLP", "Neuron", "Layer", "Hardmax", "History", "Diagnosis"}
    classes = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name))}
    assert classes - ours <= {*dir(torch.nn), *dir(torch.optim)}
    schedules = {name for name, item in vars(nn.schedules).items() if inspect.isclass(item) and item.__module__ == "nn.schedules"}
    assert schedules - {"Schedule"} <= set(dir(torch.optim.lr_scheduler))
    functions = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "softmax", "log_softmax", "tanh", "sigmoid"}
    for name in functions:
        assert hasattr(autograd, name)
        assert hasattr(torch.nn.functional, name)
    assert hasattr(torch.nn.functional, nn.cross_entropy.__name__)


@pytest.mark.seed("G6")
def test_training_speaks_keras() -> None:
    assert {"epochs", "batch_size", "callbacks", "metrics", "optimizer", "loss"} <= set(inspect.signature(nn.fit).parameters)
    assert {"fit", "evaluate", "predict", "History"} <= set(nn.__all__)
    activations = {"linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus", "softmax", "log_softmax"}
    assert set(nn.activations.ACTIVATIONS) - {"hardmax"} == activations
    assert hasattr(nn.MLP, "summary")


def test_star_import_shadows_no_builtin() -> None:
    import builtins

    for package in (autograd, nn):
        assert not set(package.__all__) & set(dir(builtins))


def test_the_map_of_the_code_is_in_this_order() -> None:
    """Each row of the map stands on the floor of its first file or above the rows before it, and no file of `autograd` is missing."""
    text = (ROOT / "docs" / "explanation" / "map_of_the_code.md").read_text(encoding="utf-8")
    rows = [
        re.findall(r"\]\(../../((?:autograd|nn)[\w/.]*)\)", line)
        for line in text.splitlines()
        if line.startswith(("| [`autograd/", "| [`nn/"))
    ]
    assert len(rows) > 20
    names = [[path.removesuffix(".py").replace("/", ".") for path in row] for row in rows]
    floors = [min(map(floor_of, row)) for row in names if row != ["autograd._runtime"]]
    assert floors == sorted(floors)
    shown = {name for row in names for name in row}
    assert {name for name, _ in modules() if name.count(".") == 1 and name.startswith("autograd.")} - shown <= {"autograd.interop"}
