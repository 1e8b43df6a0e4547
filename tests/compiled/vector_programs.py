"""A dozen programs whose numbers are printed, bit for bit; `test_processors` runs them with vectors of several widths.

With an argument, every module that was compiled is turned into object code for that target too.
"""

import json
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import autograd
from autograd import Value, clip, compile, cos, dot, erf, exp, expm1, hypot, log, log1p, maximum, relu, sigmoid, sin, sqrt, tanh, where
from autograd.compiled.backends.llvm import machine_code

RNG = np.random.default_rng(3)
SAMPLES = 77


def network(p: Any, x: Any) -> Any:
    h = [tanh(dot(row, x) + b) for row, b in zip(*p[:2], strict=True)]
    return sigmoid(dot(p[2], h))


def many(x: Any, y: Any) -> Any:
    """Too long to be written out as one kernel."""
    for k in range(300):
        x = x * y + (k % 7) / 7.0 if k % 3 else sqrt(x * x + 1.0)
    return x


def rosenbrock(x: Any) -> Any:
    return autograd.sum([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


ARRAYS = RNG.normal(size=(2, SAMPLES))
POSITIVE = np.abs(ARRAYS) + 0.1
MATRIX, VECTOR, ROWS = RNG.normal(size=(9, 5)), RNG.normal(size=9), RNG.normal(size=(SAMPLES, 5))
EACH, FIRST_SHARED = 0, (None, 0)

EXACT: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "arithmetic": (lambda x, y: (x * y - x) / (y * y + 2.0) + 3.0 * x, EACH, tuple(ARRAYS)),
    "roots": (lambda x, y: sqrt(x) / y - sqrt(y), EACH, tuple(POSITIVE)),
    "selection": (
        lambda x, y: maximum(x, y) * relu(x) + where(x > y, lambda: x * y, lambda: y - x) + clip(x, -0.5, 0.5),
        EACH,
        tuple(ARRAYS),
    ),
    "a long program": (many, EACH, tuple(ARRAYS / 4.0)),
}
"""Of + - * / and square roots: their bits are those of any processor."""

CLOSE: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "exponentials": (lambda x, y: exp(x) + expm1(y) * 0.5, EACH, tuple(ARRAYS)),
    "logarithms": (lambda x, y: log(x) * 2.0 - log1p(y) * 3.0, EACH, tuple(POSITIVE)),
    "circular": (lambda x, y: sin(x * 50.0) + cos(y), EACH, tuple(ARRAYS)),
    "large angles": (lambda x: sin(x), EACH, (ARRAYS[0] * 1e7,)),
    "error function": (lambda x, y: erf(x) + tanh(y), EACH, tuple(ARRAYS)),
    "of the library": (lambda x, y: hypot(x, y) + autograd.atan2(x, y) + autograd.cbrt(x), EACH, tuple(ARRAYS)),
    "powers": (lambda x, y: x**2.37 + x**y, EACH, tuple(POSITIVE)),
    "irregular": (lambda x: (x[0] * x[1] + exp(x[2])) * sin(x[3]) / (x[4] * x[4] + 1.0), (None,), (RNG.normal(size=5),)),
}

"""Of a few elementary functions: within 4 units in the last place."""

SUMS: dict[str, tuple[Callable[..., Any], Any, tuple[Any, ...]]] = {
    "a network": (network, FIRST_SHARED, ((MATRIX, VECTOR, VECTOR), ROWS)),
    "shared numbers": (rosenbrock, (None,), (RNG.normal(size=41),)),
    "a product": (lambda m, x: autograd.sum([dot(row, x) * dot(row, x) for row in m]), (None, None), (MATRIX, ROWS[0])),
}
"""With sums and dots, whose order, and whose products that are rounded together with a sum, depend on the vectors."""

ALL = EXACT | CLOSE | SUMS


def numbers(tree: Any) -> list[float]:
    """All numbers of nested results."""
    if isinstance(tree, (tuple, list)):
        return [number for part in tree for number in numbers(part)]
    return np.ravel(tree).tolist()


def results() -> dict[str, list[str]]:
    """For each program its value and its gradients."""
    found = {}
    for name, (f, in_axes, arguments) in ALL.items():
        compiled = compile(f, in_axes=in_axes, executor="native")
        reduce = "sum" if in_axes == FIRST_SHARED else None
        found[name] = [x.hex() for x in numbers([compiled(*arguments), compiled.value_and_grad(*arguments, reduce=reduce)])]
    return found


def graph() -> None:
    """A program of a graph, which the interpreter of scalars runs."""
    x = [Value(0.1 * k) for k in range(30)]
    root = x[0]
    for k, a in enumerate(x[1:]):
        root = tanh(root * a) + a if k % 3 else root - exp(a) / 2.0
    compile(root, executor="native")()


def main() -> None:
    """Print what was computed, the number of lanes, and how many modules there were."""
    texts: list[str] = []
    host = machine_code.processor()
    compile_text = host.compile

    def noted(text: str) -> bytes:
        texts.append(text)
        return compile_text(text)

    host.compile = noted  # type: ignore[method-assign]
    found = results()
    graph()
    sizes = []
    if len(sys.argv) > 1:
        llvm = host.llvm
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        target = llvm.Target.from_triple(sys.argv[1])
        machine = target.create_target_machine(opt=2)
        for text in texts:
            module = llvm.parse_assembly(text)
            module.triple, module.data_layout = target.triple, str(machine.target_data)
            module.verify()
            code = machine.emit_object(module)
            assert code[:4] == b"\x7fELF"
            assert int.from_bytes(code[18:20], "little") == 183  # the number of AArch64
            sizes.append(len(code))
    print(json.dumps([host.lanes, found, len(texts), len(sizes)]))


if __name__ == "__main__":
    main()
