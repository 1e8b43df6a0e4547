"""The floors: imports run downward, the core needs nothing but Python, and the public names stay as they are."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import autograd
import nn

ROOT = Path(__file__).resolve().parent.parent

FLOORS = [
    ["autograd.errors", "autograd.native", "autograd.temporary", "autograd._choose"],
    ["autograd.files", "autograd.namespaces"],
    ["autograd.ops"],
    ["autograd.graph", "autograd.notation", "autograd.state"],
    ["autograd.contexts"],
    ["autograd.value"],
    ["autograd.trees", "autograd.tracing"],
    ["autograd.recording"],
    ["autograd.functions"],
    ["autograd.interop", "autograd.pickling"],
    ["autograd.transforms"],
    ["autograd.checking", "autograd.implicit", "autograd.sparse"],
    ["autograd.custom"],
    ["autograd.compiled", "autograd.render"],
    ["autograd"],
    ["nn"],
]
"""From the ground up. A module imports from the floors below its own; the packages on one floor do not know each other."""

PACKAGES = ("autograd.compiled", "autograd.render", "nn")

CORE = [module for floor in FLOORS[:-3] for module in floor]


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted([*(ROOT / "autograd").rglob("*.py"), *(ROOT / "nn").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found.append((name, path))
    return found


def floor_of(module: str) -> int:
    parts = module.split(".")
    for n in range(len(parts), 0, -1):
        for floor, names in enumerate(FLOORS):
            if ".".join(parts[:n]) in names and (n > 1 or module == "autograd" or parts[0] == "nn"):
                return floor
    raise AssertionError(f"{module} stands on no floor: give it one in FLOORS")


def imported(path: Path) -> set[str]:
    """The modules a file imports, wherever in the file, as far as they are ours or installed."""
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


def test_import_autograd_loads_no_optional_package() -> None:
    code = """
import sys
before = set(sys.modules)
import autograd
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - set(sys.stdlib_module_names) - {"autograd", "scalar_autograd__mypyc"}))
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
    for name in nn.__all__:
        assert getattr(nn, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'tensor'"):
        autograd.tensor


@pytest.mark.seed("G6")
def test_things_are_called_as_in_pytorch(torch: ModuleType) -> None:
    ours = {"MLP", "Neuron", "Layer", "Hardmax", "History"}  # micrograd's classes, a function without a derivative, Keras's history
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
