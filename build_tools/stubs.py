"""Write the stubs, which give type checkers what the sources cannot say, and check the sources that stand behind them.

    $ python -m build_tools.stubs           # write them
    $ python -m build_tools.stubs --check   # whether they are up to date, and mypy on the sources, which it does not read beside a stub

A stub repeats the signatures of its source, with three differences. Operators have precise types: in the source they return `Any`, since
mypyc would convert `NotImplemented` to any other type. The functions and methods that are made from the op table are written out. What
always raises, such as `float(v)`, is missing, so that its use is an error before it runs.
"""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from autograd.functions import METHODS, OTHER_NAMES
from autograd.ops import OPERATIONS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("autograd/_runtime/observed.py", "autograd/value.py", "autograd/functions.py")
COMMAND = "python -m build_tools.stubs"

IMPORTS = """
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, SupportsIndex, TypeAlias, TypeVar, overload
import numpy as np
import numpy.typing as npt
from autograd.ops import Operation
from autograd.value import Value
from autograd._runtime.observed import _Real
"""
"""What a stub may use beside the imports of its source. Ruff removes the others."""

FIRST = {
    "autograd/_runtime/observed.py": '''
_Real: TypeAlias = float | Fraction | Decimal | np.floating[Any] | np.integer[Any] | np.bool_
"""A number that a Value takes and that may stand beside one. To a type checker, an int is a float, and a bool is an int."""
''',
    "autograd/functions.py": '_A = TypeVar("_A")\n_B = TypeVar("_B")\n',
}
"""Definitions at the head of a stub."""

PRECISE = {
    "Observed.data.number": "_Real",
    "Observed.grad.number": "_Real",
    "Observed.label.name": "str",
    "Observed._backward.function": "Callable[[], object]",
    "Value.backward.create_graph": "bool",
    "dot.xs": "Iterable[Node | _Real]",
    "dot.ys": "Iterable[Node | _Real]",
}
"""The types of parameters that are `object` in the source, because they are checked when it runs."""

REFUSED = {"__float__", "__int__", "__round__", "__init_subclass__"}
"""Methods that always raise."""

NUMBERS = "Iterable[Value | _Real]"


def of_items(result: str) -> list[str]:
    """The overloads of a function of a sequence, whose result, such as ``list[{}]``, has a Value or a float in place of the braces."""
    return [
        f"npt.NDArray[Any]) -> {result.format('Any')}",  # the elements have no type
        f"Iterable[_Real]) -> {result.format('float')}",
        f"Iterable[Value]) -> {result.format('Value')}",
        f"{NUMBERS}) -> {result.format('Any')}",  # it depends on the items
    ]


WRITTEN = {
    "Value.__init__": [
        '(self, data: _Real, _children: Collection[Value] = (), _op: str = "", label: str = "") -> None',
        "(self, data: object, _children: Node | None, _op: Operation, _right: Node | None = None, _dleft: float = 0.0,"
        ' _dright: float = 0.0, _extra: Extra | None = None, _number: float = 0.0, *, label: object = "") -> None',
    ],
    "where": [f"(condition: Truth, a: {a}, b: {b}) -> _A | _B" for a in ("Callable[[], _A]", "_A") for b in ("Callable[[], _B]", "_B")],
    **{name: [f"(items: {rest}" for rest in of_items("{}")] for name, row in OPERATIONS.items() if row.arity is None and name != "dot"},
    **{name: [f"(logits: {rest}" for rest in of_items("list[{}]")] for name in ("softmax", "log_softmax")},
    "polygamma": ["(n: SupportsIndex, x: Value) -> Value", "(n: SupportsIndex, x: _Real) -> float"],
    "hardmax": [f"(logits: {NUMBERS}) -> list[float]"],
    "Value.__array_ufunc__": ["(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any"],
}
"""The signatures of functions whose types no rule below gives."""


def operator(name: str) -> list[str]:
    """The signatures of an operator; none where the source says them."""
    if match := re.fullmatch(r"__(r?)(add|sub|mul|truediv|mod|pow)__", name):
        modulo = ", modulo: None = None" if name == "__pow__" else ""
        if match[1]:
            return ["(self, other: _Real) -> Value"]
        return [f"(self, other: Value | _Real{modulo}) -> Value", f"(self, other: npt.NDArray[Any]{modulo}) -> Any"]
    if re.fullmatch("__[lg][te]__", name):
        return ["(self, other: Node | _Real) -> bool", "(self, other: npt.NDArray[Any]) -> Any"]
    return ["(self, other: object) -> bool"] if name in ("__eq__", "__ne__") else []


# -- what is made from the op table ---------------------------------------------------------------------------------------


