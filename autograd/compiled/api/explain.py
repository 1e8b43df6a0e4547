"""explain: the forms of a program, after each pass of the compiler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.compiled.api.compile import compile
from autograd.compiled.api.function import Function
from autograd.compiled.api.replay import Program
from autograd.compiled.export.listing import describe
from autograd.compiled.export.stage_text import LINES
from autograd.compiled.ir import Code
from autograd.compiled.pipeline import stages
from autograd.compiled.stages import Tape
from autograd.errors import CompileError
from autograd.value import Value

TITLES = {
    "trace": "the graph as rows, inputs first",
    "constants": "equal constants as one row",
    "roll": "equal rounds of a very large graph, as one row",
    "sums": "chains of additions as sums and dots",
    "simplify": "equal computations as one row",
    "loops": "rounds that repeat, as loops",
    "vectorise": "rows with the same operation together",
    "matmuls": "dots that form rows × columns as matrix products",
    "allocate": "instructions on numbered places",
}


def explain(target: Callable[..., Any] | Value | Program, *args: Any, lines: int = 40, **kwargs: Any) -> str:
    """How a program is compiled: its form after each pass of the compiler, as text.

    Args:
        target: a compiled function; a plain function, which is compiled with "numpy"; a Value; or the program of a Value.
        args, kwargs: the arguments for which the function is recorded.
        lines: the number of lines to show for each pass, at most.

    Raises:
        CompileError: the function cannot be recorded; or the target is not a function, and arguments were passed.

    Example:
        >>> print(explain(lambda x, y: (x * y + 1.0) * 2.0, 3.0, 4.0))
        trace: the graph as rows, inputs first
          0 = leaf  # x
          1 = leaf  # y
          2 = mul(0, 1)
          3 = 1
          4 = add(2, 3)
          5 = 2
          6 = mul(4, 5)  # result
        constants: equal constants as one row
          the same
        roll: equal rounds of a very large graph, as one row
          the same
        sums: chains of additions as sums and dots
          2 = mul(0, 1)
          4 = add(2, 3)
          6 = mul(4, 5)
        simplify: equal computations as one row
          the same
        loops: rounds that repeat, as loops
          none
        vectorise: rows with the same operation together
          Map mul: 2 from 0; 1
          Map add: 4 from 2; 3
          Map mul: 6 from 4; 5
        matmuls: dots that form rows × columns as matrix products
          the same
        allocate: instructions on numbered places
          program: 7 nodes → 3 instructions, 0 of them matrix products; 2 leaves, 2 constants (1, 2)
            3 floating-point operations forward, 56 bytes
            t1 = x * y
            t2 = t1 + 1
            t3 = t2 * 2
    """
    if isinstance(target, (Value, Program)):
        if args or kwargs:
            raise CompileError(f"explain takes arguments only with a function, not with {target!r}: write explain(target)")
        program = target if isinstance(target, Program) else Program(target, "numpy")
        return _text(program.tape, program.tape.leaves(), [], describe(program.tape, program.code), lines)
    if not callable(target):
        raise CompileError(f"explain needs a function, a Value or a program, as in explain(f, 2.0), not {target!r}")
    if type(lines) is not int or lines < 1:
        raise CompileError(f"lines must be an integer of at least 1, not {lines!r}")
    function = target if isinstance(target, Function) else compile(target, executor="numpy")
    _, _, branches = function.specialise(*args, **kwargs)
    texts = [
        _text(branch.tape, branch.wanted, branch.first, describe(branch.tape, branch.code, branch.shapes, branch.returned), lines)
        for branch in branches
    ]
    return "\n\n".join(texts)


def _text(tape: Tape, wanted: list[int], first: list[int], listing: str, most: int) -> str:
    texts: list[str] = []
    before: list[str] = []
    for name, stage in stages(tape, wanted, first):
        own = listing.splitlines() if isinstance(stage, Code) else list(LINES[type(stage)](stage))
        shown = ["the same"] if own == before else [*own[:most], *([f"… {len(own) - most:,} more"] if len(own) > most else [])]
        texts += [f"{name}: {TITLES[name]}", *[f"  {line}" for line in shown]]
        before = own
    return "\n".join(texts)
