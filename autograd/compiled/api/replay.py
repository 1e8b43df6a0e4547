"""Program: the replay of an existing graph."""

from __future__ import annotations

import threading
from struct import Struct
from typing import Any

import numpy as np

from autograd._runtime.bulk import add_gradients, numbers_of
from autograd.compiled.backends.contract import Storage, Violation
from autograd.compiled.backends.registry import backend_named
from autograd.compiled.export.listing import Line, describe, outline
from autograd.compiled.export.numpy_source import source_of
from autograd.compiled.export.rule_text import array_text
from autograd.compiled.ir import Code, count_of, index_of
from autograd.compiled.pipeline import collector_paused, lower, trace
from autograd.errors import CompileError, DomainError
from autograd.ops import LEAF
from autograd.tracing import trace_of
from autograd.value import Value


class _OfThread(threading.local):
    """What a thread keeps of its last run: the numbers, and storage for gradients; None before the first run, and during one."""

    data: Storage | None = None
    grads: Storage | None = None


class Program:
    """A recorded graph as a tensor program. See `compile`.

    `print(program)` shows the instructions.
    """

    def __init__(self, root: Value, executor: str = "auto", threads: int | None = None) -> None:
        backend, self._settings = backend_named(executor, threads), (executor, threads)
        if not isinstance(root, Value):
            raise CompileError(f"a program is made from a Value, as in compile(loss), not from {root!r:.60}")
        _refuse_traced(root)
        with collector_paused():
            self.tape = trace([root])
            leaves = self.tape.leaves()
            self._executable = backend.load(lower(self.tape, leaves))
        place = self.code.place
        self._leaves = [self.tape.nodes[i] for i in leaves]
        self._where = index_of(place[leaves].tolist())
        self._pack = Struct(f"{len(leaves)}d").pack  # NumPy would look at the type of each item of a list
        self._result = int(place[-1])
        self._seed = False, self._result, 1.0
        self._own = _OfThread()

    @property
    def code(self) -> Code:
        """The instructions, and the places of the numbers in storage."""
        return self._executable.code

    @property
    def root(self) -> Value:
        """The Value whose graph this is."""
        return self.tape.nodes[-1]

    @property
    def leaves(self) -> list[Value]:
        """The Values that are read at every run, and to whose `.grad` the derivatives are added."""
        return list(self._leaves)

    @property
    def constants(self) -> list[float]:
        """The frozen numbers, in the order of recording."""
        return [self.tape.nodes[i].data for i in self.tape.constants()]

    def __call__(self) -> float:
        """Compute the result from the data of the leaves, and add its derivatives to their `.grad`.

        Returns:
            The result, which is also assigned to `root.data`.

        Raises:
            DomainError, PoleError: the error of eager code; no `.grad` has changed then. If there are several errors, it is the first
                in the order of the graph, which may differ from the order of the lines.
        """
        data, grads = self._loaded(), self._seeded()
        result = self._finished(data, self._executable.differentiate(data, grads))
        self._add(grads)
        return result

    def forward(self) -> float:
        """Compute the result only, and assign it to `root.data`.

        Raises:
            DomainError, PoleError: the error of eager code.
        """
        data = self._loaded()
        return self._finished(data, self._executable.forward(data))

    def backward(self) -> None:
        """Add the derivatives of the result of this thread's last `forward` to the leaves' `.grad`.

        Raises:
            CompileError: this thread has not called `forward` yet, or it has failed.
        """
        data = self._own.data
        if data is None:
            raise CompileError("backward needs a forward pass of the same thread: call program.forward() first, or program() for both")
        grads = self._seeded()
        self._executable.backward(data, grads)
        self._add(grads)

    def _loaded(self) -> Storage:
        """Storage with the numbers of the leaves: that of this thread's last run, which is nobody's until this one has ended."""
        _refuse_traced(self.root)
        own = self._own
        data, own.data = own.data, None
        data = data or self._executable.storage()
        data.shared[self._where] = np.frombuffer(self._pack(*numbers_of(self._leaves)))
        return data

    def _finished(self, data: Storage, violations: list[Violation]) -> float:
        """The result of a run."""
        if violations:
            self.tape.replay()  # raises the error with the operation, the numbers and the labels
            raise DomainError("an operation left its domain in compiled code, though not in eager code")
        result = float(data.shared[self._result])
        if self.root._operation is not LEAF:
            self.root.data = result
        self._own.data = data
        return result

    def _seeded(self) -> Storage:
        """Storage for gradients: that of this thread's last run, with the gradient of the result."""
        own = self._own
        spare, own.grads = own.grads, None
        return self._executable.gradients(seed=self._seed, spare=spare)

    def _add(self, grads: Storage) -> None:
        """Add the gradients to those of the leaves."""
        add_gradients(self._leaves, grads.shared[self._where].tolist())
        self._own.grads = grads

    def __reduce__(self) -> Any:
        """A copy has a copy of the graph, or refers to the same one as `copy.copy` does, and is compiled anew."""
        return Program, (self.root, *self._settings)

    def outline(self) -> list[Line]:
        """The instructions in words; `draw(program)` makes a picture of them."""
        return outline(self.tape, self.code)

    @property
    def source(self) -> str:
        """The program as NumPy source that runs: `forward`, `backward`, and `run`, which takes the numbers of the leaves.

        It computes the same as the "numpy" executor, up to rounding, without checking domains. Write it to a file to debug it step by step.

        Example:
            >>> x = Value(3.0, label="x")
            >>> names: dict = {}
            >>> exec(compile(x**2 + x).source, names)
            >>> names["run"]([3.0])
            (12.0, [7.0])
        """
        places, numbers = self.code.fixed
        leaves_at = self.code.place[self.tape.leaves()]
        main = [
            "",
            "def run(leaves):",
            '    """The result, and its derivatives with respect to the leaves, from their numbers in the order of `program.leaves`."""',
            f"    x, d = np.zeros({self.code.shared}), np.zeros({self.code.shared})",
            "    xs = ds = np.zeros((0, 1))",
            *([f"    x[{array_text(places)}] = {array_text(numbers)}"] if len(places) else []),
            *([f"    leaves_at = {array_text(leaves_at)}", "    x[leaves_at] = leaves"] if self._leaves else []),
            "    forward(x, xs)",
            f"    d[{self._result}] = 1.0",
            "    backward(x, xs, d, ds)",
            f"    return float(x[{self._result}]), {'d[leaves_at].tolist()' if self._leaves else '[]'}",
            "",
            "",
            'if __name__ == "__main__":',
            f"    print(run({array_text(np.array(numbers_of(self._leaves)))}))",
            "",
        ]
        return source_of(self.code, f"The program of a graph of {len(self.tape.nodes):,} nodes.", self.outline(), main)

    def __str__(self) -> str:
        return describe(self.tape, self.code)

    def __repr__(self) -> str:
        return f"<Program of {len(self.tape.nodes):,} nodes, {sum(map(count_of, self.code.instructions))} instructions>"


def _refuse_traced(root: Value) -> None:
    """Refuse a graph of an enclosing function, in which the numbers of a program would have no derivative.

    Raises:
        CompileError: the graph depends on an argument of a function that is being differentiated or recorded.
    """
    if trace_of(root) is not None:
        raise CompileError(
            f"the graph of {root!r} depends on an argument of a function that is being differentiated or compiled: a program would return "
            "numbers, which have no derivative there. Use the Value itself"
        )
