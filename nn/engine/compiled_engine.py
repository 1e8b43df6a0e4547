"""The compiled engine: one sample is recorded, and the record is run for all samples of a batch at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from autograd._runtime.bulk import set_gradients
from autograd._runtime.temporary import During
from autograd.draws import logging_draws, replaying_draws
from autograd.errors import AutogradError, CompileError, DomainError
from autograd.value import Value
from nn.array_type import Array
from nn.engine.eager_engine import EagerEngine, loss_of
from nn.engine.interface import BatchGradient, Evaluation
from nn.engine.reuse import Reuse, are_same, is_of_layer
from nn.engine.samples import Samples, as_eager, by_sample
from nn.losses import Loss, Penalty
from nn.module import Module

if TYPE_CHECKING:
    from autograd.compiled.api.branch import Branch

Result = TypeVar("Result")

CHUNK = 256
"""How many samples are evaluated at once: more at a time gain nothing, and all of them at once may fill the memory."""


class _Functions:
    """The compiled functions of an engine.

    Args:
        eager: has what they call.
        executor: as for `compile`.
        reuse: watches their recordings.

    Attributes:
        sample: the loss of one sample, and the loss with the output.
        output: the output of one sample.
        penalty: the penalty of the model; None if there is none.
        all: these functions.
    """

    def __init__(self, eager: EagerEngine, executor: str, reuse: Reuse) -> None:
        from autograd import compile

        def sample(model: Any, x: Any, target: Any) -> Any:
            output = model(as_eager(x))
            one = loss_of(eager.loss, output, as_eager(target))
            return one, (one, output)

        def answer(model: Any, x: Any) -> Any:
            return model(as_eager(x))

        def penalised(model: Any) -> Any:
            return None if eager.penalty is None else eager.penalty(model)

        self.sample = compile(sample, in_axes=(None, 0, 0), executor=executor)
        self.output = compile(answer, in_axes=(None, 0), executor=executor)
        self.penalty = None if eager.penalty is None else compile(penalised, in_axes=(None,), executor=executor)
        self.all = [self.sample, self.output, *([] if self.penalty is None else [self.penalty])]
        for function in self.all:
            function.record_within(reuse.recording)

    @property
    def programs(self) -> list[Branch]:
        """All programs that were recorded."""
        return [branch for function in self.all for branch in function.specialisations]

    def forget(self) -> None:
        """Forget all programs."""
        for function in self.all:
            function.forget()


class CompiledEngine:
    """Records one sample, and runs it for whole batches. See `Engine` for what its methods do.

    Where compiled code fails, an eager engine decides: it raises an error that names the numbers, or computes the result after all.

    Args:
        model, loss, parameters, penalty: as for `EagerEngine`.
        executor: as for `compile`. With "auto", eager code takes over for good at the first thing that cannot be compiled.

    Attributes:
        eager, executor: the eager engine, which has the model, the loss, the parameters and the penalty; and see above.
    """

    def __init__(self, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None = None, executor: str = "auto") -> None:
        from autograd.compiled.api.arguments import Parameters

        self.eager = eager = EagerEngine(model, loss, parameters, penalty)
        self.reason = ""
        self.watched = False
        self.executor = executor
        self._held = False  # whether the numbers of the parameters are in the store, and those in the Values out of date
        self._last: Array | None = None  # the gradient of the last batch
        self._store = Parameters(model, parameters)
        self._reuse = Reuse(eager)
        self._functions = _Functions(eager, executor, self._reuse)

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
        if self.executor == "auto":
            known = isinstance(failure, (AutogradError, FloatingPointError))
            self.reason = (str(failure) if known else f"{type(failure).__name__}: {failure}").splitlines()[0]
            return result
        if isinstance(failure, FloatingPointError):
            raise DomainError(f"{failure}, in compiled code, though not in eager code")
        raise failure

    def _gradient(self, samples: Samples, order: Sequence[int]) -> BatchGradient:
        (_, (losses, outputs)), gradient = self._functions.sample.value_and_grad(
            self._store, *samples.arrays(order), wrt=0, reduce="mean", has_aux=True
        )
        if self._functions.penalty is not None:
            gradient = gradient + self._functions.penalty.value_and_grad(self._store, wrt=0)[1]
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
                some = self._functions.output(self._store, *arrays)
            else:
                of_chunk, some = self._functions.sample(self._store, *arrays)[1]
                losses += of_chunk.tolist()
            outputs += by_sample(some)
        return Evaluation(losses, outputs)

    def refresh(self, samples: Samples) -> None:
        """See `Engine`. All records are dropped where recording one of them now would give something else."""
        self.eager.refresh(samples)
        self._store.modules = self.eager.modules
        if self.reason:
            return
        samples.forget_arrays()
        if not are_same(self.parameters, self._store.values):  # the optimizer has others now
            self.write()
            self._store.values = list(self.parameters)
            self._forget()
        if not self._held:
            self._store.read()
        calls = [(self._functions.sample if samples.y else self._functions.output, samples.arrays([0]))]
        if self._functions.penalty is not None:
            calls.append((self._functions.penalty, []))
        try:
            with self._reuse.checking():
                has_changed = any(function.refresh(self._store, *arguments) for function, arguments in calls)
        except CompileError:  # the next run raises it again
            has_changed = True
        if has_changed:
            self._forget()

    def _forget(self) -> None:
        self._functions.forget()
        self._reuse.restart()

    def attach(self, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None = None) -> bool:
        """Take a model and what belongs to it after `detach`.

        Returns:
            Whether it is certain that what was recorded would be recorded in the same way now. If not, `refresh` finds that out.
        """
        self.eager.attach(model, loss, parameters, penalty)
        self._store.module, self._store.modules = model, self.eager.modules
        return are_same(parameters, self._store.values) and self._reuse.is_current()

    def detach(self) -> bool:
        """Let go of the model and what belongs to it, so that the engine can be kept without them.

        Returns:
            Whether `attach` is possible. It is not where eager code took over, or where a record draws random numbers by code of the user.
        """
        self.eager.attach(None, None, [], None)
        self._store.module, self._store.modules, self._last = None, [], None
        return not self.reason and all(is_of_layer(draw.sampler) for program in self._functions.programs for draw in program.draws)

    @property
    def has_one_state(self) -> bool:
        """Whether all that was recorded is of one state of the model, so that `attach` may find it to be current."""
        return self._reuse.is_possible

    @property
    def nodes(self) -> int:
        """The number of nodes that were recorded, to which its memory is proportional."""
        return sum([len(program.tape.nodes) for program in self._functions.programs])

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
