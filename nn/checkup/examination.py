"""`diagnose`: what is wrong with a network."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from autograd._runtime.bulk import gradients_of, numbers_of, set_gradients
from autograd._runtime.temporary import afterwards
from autograd.contexts import enable_grad, no_grad
from autograd.errors import AutogradError, InputError
from autograd.trees import flatten
from autograd.value import Value
from nn.array_type import Array
from nn.checks import loss_function, paired, positive
from nn.checkup.curvature import Limit, largest_eigenvalue, limit_of
from nn.checkup.findings import Finding
from nn.checkup.guessing import guessed
from nn.checkup.input_rules import input_findings, inputs_of
from nn.checkup.layer_row import LayerRow
from nn.checkup.layer_rules import layer_findings
from nn.checkup.measures import LayerMeasures, LayerTable
from nn.checkup.report import Diagnosis, by_severity
from nn.checkup.running import Runner, spread
from nn.checkup.training_rules import LEARNED, high_rate_findings, loss_findings, low_rate_findings, small_step_findings, target_findings
from nn.checkup.watching import WatchedModel
from nn.data.rows import Rows
from nn.engine.samples import Samples, as_eager
from nn.losses import Loss, cross_entropy
from nn.module import Module
from nn.optimizers import Adam, Optimizer, RMSprop

CURVED, CURVED_EAGERLY = 256, 32
"""On how many samples the curvature is computed, with and without compiled code."""

BATCH = 32
"""The size of the mini-batches whose gradients tell how an optimizer will scale its steps."""


def diagnose(
    model: Module,
    X: Rows,
    y: Rows,
    *,
    loss: Loss = cross_entropy,
    optimizer: Optimizer | None = None,
    lr: float | None = None,
) -> Diagnosis:
    """What is wrong with a network: a table of its layers, and findings, each with its number, its place, and what to do.

    Found are

    - dead units: ReLUs without a gradient for any sample. a quarter of a layer is a warning, half of it is serious;
    - saturated units: outputs of a sigmoid, a tanh or the like at which its derivative is below 1% of its maximum. Half of a layer is a
      warning, 90% are serious. Of the last layer, only samples with a loss above that of guessing count: others may be certain;
    - a vanishing gradient, at the first layer less than a thousandth of what it is where it is largest, and an exploding one, more than a
      thousand times as large there as at the last layer;
    - copies: neurons with the same outputs and gradients for all samples, which have the same weights and keep them;
    - inputs that never vary, that are larger than 10 or all smaller than 0.01 in the root mean square, or that are not finite;
    - a loss at chance: that of the best answer that is the same for all samples, such as the mean of the targets or the frequencies of
      the classes. It is serious where training stands still, and a note where it has only to begin. Five times that loss is a warning;
    - a learning rate that is more than twice, or less than a hundredth, of the largest stable one. For gradient descent that is 2/λ,
      where λ is the largest eigenvalue of the Hessian, by power iteration; momentum, Adam and RMSprop have limits of their own. Around
      2/λ training often settles by itself, and steps from 4/λ on leave the valley. The rate of Adam and RMSprop is too low if it is
      less than 0.00001 of the root mean square of the parameters.

    If the loss is below half of that of guessing, the network has learned in spite of what is found: a finding is then less severe. The
    model is run in evaluation mode, on a copy, compiled for all samples where possible, otherwise eagerly for 200 of them, evenly spread.
    The curvature is that of 256 of them. Nothing of the model changes.

    Args:
        model: any module, called with one sample.
        X, y, loss: as for `fit`.
        optimizer: whose learning rate is judged. One that has made steps is judged by what it remembers of them.
        lr: the learning rate of gradient descent that is judged, in place of an optimizer.

    Returns:
        A `Diagnosis`: its `findings`, its `layers`, whether the network is `healthy`; `plot()` draws the layers.

    Raises:
        InputError: the data do not fit together, the model has no parameters or cannot be copied, both `optimizer` and `lr` are given, or
            the optimizer has the parameters of another model.
        AutogradError: what the model or the loss raises for a sample; a note names the sample.

    Source: on saturation and gradients by layer, Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010); on ReLUs that die where the rate is too high, Karpathy, "CS231n: Convolutional neural networks for visual
    recognition" (2016), and Lu, Shin, Su, Karniadakis, "Dying ReLU and initialization" (2020); on inputs and 2/λ, LeCun, Bottou, Orr,
    Müller, "Efficient BackProp" (1998); on what settles, Cohen, Kaur, Li, Kolter, Talwalkar, "Gradient descent on neural networks
    typically occurs at the edge of stability" (2021); on 4/λ, Lewkowycz, Bahri, Dyer, Sohl-Dickstein, Gur-Ari, "The large learning rate
    phase of deep learning: the catapult mechanism" (2020).

    Example:
        >>> from nn import MLP
        >>> from nn.initialisers import constant
        >>> model = MLP(2, [3, 2], "tanh", initialiser=constant(0.5))
        >>> diagnosis = diagnose(model, [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
        >>> print(diagnosis.of_kind("copies")[0].text)
        the neurons 0, 1, 2 have the same outputs and the same gradients for all samples, and stay the same: 3 neurons do the work of 1
    """
    samples = Samples(X, y)
    paired("diagnose", samples.X, samples.y)
    loss_function(loss)
    _check_model(model)
    chosen = _optimized(model, optimizer, lr)
    from autograd.compiled.api.surroundings import Surroundings

    # the loss may refer to the parameters of the model itself, and both to generators that are no part of the model
    own, surroundings = model.parameters(), Surroundings(model, loss)
    as_they_were = partial(set_gradients, own, gradients_of(own)), partial(surroundings.drawn_since, surroundings.states())
    with afterwards(as_they_were[0]), afterwards(as_they_were[1]), enable_grad():
        return _Examination(model, loss, samples, optimizer, lr, chosen).diagnosis()


def _check_model(model: Any) -> None:
    if not isinstance(model, Module):
        raise InputError(f"diagnose looks into a Module, whose layers are known, not {model!r}: derive your class from nn.Module")
    if not model.parameters():
        raise InputError(f"{model!r} has no parameters: there is nothing that could learn")


def _optimized(model: Module, optimizer: Any, lr: Any) -> list[int]:
    """Which of the model's parameters the optimizer has; without one, all."""
    own = {id(p): i for i, p in enumerate(model.parameters())}
    if optimizer is None:
        return list(own.values())
    if lr is not None:
        raise InputError(f"give optimizer or lr, not both: the optimizer has the learning rate {getattr(optimizer, 'lr', '?')!r}")
    if not isinstance(optimizer, Optimizer):
        raise InputError(f"optimizer must be an optimizer of the parameters, as in Adam(model.parameters(), lr=0.01), not {optimizer!r}")
    chosen = [own[id(p)] for p in optimizer.parameters if id(p) in own]
    if len(chosen) != len(optimizer.parameters):
        raise InputError("the optimizer has the parameters of another model: write optimizer=Adam(model.parameters()) with this one")
    return chosen


class _Examination:
    """One run of `diagnose`.

    Args:
        chosen: the indices of the parameters that the optimizer trains.
    """

    def __init__(
        self, model: Module, loss: Loss, samples: Samples, optimizer: Optimizer | None, lr: float | None, chosen: list[int]
    ) -> None:
        self._loss, self._samples, self._optimizer = loss, samples, optimizer
        self._lr = (None if lr is None else positive("lr", lr)) if optimizer is None else optimizer.lr
        self._watched = WatchedModel(model)
        self._runner = Runner(self._watched, loss, samples)
        self._chosen = chosen
        self._wrong = -1  # the first sample of which the loss is not finite

    def diagnosis(self) -> Diagnosis:
        """All of it."""
        from autograd.compiled.floating_errors import quietly

        chance, guess = self._guess()
        layers, loss, gradient = quietly(self._measure, chance)
        curvature, limit, gain = quietly(self._curve, gradient) if math.isfinite(loss) else (math.nan, None, math.nan)
        findings = [
            *loss_findings(loss, chance, guess, gain, self._wrong),
            *target_findings(self._samples.y),
            *self._rate(limit, gradient, loss < LEARNED * chance),
            *layer_findings(layers, loss < LEARNED * chance),
        ]
        inputs = inputs_of(self._samples.X, self._indices())
        findings += [] if inputs is None else input_findings(*inputs)
        rows = [_row(layer, gradient) for layer in layers]
        return Diagnosis(
            by_severity(findings),
            rows,
            loss,
            chance,
            guess,
            curvature,
            limit,
            self._lr,
            len(self._runner.order),
            len(self._samples),
            self._runner.reason,
        )

    def _guess(self) -> tuple[float, str]:
        (x,), _ = self._samples.lists([0])
        try:
            with no_grad():
                output = self._watched.model(x)
        except AutogradError as error:
            error.add_note("This was sample 0.")
            raise
        return guessed(self._loss, output, self._samples.y)

    def _measure(self, chance: float) -> tuple[list[LayerMeasures], float, Array]:
        """The layers, the mean loss, and its gradient."""
        import numpy as np

        table, losses, total = LayerTable(self._watched, self._runner.parameters, chance), [], np.zeros(len(self._runner.parameters))
        try:
            for part in self._runner.parts():
                table.add(part)
                losses += part.losses.tolist()
                total = total + part.gradient
        except Exception as error:  # whatever it is in compiled code, eager code decides
            if self._runner.reason:
                raise
            self._runner.give_up(error)
            return self._measure(chance)
        wrong = np.flatnonzero(~np.isfinite(losses))
        if len(wrong):
            self._wrong = self._runner.order[wrong[0]]
            self._runner.check(self._wrong)  # it may be outside of a domain
        return table.layers, float(np.mean(losses)), total / len(losses)

    def _curve(self, gradient: Array) -> tuple[float, Limit | None, float]:
        """The largest eigenvalue of the Hessian, the largest stable learning rate, and what the best step would gain."""
        import numpy as np

        n = len(self._samples)
        order = list(spread(n, CURVED_EAGERLY if self._runner.reason else CURVED))

        def product(v: Array) -> Array:
            full = np.zeros(len(self._runner.parameters))
            full[self._chosen] = v
            return self._runner.curvature_along(full, order)[self._chosen]

        curvature = largest_eigenvalue(product, len(self._chosen))
        if not curvature > 0.0 or not math.isfinite(curvature):
            return curvature, None, math.nan
        batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)] if self._optimizer is not None else []
        limit = limit_of(self._optimizer, product, [self._runner.gradient(batch)[self._chosen] for batch in batches], curvature)
        return curvature, limit, float(gradient[self._chosen] @ gradient[self._chosen]) / (2.0 * curvature)

    def _rate(self, limit: Limit | None, gradient: Array, has_learned: bool) -> Iterator[Finding]:
        """What there is to say about the learning rate."""
        import numpy as np

        if limit is None or self._lr is None:
            return
        step = np.zeros_like(gradient)
        step[self._chosen] = self._step(gradient[self._chosen])
        order = self._runner.order
        order = list(order[:: max(1, -(-len(order) // CURVED))])
        after, before = [self._runner.loss_after(one, order) for one in (step, 0.0 * step)]
        if isinstance(self._optimizer, (Adam, RMSprop)):
            size = math.sqrt(float(np.mean(np.square(numbers_of(self._optimizer.parameters)))))
            yield from small_step_findings(self._lr, size)
            yield from high_rate_findings(self._lr, limit, before, after, has_learned)
        else:
            yield from high_rate_findings(self._lr, limit, before, after, has_learned)
            yield from low_rate_findings(self._lr, limit, has_learned)

    def _step(self, gradient: Array) -> Array:
        """By how much a step changes the parameters that are trained."""
        import numpy as np

        if self._optimizer is None:
            return np.asarray(-(self._lr or 0.0) * gradient)
        numbers = np.array(numbers_of(self._optimizer.parameters))
        step: Array = copy.copy(self._optimizer).update(numbers, gradient) - numbers
        return step

    def _indices(self) -> set[int]:
        """The places of the numbers of a sample that an embedding takes as indices."""
        try:
            leaves, build = flatten(as_eager(self._samples.lists([0])[0][0]))
            inputs = [Value(number) for number in leaves]
            self._watched.begin()
            self._watched.model(build(inputs))
            return {i for i, x in enumerate(inputs) if id(x) in self._watched.indices}
        except (AutogradError, TypeError, ValueError):  # the model takes something else than numbers
            return set()
        finally:
            self._watched.end()


def _row(layer: LayerMeasures, gradient: Array) -> LayerRow:
    import numpy as np

    slope = float(np.abs(gradient[layer.parameters]).mean()) if layer.parameters else math.nan
    stuck = 0 if layer.activation is None else len(layer.stuck)
    return LayerRow(layer.name, layer.description, layer.neurons, layer.mean, layer.spread, layer.gradient, slope, layer.flat, stuck)
