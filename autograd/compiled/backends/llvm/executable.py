"""The LLVM backend: programs as steps of kernels, which run for one tile of samples after the other.

Forward and backward are one pass over the tiles, so that the numbers of a tile are still in the cache, and memory does not grow with the
number of samples. Which samples left the domain of an operation is found out by the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd.compiled.backends.contract import Executable, Seed, Storage, Violation
from autograd.compiled.backends.llvm.batch import Batch
from autograd.compiled.backends.llvm.frame import LEFT_DOMAIN, SHARED_GRADIENTS
from autograd.compiled.backends.llvm.lowering import UnsupportedError, steps_of
from autograd.compiled.backends.llvm.run_storage import Data, Gradients
from autograd.compiled.backends.llvm.step_table import Table
from autograd.compiled.backends.numpy import reference
from autograd.compiled.ir import Code


class Kernels(reference.Reference):
    """Code that kernels run. See `backends.contract.Executable`."""

    def __init__(self, code: Code, threads: int | None = None) -> None:
        super().__init__(code)
        self._steps = steps_of(code)
        self._batch = Batch(code, self._steps, threads)
        forward, backward = self._steps.forward, self._steps.backward
        self._of_shared = {"forward": forward, "backward": backward, "whole": [*forward, *backward]}
        self._tables: dict[str, Table] = {}
        self._template = np.zeros(self._steps.shared + 1)
        places, numbers = code.fixed
        self._template[places] = numbers
        for place, number in self._steps.constants.values():
            self._template[place] = number

    # -- storage --------------------------------------------------------------------------------------------------------

    def storage(self, samples: int = 1) -> Data:
        """See `Executable`."""
        return Data(self._template.copy(), samples, self._batch.inputs, self._batch.results)

    def gradients(self, samples: int = 1, seed: Seed | None = None, spare: Storage | None = None) -> Gradients:
        """See `Executable`."""
        if isinstance(spare, Gradients):
            grads = spare
            grads.shared.fill(0.0)
            grads.seeds.clear()
        else:
            grads = Gradients(np.zeros(len(self._template)), samples, self._batch.wanted)
        if seed is not None:
            grads.set(*seed)
        return grads

    # -- runs -----------------------------------------------------------------------------------------------------------

    def forward(self, data: Storage) -> list[Violation]:
        """See `Executable`."""
        assert isinstance(data, Data)
        self._begin(data, None)
        self._shared("forward", data)
        self._samples("value", data, None)
        return self._violations(data)

    def backward(self, data: Storage, grads: Storage) -> None:
        """See `Executable`: the numbers of the samples are computed again."""
        assert isinstance(data, Data)
        assert isinstance(grads, Gradients)
        data = data.again()
        self._begin(data, grads)
        self._samples("gradient", data, grads)
        self._shared("backward", data)

    def differentiate(self, data: Storage, grads: Storage) -> list[Violation]:
        """See `Executable`."""
        assert isinstance(data, Data)
        assert isinstance(grads, Gradients)
        self._begin(data, grads)
        if self._batch.is_empty:
            self._shared("whole", data)
            return self._violations(data)
        self._shared("forward", data)
        self._samples("both", data, grads)
        violations = self._violations(data)
        if not violations:
            self._shared("backward", data)
        return violations

    def push_forward(self, data: Storage, tangents: Storage, moving: Storage) -> None:
        """See `Executable`: the reference does it."""
        assert isinstance(data, Data)
        whole = self._whole(data)
        super().forward(whole)
        super().push_forward(whole, tangents, moving)

    def _begin(self, data: Data, grads: Gradients | None) -> None:
        if grads is not None:
            data.frame[SHARED_GRADIENTS] = grads.of_shared

    def _violations(self, data: Data) -> list[Violation]:
        if not data.frame[LEFT_DOMAIN]:
            return []
        data.frame[LEFT_DOMAIN] = 0  # for the next run
        return super().forward(self._whole(data))

    def _whole(self, data: Data) -> Storage:
        """The numbers as the reference has them."""
        straight = data.straight()
        straight.shared = straight.shared[: self.code.shared]
        return straight

    def _shared(self, which: str, data: Data) -> None:
        """Run the steps of shared numbers: "forward", "backward", or "whole" for both."""
        steps = self._of_shared[which]
        if not steps:
            return
        table = self._tables.get(which)
        if table is None:
            table = self._tables[which] = Table(steps, 1, 0)
        table.run(data.of_frame, 0, 1, 1, 1)

    def _samples(self, which: str, data: Data, grads: Gradients | None) -> None:
        if not self._batch.is_empty:
            self._batch.run(which, data, grads)


@dataclass(frozen=True)
class Llvm:
    """The backend.

    Attributes:
        threads: the number of threads that run a large batch; None for the number that `threads_for` finds.
    """

    threads: int | None = None

    def load(self, code: Code) -> Executable:
        """Prepare the code to be run: by kernels, or by the reference if kernels cannot."""
        try:
            return Kernels(code, self.threads)
        except UnsupportedError:
            return reference.Reference(code)
