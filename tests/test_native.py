"""The two builds: which one is loaded, and that an edited source is never hidden by an old binary."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import autograd.graph
import autograd.value

PACKAGE = Path(autograd.__file__).resolve().parent
BINARIES = [*PACKAGE.glob("value*.so"), *PACKAGE.glob("value*.pyd")]


def python(code: str, folder: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_native_tells_what_is_loaded() -> None:
    for module in (autograd.value, autograd.graph):
        assert (module.__file__ or "").endswith(".py") is not autograd.NATIVE


def test_plain_can_be_forced() -> None:
    code = "import autograd, autograd.value; print(autograd.NATIVE, autograd.value.__file__.endswith('.py'))"
    assert python(code, SCALAR_AUTOGRAD_PLAIN="1") == "False True"


@pytest.mark.skipif(not BINARIES, reason="not compiled")
def test_an_edited_source_is_what_runs(tmp_path: Path) -> None:
    copy = tmp_path / "autograd"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for library in PACKAGE.parent.glob("scalar_autograd__mypyc*"):
        shutil.copy(library, tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import autograd; print(autograd.NATIVE, autograd.__file__)"
    assert python(code, tmp_path, SCALAR_AUTOGRAD_PLAIN="0") == f"True {copy / '__init__.py'}"
    with (copy / "graph.py").open("a") as source:
        source.write("\nEDITED = True\n")
    code += "; from autograd.graph import EDITED; print(EDITED)"
    assert python(code, tmp_path, SCALAR_AUTOGRAD_PLAIN="0").splitlines() == [f"False {copy / '__init__.py'}", "True"]
    shutil.copy(PACKAGE / "graph.py", copy)
    code = code.partition("; from")[0]
    assert python(code, tmp_path, SCALAR_AUTOGRAD_PLAIN="0").startswith("True")
    (copy / "compiled_from.txt").unlink()
    assert python(code, tmp_path, SCALAR_AUTOGRAD_PLAIN="0").startswith("False")


def test_a_stamp_without_binaries_is_plain(tmp_path: Path) -> None:
    copy = tmp_path / "autograd"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    (copy / "compiled_from.txt").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import autograd; print(autograd.NATIVE, autograd.__file__)"
    assert python(code, tmp_path, SCALAR_AUTOGRAD_PLAIN="0") == f"False {copy / '__init__.py'}"


@pytest.mark.skipif(not autograd.NATIVE or sys.platform != "linux", reason="the native build, and Linux's way to count pages")
def test_memory_of_a_freed_graph_waits_for_the_next_one_up_to_a_limit() -> None:
    code = """
import resource
from autograd import Value

def graph(nodes):
    y = Value(1.0)
    for _ in range(nodes):
        y = y + 1.0

def pages():
    with open("/proc/self/statm") as status:
        return int(status.read().split()[1])

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

graph(50_000)
graph(50_000)
before = faults()
graph(50_000)
print(faults() - before)
before = pages()
graph(1_000_000)
print((pages() - before) * resource.getpagesize() >> 20)
"""
    fetched, kept = map(int, python(code).split())
    assert fetched < 200  # 96 bytes for each sum and each constant are 2,400 pages
    assert kept < 40  # of 190 megabytes


def test_freeing_within_containers_writes_into_nobodys_memory() -> None:
    """Python frees what is nested deeply later, and links it through a header that nodes do not have. The debug allocator sees every byte."""
    code = """
from autograd import Value, dot
from autograd.value import vector
for depth in range(40, 60):
    for make in (lambda xs: dot(xs, [1.0, 2.0]), lambda xs: sum(xs), vector, lambda xs: xs[0].exp()):
        held = make([Value(1.0), Value(2.0, label="x")])
        for _ in range(depth):
            held = (held,)
        del held
print("freed")
"""
    assert python(code, PYTHONMALLOC="debug") == "freed"


def test_the_other_autograd_in_the_same_folder_is_an_error(tmp_path: Path) -> None:
    copy = tmp_path / "autograd"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "numpy").mkdir()
    (copy / "numpy" / "numpy_wrapper.py").touch()
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
try:
    import autograd
except ImportError as error:
    print(error)
"""
    assert "pip uninstall autograd scalar-autograd" in python(code, tmp_path)


DOCUMENTED = """
import inspect, json, sys
import autograd

def parameters(item):
    try:
        signature = inspect.signature(item)
    except ValueError:
        return None
    return [(p.name, "*" * (p.kind == p.VAR_POSITIONAL) + repr(p.default)) for p in signature.parameters.values()]

documented = {}
for name in MODULES:
    module = sys.modules[name]
    for key, item in vars(module).items():
        if not key.startswith("_") and callable(item) and getattr(item, "__module__", None) == name:
            documented[f"{name}.{key}"] = inspect.getdoc(item), None if inspect.isclass(item) else parameters(item)
            for own in dir(item) if inspect.isclass(item) else ():
                if not own.startswith("_") or own in ("_prev", "_op", "_backward"):
                    attribute = inspect.getattr_static(item, own)
                    if inspect.isroutine(attribute) or isinstance(attribute, property) or inspect.getdoc(attribute):
                        method = getattr(item, own)
                        documented[f"{name}.{key}.{own}"] = inspect.getdoc(method), parameters(method) if inspect.isroutine(method) else None
for name in autograd.__all__:
    item = getattr(autograd, name)
    documented[name] = inspect.getdoc(item), None if inspect.isclass(item) or not callable(item) else parameters(item)
documented["Value"] = inspect.getdoc(autograd.Value), parameters(autograd.Value)
print(json.dumps(documented, sort_keys=True))
"""


@pytest.mark.skipif(not autograd.NATIVE, reason="the native build")
def test_documentation_and_signatures_are_the_same_in_both_builds() -> None:
    modules = [
        "autograd.graph",
        "autograd.value",
        *[f"autograd._runtime.{m}" for m in ("bulk", "coercion", "observed", "state", "vectors")],
    ]
    code = DOCUMENTED.replace("MODULES", repr(modules))
    native, plain = (json.loads(python(code, SCALAR_AUTOGRAD_PLAIN=forced)) for forced in ("0", "1"))
    assert native.keys() == plain.keys()
    for name in native:
        assert native[name] == plain[name], name
    documentation, parameters = native["autograd.value.Value.backward"]
    assert documentation.startswith("Fill `.grad` of every node")
    assert parameters == [["self", EMPTY], ["create_graph", "False"]]
    assert native["Value"][1] == [["data", EMPTY], ["_children", "()"], ["_op", "''"], ["label", "''"]]
    assert native["dot"][0].startswith("x₁y₁ + x₂y₂ + …")


EMPTY = "<class 'inspect._empty'>"