def parameters_of(function: Callable[..., Any]) -> Iterator[tuple[str, str, str]]:
    """The name, the type ("" for a number or Value) and the default, as " = 1.0", of each parameter; "/" behind those without a name."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arity = OPERATIONS[function.__name__].arity
            assert arity is not None
            yield from ((letter, "", "") for letter in "abcdef"[:arity])
            yield "/", "/", ""
        else:
            default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
            yield name, "" if parameter.annotation == "Any" else parameter.annotation, default


def text_of(parameters: list[tuple[str, str, str]], types: list[str]) -> str:
    """Parameters as they are written; `types` are those of the numbers and Values among them."""
    remaining, texts = iter(types), []
    for name, own, default in parameters:
        kind = own or next(remaining)
        texts.append("/" if own == "/" else f"{name}: {kind}{default if kind != 'Value' else ''}")
    return ", ".join(texts)


def function_overloads(function: Callable[..., Any]) -> list[str]:
    """A Value where any operand is one, else a float: one overload for each operand that is the first Value, and one for none."""
    parameters = list(parameters_of(function))
    count = sum(own == "" for _, own, _ in parameters)
    cases = [["_Real"] * i + ["Value"] + ["Value | _Real"] * (count - i - 1) for i in range(count)]
    return [
        *(f"({text_of(parameters, case)}) -> Value" for case in cases),
        f"({text_of(parameters, ['_Real'] * count)}) -> float",
    ]


def first_line(function: Callable[..., Any]) -> str:
    """What the function says of itself."""
    return (function.__doc__ or "").split("\n")[0]


def method_signature(function: Callable[..., Any]) -> str:
    """That of the function, whose first operand is the Value."""
    _, *others = parameters_of(function)
    if others and others[0][0] == "/":
        others = []
    rest = text_of(others, ["Value | _Real"] * len(others))
    return f"(self{', ' + rest if rest else ''}) -> Value"


def methods() -> Iterator[str]:
    """The methods of Value that are made from the table."""
    yield from definition("__array_ufunc__", WRITTEN["Value.__array_ufunc__"], prefix="    ")
    for function in METHODS:
        name = function.__name__
        for own in (name, *([OTHER_NAMES[name]] if name in OTHER_NAMES else [])):
            yield from definition(own, [method_signature(function)], first_line(function), prefix="    ")


def definition(name: str, signatures: list[str], doc: str = "", prefix: str = "") -> Iterator[str]:
    """A function, or its overloads, of which the first has the documentation."""
    for i, signature in enumerate(signatures):
        if len(signatures) > 1:
            yield f"{prefix}@overload"
        yield f"{prefix}def {name}{signature}:" + (f'\n{prefix}    """{doc}"""' if doc and i == 0 else " ...")


# -- what is in the source ------------------------------------------------------------------------------------------------


def from_source(node: ast.FunctionDef, owner: str) -> Iterator[str]:
    """A function or method."""
    name, prefix = node.name, "    " if owner else ""
    if signatures := WRITTEN.get(owner + name) or operator(name):
        yield from definition(name, signatures, prefix=prefix)
        return
    for parameter in node.args.args:
        precise = PRECISE.get(f"{owner}{name}.{parameter.arg}")
        if precise:
            parameter.annotation = ast.Name(precise)
    node.body = [ast.Expr(ast.Constant(...))]
    yield from (prefix + line for line in ast.unparse(node).splitlines())


def constant(node: ast.AnnAssign, module: ModuleType) -> str:
    """A constant, whose type, where the source says `Final` alone, is that of its object."""
    assert isinstance(node.target, ast.Name)
    kind = ast.unparse(node.annotation)
    return f"{node.target.id}: " + (f"Final[{type(getattr(module, node.target.id)).__name__}]" if kind == "Final" else kind)


def class_of(node: ast.ClassDef, module: ModuleType) -> Iterator[str]:
    node.decorator_list = [decorator for decorator in node.decorator_list if not isinstance(decorator, ast.Call)]  # mypyc's
    body, node.body = node.body, [ast.Pass()]
    yield ast.unparse(node).removesuffix("\n    pass")
    for item in body:
        if isinstance(item, ast.FunctionDef) and item.name not in REFUSED:
            yield from from_source(item, f"{node.name}.")
        elif isinstance(item, ast.Assign) and (name := ast.unparse(item.targets[0])) != "__slots__":
            yield f"    {name}: {type(getattr(getattr(module, node.name), name)).__name__}"
    if node.name == "Value":
        yield from methods()


def stub(source: str) -> str:
    """The stub of a source."""
    path = ROOT / source
    module = import_module(".".join(Path(source).with_suffix("").parts))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [line for line in IMPORTS.strip().splitlines() if f"from {module.__name__} " not in line]
    lines: list[str] = []
    written: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and "__future__" not in ast.unparse(node):
            imports.append(ast.unparse(node))
        elif isinstance(node, ast.ClassDef):
            lines += class_of(node, module)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            written.add(node.name)
            if getattr(module, node.name) in METHODS:
                lines += definition(node.name, function_overloads(getattr(module, node.name)))
            else:
                lines += from_source(node, "")
        elif isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            lines.append(constant(node, module))
    for name, function in vars(module).items():
        if isinstance(function, FunctionType) and function.__module__ == module.__name__ and name in OPERATIONS and name not in written:
            lines += definition(name, WRITTEN.get(name) or function_overloads(function), first_line(function))
    head = [f"# Written by `{COMMAND}` from {path.name} and the op table."]
    return formatted("\n".join([*head, *imports, FIRST.get(source, ""), *lines, ""]), f"{source}i")


def formatted(text: str, name: str) -> str:
    """The text as Ruff writes it, without imports that are not used."""
    for command in (["check", "--fix", "--quiet", "--select", "I,F401"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", name, "-"]
        text = subprocess.run(ruff, input=text, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    return text


def is_current(source: str) -> bool:
    """Whether the stub of a source is what would be written now."""
    return (ROOT / f"{source}i").read_text(encoding="utf-8") == stub(source)


def main() -> None:
    if "--check" in sys.argv:
        if stale := [f"{source}i" for source in SOURCES if not is_current(source)]:
            sys.exit(f"not up to date: {', '.join(stale)}: run `{COMMAND}`")
        options = ["--follow-imports=silent", "--cache-dir=.mypy_cache/sources"]  # mypy on all files reads the stubs, and has its own
        sys.exit(subprocess.run([sys.executable, "-m", "mypy", *options, *SOURCES], cwd=ROOT, check=False).returncode)
    for source in SOURCES:
        (ROOT / f"{source}i").write_text(stub(source), encoding="utf-8")


if __name__ == "__main__":
    main()
