"""Losses, outputs and the gradient of a batch: where samples become a batch, and losses a mean. Eager, or compiled.

Both ways give the same numbers to within rounding, for the same samples in the same order, and draw the same random numbers.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from autograd._runtime.bulk import gradients_of, numbers_of, set_gradients, set_numbers
from autograd._runtime.coercion import number_of
from autograd._runtime.temporary import During, Temporary, afterwards
from autograd.contexts import detect_anomaly, no_grad
from autograd.errors import AnomalyError, AutogradError, CompileError, DomainError, InputError, TrainingError
from autograd.recording import giving_back, keeping_draws
from autograd.trees import flatten, refuse_masked
from autograd.value import Value
from nn.data import as_lists
from nn.losses import mean
from nn.module import Module

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

    Gradient = tuple[list[float], list[Any], Array]

Loss = Callable[[Any, Any], Value]
Penalty = Callable[[Any], Value]
Found = TypeVar("Found")

CHUNK = 256
"""How many samples a compiled model evaluates at once: more of them are no faster, and all of them at once may fill the memory."""


class Data:
    """Samples and their targets: as lists for eager code, and as arrays for compiled code.

    Args:
        X: samples: a list, a NumPy array, which is not copied, or a pandas frame.
        y: as many targets; None where only outputs are wanted, which is then an empty list.

    Raises:
        InputError: something else was given.

    Example:
        >>> data = Data([[0.0], [1.0], [2.0]], [0, 1, 2])
        >>> data.lists([2, 0])
        ([[2.0], [0.0]], [2, 0])
    """

    def __init__(self, X: Any, y: Any = None) -> None:
        import numpy as np

        refuse_masked(X)
        self.X: Any = X if isinstance(X, np.ndarray) and X.ndim else as_eager(as_lists(X))
        self.y = [] if y is None else as_eager(as_lists(y))
        self._arrays: list[Any] = []

    def __len__(self) -> int:
        return len(self.X)

    def lists(self, order: Sequence[int]) -> tuple[list[Any], list[Any]]:
        """The samples of these numbers, and their targets, or none."""
        X = self.X[list(order)].tolist() if hasattr(self.X, "tolist") else [_copied(self.X[i]) for i in order]
        return X, [_copied(self.y[i]) for i in order] if self.y else []

    def forget_arrays(self) -> None:
        """Make arrays anew when they are asked for: lists may have been changed in place."""
        self._arrays = []

    def arrays(self, order: Sequence[int]) -> list[Any]:
        """The same as arrays: that of the samples and, if there are any, that of the targets. Of dicts a dict of arrays.

        Raises:
            InputError: not all of it is numbers, or not all samples are of one shape.
        """
        if not self._arrays:
            self._arrays = [_array("samples", self.X)] + ([_array("targets", self.y)] if self.y else [])
        import numpy as np

        rows = np.array(order, dtype=np.intp)
        return [_rows(array, rows) for array in self._arrays]


def _copied(sample: Any) -> Any:
    """The sample with lists and dicts of its own: a model may change them."""
    if isinstance(sample, list):
        return [_copied(part) for part in sample] if sample and isinstance(sample[0], (list, dict, tuple)) else sample[:]
    return {key: _copied(part) for key, part in sample.items()} if type(sample) is dict else sample


def _rows(array: Any, rows: npt.NDArray[np.intp]) -> Any:
    import numpy as np

    if isinstance(array, dict):
        return {key: _rows(part, rows) for key, part in array.items()}
    return np.asarray(array.take(rows, axis=0), np.float64)


def _array(name: str, items: Any) -> Any:
    import numpy as np

    if len(items) and isinstance(items[0], dict):
        keys = list(items[0])
        if not all(isinstance(item, dict) and list(item) == keys for item in items):
            raise InputError(f"the {name} are dicts of different keys, or of the same in another order")
        return {key: _array(f"{name}, at {key!r},", [item[key] for item in items]) for key in keys}
    try:
        array = np.asarray(items)
    except ValueError:
        raise InputError(f"the {name} are of different shapes") from None
    if array.dtype.kind not in "biuf":  # strings and None could be made numbers too, which eager code does not
        raise InputError(f"the {name} are not all numbers")
    if array.dtype.kind in "iu" and array.size and max(int(array.max()), -int(array.min())) > 2**53:
        raise InputError(f"the {name} are whole numbers that no float holds exactly")
    return array


class _Mode(Temporary[None]):
    def __init__(self, modules: Sequence[Module], training: bool) -> None:
        self._modules, self._training = modules, training
        self._before = [module.training for module in modules]

    def do(self) -> None:
        """See `Temporary`."""
        for module in self._modules:
            module.training = self._training

    def undo(self) -> None:
        """See `Temporary`."""
        for module, was in zip(self._modules, self._before, strict=True):
            module.training = was


class Eager:
    """The graph of every sample, and the chain rule through all of it.

    Args:
        model: called with one sample.
        loss: of the output and the target of one sample.
        parameters: the Values by which to differentiate.
        penalty: of the model, added to the mean loss of a batch.

    Attributes:
        reason: why this is not compiled, where it was to be.
        watched: whether code of the user runs between the steps, such as a callback, which may change the model.
    """

    reason = ""
    watched = False

    def __init__(self, model: Any, loss: Loss, parameters: list[Value], penalty: Penalty | None = None) -> None:
        self.model = model
        self.loss = loss
        self.parameters = parameters
        self.penalty = None if penalty is None else lambda model: a_value("a penalty", penalty(model))
        self._modules = model.modules() if isinstance(model, Module) else []  # finding them takes as long as some steps

    def mode(self, training: bool) -> During[None]:
        """The model and all its parts in training or in evaluation mode, and afterwards as they were."""
        return During(lambda: _Mode(self._modules, training))

    def gradient(self, data: Data, order: Sequence[int]) -> Gradient:
        """The losses and outputs of some samples as numbers, and the gradient of the mean loss, in the order of the parameters.

        Raises:
            InputError: the loss gives no Value.
            AutogradError: what the model or the loss raise; a note says for which sample.
        """
        import numpy as np

        losses, outputs = self._each(data, order)
        whole = mean(losses)
        total = whole if self.penalty is None else whole + self.penalty(self.model)
        before = gradients_of(self.parameters)
        try:
            set_gradients(self.parameters, [0.0] * len(self.parameters))
            total.backward()
            return [one.data for one in losses], outputs, np.array(gradients_of(self.parameters))
        except BaseException:  # such as an interrupt
            set_gradients(self.parameters, before)
            raise

    def evaluate(self, data: Data) -> tuple[list[float], list[Any]]:
        """The losses (none without targets) and the outputs of all samples, as numbers; in evaluation mode.

        Raises:
            AutogradError: as for `gradient`.
        """
        with self.mode(training=False), no_grad():
            losses, outputs = self._each(data, range(len(data)))
        return [one.data for one in losses], outputs

    def _each(self, data: Data, order: Sequence[int]) -> tuple[list[Value], list[Any]]:
        losses: list[Value] = []
        outputs: list[Any] = []
        for i in order:
            X, y = data.lists([i])
            try:
                output = self.model(X[0])
                losses += [loss_of(self.loss, output, target) for target in y]
            except AutogradError as error:
                error.add_note(f"This was sample {i}.")
                raise
            outputs.append(plain(output))
        return losses, outputs

    def refresh(self, data: Data) -> None:
        """Look at the model again: what it consists of, and does, may have been changed by a callback."""
        self._modules = self.model.modules() if isinstance(self.model, Module) else []

    def update(self, rule: Callable[[Array], Array]) -> None:
        """Set the numbers of the parameters to what a rule makes of them."""
        import numpy as np

        assign(self.parameters, rule(np.array(numbers_of(self.parameters))).tolist())

    def read(self) -> None:
        """Take the numbers of the parameters: they are where they are."""

    def write(self) -> None:
        """Give the parameters their numbers: they have them."""


class Compiled(Eager):
    """One sample recorded, and run for all samples of a batch at once.

    Between `read` and `write` the numbers of the parameters are in an array, and those in the Values are old.

    Args:
        model, loss, parameters, penalty: as for `Eager`.
        executor: as for `compile`. With "auto", eager code takes over for good at the first thing that cannot be compiled.
    """

    def __init__(self, model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None = None, executor: str = "auto") -> None:
        from autograd import compile
        from autograd.compiled.arguments import Parameters

        def sample(model: Any, x: Any, target: Any) -> Any:
            output = model(as_eager(x))
            one = loss_of(self.loss, output, as_eager(target))
            return one, (one, output)

        def answer(model: Any, x: Any) -> Any:
            return model(as_eager(x))

        def penalised(model: Any) -> Any:
            return self.penalty(model) if self.penalty is not None else None

        super().__init__(model, loss, parameters, penalty)
        self._automatic = executor == "auto"
        self._held = False
        self._last: Any = ()  # the gradient of the last batch
        self._store = Parameters(model, parameters)
        self._sample = compile(sample, in_axes=(None, 0, 0), executor=executor)
        self._output = compile(answer, in_axes=(None, 0), executor=executor)
        self._penalty = None if self.penalty is None else compile(penalised, in_axes=(None,), executor=executor)
        for function in (self._sample, self._output, self._penalty):
            if function is not None:
                function.recording_within = self._without_a_trace

    def gradient(self, data: Data, order: Sequence[int]) -> Gradient:
        """As `Eager.gradient`.

        Raises:
            CompileError: the model or the loss cannot be recorded.
            AutogradError: as for `Eager.gradient`.
        """
        return self._tried(lambda: self._gradient(data, order), lambda: Eager.gradient(self, data, order))

    def evaluate(self, data: Data) -> tuple[list[float], list[Any]]:
        """As `Eager.evaluate`.

        Raises:
            CompileError: the model or the loss cannot be recorded.
            AutogradError: as for `Eager.gradient`.
        """
        return self._tried(lambda: self._evaluate(data), lambda: Eager.evaluate(self, data))

    def _tried(self, compiled: Callable[[], Found], eager: Callable[[], Found]) -> Found:
        """What compiled code finds. Where it fails, eager code decides: it raises the error that names the numbers, or does without.

        Then eager code begins where compiled code did: random numbers that were drawn are drawn again.
        """
        if self.reason:
            return eager()
        kept: list[float] = []
        try:
            with keeping_draws(kept):
                return compiled()
        except Exception as error:
            failed = error
        self.write()
        with giving_back(kept):
            found = eager()
        if self._automatic:
            told = str(failed) if isinstance(failed, (AutogradError, FloatingPointError)) else f"{type(failed).__name__}: {failed}"
            self.reason = told.splitlines()[0]
            return found
        if isinstance(failed, FloatingPointError):
            raise DomainError(f"{failed}, in compiled code, though not in eager code")
        raise failed

    @contextmanager
    def _without_a_trace(self) -> Iterator[None]:
        """What is recorded within it leaves everything as it was.

        Raises:
            CompileError: the model, the loss or the penalty changes something, as a counter: compiled code would not.
        """
        from autograd.compiled.surroundings import Surroundings

        surroundings = Surroundings(self.model, self.loss, self.penalty)
        if surroundings.iterators:
            raise CompileError(
                f"the model or the loss refers to a {type(surroundings.iterators[0]).__name__}, which each call may advance, and compiled "
                "code would not"
            )
        snapshot = surroundings.snapshot()
        with afterwards(lambda: snapshot.restore(surroundings)):
            yield
            changed = snapshot.changed() or ("the state of a random generator" if surroundings.states() != snapshot.states else "")
        if changed:
            raise CompileError(f"the model or the loss changes {changed} when it is called, and compiled code would not")

    def _gradient(self, data: Data, order: Sequence[int]) -> Gradient:
        import numpy as np

        with np.errstate(invalid="raise"):  # as eager code would: also where the result is a number again
            (_, (losses, outputs)), gradient = self._sample.value_and_grad(
                self._store, *data.arrays(order), wrt=0, reduce="mean", has_aux=True
            )
            if self._penalty is not None:
                gradient = gradient + self._penalty.value_and_grad(self._store, wrt=0)[1]
        self._last = gradient
        return losses.tolist(), by_sample(outputs), gradient

    def _evaluate(self, data: Data) -> tuple[list[float], list[Any]]:
        import numpy as np

        if self.watched:
            with self.mode(training=False):
                self.refresh(data)
        if not self._held:
            self._store.read()
        losses: list[float] = []
        outputs: list[Any] = []
        with self.mode(training=False), np.errstate(invalid="raise"):
            for start in range(0, len(data), CHUNK):
                arrays = data.arrays(range(start, min(start + CHUNK, len(data))))
                if not data.y:
                    some = self._output(self._store, *arrays)
                else:
                    found, some = self._sample(self._store, *arrays)[1]
                    losses += found.tolist()
                outputs += by_sample(some)
        return losses, outputs

    def refresh(self, data: Data) -> None:
        """As `Eager.refresh`: what was recorded is forgotten where recording it now would give something else."""
        super().refresh(data)
        self._store.modules = self._modules
        if self.reason:
            return
        data.forget_arrays()
        if list(map(id, self.parameters)) != list(map(id, self._store.values)):  # the optimizer has others now
            self.write()
            self._store.values = list(self.parameters)
            for function in (self._sample, self._output, self._penalty):
                if function is not None:
                    function.forget()
        if not self._held:
            self._store.read()
        one = data.arrays([0])
        calls = [(self._sample if data.y else self._output, one), (self._penalty, [])]
        for function, arguments in calls:
            if function is None:
                continue
            try:
                function.refresh(self._store, *arguments)
            except CompileError:  # which the next run says, and does without
                function.forget()

    def take_up(self, model: Module, loss: Loss, data: Data) -> None:
        """Take up a model and a loss again, after `lay_down`."""
        self.model, self.loss, self._store.module = model, loss, model
        Eager.refresh(self, data)
        with self.mode(training=False):
            self.refresh(data)

    def lay_down(self) -> bool:
        """Let go of the model and the loss, for `take_up`. Whether that is possible: not where something recorded refers to the model."""
        nobody: Any = None
        self.model = self.loss = self._store.module = nobody
        self._modules = self._store.modules = []
        return not self.reason and not self._sample.draws and not self._output.draws

    def update(self, rule: Callable[[Array], Array]) -> None:
        """As `Eager.update`."""
        if self._held:
            self._store.array = rule(self._store.array)
        else:
            super().update(rule)

    def read(self) -> None:
        """Take the numbers of the parameters."""
        if not self.reason:
            self._store.read()
            self._held = True

    def write(self) -> None:
        """Give the parameters their numbers. Interrupted, it can be done again; done, it does nothing."""
        if self._held:
            self._store.write()
            if len(self._last) == len(self.parameters):
                set_gradients(self.parameters, self._last.tolist())
            self._held = False


_KEPT: dict[int, tuple[weakref.ref[Module], Compiled]] = {}
"""What was recorded for `answers`, by the `id` of the model; it goes with the model."""


def answers(model: Module, loss: Loss, data: Data) -> tuple[list[float], list[Any]]:
    """As `Eager.evaluate`, compiled: by what was recorded at the last call with this model, if recording it again would give the same.

    That is asked each time, of the first sample, because a model may depend on anything; it takes a tenth of recording and compiling.

    Raises:
        AutogradError: as for `Eager.gradient`.
    """
    known, engine = _KEPT.pop(id(model), (None, None))  # taken out, so that no other thread uses it too
    if known is None or engine is None or known() is not model:
        engine = Compiled(model, loss, [])
    else:
        engine.take_up(model, loss, data)
    found = engine.evaluate(data)
    if engine.lay_down():
        key = id(model)
        _KEPT[key] = weakref.ref(model, lambda _: _KEPT.pop(key, None)), engine
    return found


def assign(parameters: list[Value], numbers: list[float]) -> None:
    """Set the numbers of parameters: of all, or of none where an interrupt comes in between."""
    before = numbers_of(parameters)
    try:
        set_numbers(parameters, numbers)
    except BaseException:
        set_numbers(parameters, before)
        raise


def as_eager(x: Any) -> Any:
    """A sample as eager code gets it: with lists, of which + makes a longer one, in place of arrays, of which it makes sums.

    Example:
        >>> import numpy as np
        >>> as_eager({"a": np.eye(2), "b": [np.zeros(1), 2.0]})
        {'a': [[1.0, 0.0], [0.0, 1.0]], 'b': [[0.0], 2.0]}
    """
    if isinstance(x, dict):
        return {key: as_eager(part) for key, part in x.items()}
    if isinstance(x, list) and x and not isinstance(x[0], (float, int)):
        return [as_eager(item) for item in x]
    return x.tolist() if hasattr(x, "tolist") else x


def loss_of(loss: Loss, output: Any, target: Any) -> Value:
    """The loss of one sample.

    Raises:
        InputError: it is no Value.
    """
    return a_value("a loss", loss(output, target), "the model's output")


def a_value(name: str, result: Any, source: str = "the model's parameters") -> Value:
    """What a loss or a penalty gave.

    Raises:
        InputError: it is no Value.

    Example:
        >>> a_value("a loss", Value(3.0)).data
        3.0
    """
    if not isinstance(result, Value):
        raise InputError(f"{name} must be a Value, which has a gradient, not {result!r}: compute it from {source}")
    return result


def plain(output: Any) -> Any:
    """Numbers only, so that the graph behind them is freed.

    Example:
        >>> plain([Value(1.0), (Value(2.0), 3)])
        [1.0, (2.0, 3.0)]
    """
    leaves, build = flatten(output, arrays=False)
    return build([number_of(leaf) for leaf in leaves])


def by_sample(outputs: Any) -> list[Any]:
    """The outputs of each sample, of arrays that have the samples as their first axis.

    Example:
        >>> import numpy as np
        >>> by_sample((np.eye(2), np.array([5.0, 6.0])))
        [([1.0, 0.0], 5.0), ([0.0, 1.0], 6.0)]
    """
    if hasattr(outputs, "tolist"):
        return list(outputs.tolist())
    branches = outputs.values() if isinstance(outputs, dict) else outputs
    rows = zip(*map(by_sample, branches), strict=True)
    if isinstance(outputs, dict):
        return [dict(zip(outputs, row, strict=True)) for row in rows]
    return list(map(getattr(outputs, "_make", type(outputs)), rows))


# -- what must be finite ------------------------------------------------------------------------------------------------


def check(engine: Eager, data: Data, order: Sequence[int], losses: Sequence[float], gradient: Array) -> None:
    """Stop before a step that would make the parameters nan or inf.

    Args:
        engine: what computed the losses and the gradient; its model and loss are asked again, to find the operation.
        data, order: the data, and which samples of them.
        losses, gradient: what was computed of these samples.

    Raises:
        TrainingError: a loss, their sum, or the gradient is not finite; it names the sample, the operation, the parameter.
    """
    if not math.isfinite(sum(losses)):
        for i, one in zip(order, losses, strict=True):
            if not math.isfinite(one):
                raise TrainingError(
                    f"the loss of sample {i} is {one}{_origin(engine, data, i)}: lower the learning rate, or check the data"
                )
        raise TrainingError(f"the loss of this batch is {sum(losses)}: lower the learning rate, or check the data")
    if not _all_finite(gradient):
        origins = ((i, _origin(engine, data, i)) for i in order)
        found = next((f" by sample {i}{origin}" for i, origin in origins if origin), "")
        raise TrainingError(f"the gradient of {_first(engine, gradient)}{found}; the parameters are those before this step")


def checked(engine: Eager, new: Array) -> Array:
    """What the parameters are to become in a step.

    Raises:
        TrainingError: one of these numbers is not finite.
    """
    if not _all_finite(new):
        raise TrainingError(f"with this step {_first(engine, new)}: lower the learning rate; the parameters are those before this step")
    return new


def _all_finite(numbers: Array) -> bool:
    """Whether none is nan or inf. The sum of squares, which is quicker, tells it, unless it overflows."""
    import numpy as np

    return math.isfinite(np.vdot(numbers, numbers)) or bool(np.isfinite(numbers).all())


def _first(engine: Eager, numbers: Array) -> str:
    """Which parameter has the first of these numbers that is not finite, and that number."""
    import numpy as np

    names = {value: name for name, value in engine.model.named_parameters()}
    p = int(np.flatnonzero(~np.isfinite(numbers))[0])
    return f"{names.get(engine.parameters[p], 'a parameter')} is {float(numbers[p])}"


def _origin(engine: Eager, data: Data, i: int) -> str:
    """Which operation first gave nan or inf for this sample; nothing where it cannot be found again, as behind a new dropout mask."""
    engine.write()
    for p in engine.parameters:
        p.grad = 0.0  # what it is now may be nan
    X, y = data.lists([i])
    try:
        with detect_anomaly():
            engine.loss(engine.model(X[0]), y[0]).backward()
    except AutogradError as error:
        return f" ({error})" if isinstance(error, AnomalyError) else ""
    return ""
