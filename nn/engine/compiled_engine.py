"""The compiled engine: one sample is recorded, and the record is run for all samples of a batch at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from autograd._runtime.bulk import set_gradients
from autograd._runtime.temporary import During
from autograd.errors import AutogradError, CompileError, DomainError
from autograd.recording import logging_draws, replaying_draws
from autograd.value import Value
from nn.array_type import Array
from nn.engine.eager_engine import EagerEngine, loss_of
from nn.engine.interface import BatchGradient, Evaluation
from nn.engine.samples import Samples, as_eager, by_sample
from nn.engine.side_effects import refused_side_effects
from nn.losses import Loss, Penalty
from nn.module import Module

Result = TypeVar("Result")

CHUNK = 256
"""How many samples are evaluated at once: more at a time gain nothing, and all of them at once may fill the memory."""


class CompiledEngine:
    """Records one sample, and runs it for whole batches. See `Engine` for what its methods do.

    Where compiled code fails, an eager engine decides: it raises an error that names the numbers, or computes the result after all.

    Args:
        model, loss, parameters, penalty: as for `EagerEngine`.
        executor: as for `compile`. With "auto", eager code takes over for good at the first thing that cannot be compiled.

    Attributes:
        eager: the eager engine. It has the model, the loss, the parameters and the penalty.
    """

    def __init__(self, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None = None, executor: str = "auto") -> None:
        from autograd import compile
        from autograd.compiled.api.arguments import Parameters

        self.eager = eager = EagerEngine(model, loss, parameters, penalty)
        self.reason = ""
        self.watched = False
        self._automatic = executor == "auto"
        self._held = False  # whether the numbers of the parameters are in the store, and those in the Values out of date
        self._last: Array | None = None  # the gradient of the last batch
        self._store = Parameters(model, parameters)

        def sample(model: Any, x: Any, target: Any) -> Any:
            output = model(as_eager(x))
            one = loss_of(eager.loss, output, as_eager(target))
            return one, (one, output)

        def answer(model: Any, x: Any) -> Any:
            return model(as_eager(x))

        def penalised(model: Any) -> Any:
            return None if eager.penalty is None else eager.penalty(model)

        self._sample = compile(sample, in_axes=(None, 0, 0), executor=executor)
        self._output = compile(answer, in_axes=(None, 0), executor=executor)
        self._penalty = None if penalty is None else compile(penalised, in_axes=(None,), executor=executor)
        self._functions = [self._sample, self._output, *([] if self._penalty is None else [self._penalty])]
        for function in self._functions:
            function.record_within(lambda: refused_side_effects(eager.model, eager.loss, eager.penalty))

    @property
    def model(self) -> Any:
        """See `Engine`."""
        return self.eager.model

    @property
    def loss(self) -> Loss:
        """See `Engine`."""
        return self.eager.loss

    @property
    def parameters(self) -> list[Value]:
        """See `Engine`."""
        return self.eager.parameters

    def mode(self, training: bool) -> During[None]:
        """See `Engine`."""
        return self.eager.mode(training)

    def gradient(self, samples: Samples, order: Sequence[int]) -> BatchGradient:
        """See `Engine`.

        Raises:
            CompileError: the model or the loss cannot be recorded, and the executor is not "auto".
            AutogradError: as for `EagerEngine.gradient`.
        """
        from autograd.compiled.floating_errors import refusing_invalid

        def compiled() -> BatchGradient:  # an invalid number is an error, as in eager code, also where it has no effect on the result
            return refusing_invalid(self._gradient, samples, order)

        return self._or_eager(compiled, lambda: self.eager.gradient(samples, order))

    def evaluate(self, samples: Samples) -> Evaluation:
        """See `Engine`.

        Raises:
            CompileError: the model or the loss cannot be recorded, and the executor is not "auto".
            AutogradError: as for `EagerEngine.evaluate`.
        """
        return self._or_eager(lambda: self._evaluate(samples), lambda: self.eager.evaluate(samples))

    def _or_eager(self, compiled: Callable[[], Result], eager: Callable[[], Result]) -> Result:
        """The result of compiled code; where that fails, of eager code, from the same parameters and with the same random numbers."""
        if self.reason:
            return eager()
        draws: list[float] = []
        try:
            with logging_draws(draws):
                return compiled()
        except Exception as error:
            failure = error
        self.write()
        with replaying_draws(draws):
            result = eager()
        if self._automatic:
            known = isinstance(failure, (AutogradError, FloatingPointError))
            self.reason = (str(failure) if known else f"{type(failure).__name__}: {failure}").splitlines()[0]
            return result
        if isinstance(failure, FloatingPointError):
            raise DomainError(f"{failure}, in compiled code, though not in eager code")
        raise failure

    def _gradient(self, samples: Samples, order: Sequence[int]) -> BatchGradient:
        (_, (losses, outputs)), gradient = self._sample.value_and_grad(
            self._store, *samples.arrays(order), wrt=0, reduce="mean", has_aux=True
        )
        if self._penalty is not None:
            gradient = gradient + self._penalty.value_and_grad(self._store, wrt=0)[1]
        self._last = gradient
        return BatchGradient(losses.tolist(), by_sample(outputs), gradient)

    def _evaluate(self, samples: Samples) -> Evaluation:
        from autograd.compiled.floating_errors import refusing_invalid

        if self.watched:
            with self.mode(training=False):
                self.refresh(samples)
        if not self._held:
            self._store.read()
        with self.mode(training=False):
            return refusing_invalid(self._answers, samples)

    def _answers(self, samples: Samples) -> Evaluation:
        losses: list[float] = []
        outputs: list[Any] = []
        for start in range(0, len(samples), CHUNK):
            arrays = samples.arrays(range(start, min(start + CHUNK, len(samples))))
            if not samples.y:
                some = self._output(self._store, *arrays)
            else:
                of_chunk, some = self._sample(self._store, *arrays)[1]
                losses += of_chunk.tolist()
            outputs += by_sample(some)
        return Evaluation(losses, outputs)

    def refresh(self, samples: Samples) -> None:
        """See `Engine`. A record is dropped where recording it now would give something else."""
        self.eager.refresh(samples)
        self._store.modules = self.eager.modules
        if self.reason:
            return
        samples.forget_arrays()
        if list(map(id, self.parameters)) != list(map(id, self._store.values)):  # the optimizer has others now
            self.write()
            self._store.values = list(self.parameters)
            for function in self._functions:
                function.forget()
        if not self._held:
            self._store.read()
        calls = [(self._sample if samples.y else self._output, samples.arrays([0]))]
        if self._penalty is not None:
            calls.append((self._penalty, []))
        for function, arguments in calls:
            try:
                function.refresh(self._store, *arguments)
            except CompileError:  # the next run raises it again
                function.forget()

    def attach(self, model: Module, loss: Loss, samples: Samples) -> None:
        """Take a model and a loss after `detach`. The model may have changed meanwhile."""
        self.eager.model, self.eager.loss, self._store.module = model, loss, model
        self.eager.list_modules()
        with self.mode(training=False):
            self.refresh(samples)

    def detach(self) -> bool:
        """Let go of the model and the loss, so that the engine can be kept without them.

        Returns:
            Whether `attach` is possible. It is not where eager code took over, or where a record draws random numbers.
        """
        nobody: Any = None
        self.eager.model = self.eager.loss = self._store.module = nobody
        self.eager.modules = self._store.modules = []
        return not self.reason and not self._sample.draws and not self._output.draws

    def update(self, rule: Callable[[Array], Array]) -> None:
        """See `Engine`."""
        if self._held:
            self._store.array = rule(self._store.array)
        else:
            self.eager.update(rule)

    def read(self) -> None:
        """See `Engine`."""
        if not self.reason:
            self._store.read()
            self._held = True

    def write(self) -> None:
        """See `Engine`. The Values get the gradients of the last batch too."""
        if self._held:
            self._store.write()
            if self._last is not None and len(self._last) == len(self.parameters):
                set_gradients(self.parameters, self._last.tolist())
            self._held = False
