"""Compiled engines that are kept from one call of `fit`, `predict` or `evaluate` to the next, as long as their model lives."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass

from autograd.value import Value
from nn.engine.compiled_engine import CompiledEngine
from nn.engine.interface import Engine, Evaluation
from nn.engine.samples import Samples
from nn.losses import Loss, Penalty
from nn.module import Module

NODES, MOST = 2_000_000, 64
"""How many recorded nodes are kept at most for `fit`, and for how many models. What was used last is kept in any case."""


@dataclass
class _Kept:
    model: weakref.ref[Module]
    engine: CompiledEngine


class KeptEngines:
    """Engines by their models. It keeps no model alive, and an engine goes with its model.

    An engine is taken out while it is used, so that no other thread uses it too.

    Args:
        nodes, most: how many recorded nodes and engines are kept; the engine that was kept last is kept in any case.
    """

    def __init__(self, nodes: float, most: float) -> None:
        self._nodes, self._most = nodes, most
        self._kept: dict[int, _Kept] = {}  # by the `id` of the model

    def take(self, model: Module) -> CompiledEngine | None:
        """The engine of a model; None if there is none. It is no longer kept then."""
        kept = self._kept.pop(id(model), None)
        return kept.engine if kept is not None and kept.model() is model else None

    def keep(self, model: Module, engine: CompiledEngine) -> None:
        """Keep an engine, which was detached from its model."""
        own, engines = id(model), self._kept
        engines.pop(own, None)  # so that it comes last
        engines[own] = _Kept(weakref.ref(model, lambda _: engines.pop(own, None)), engine)
        nodes = 0
        for count, (key, kept) in enumerate(reversed(list(engines.items()))):
            nodes += kept.engine.nodes
            if count and (nodes > self._nodes or count >= self._most):
                engines.pop(key, None)

    @property
    def models(self) -> set[int]:
        """The `id` of each model for which an engine is kept."""
        return set(self._kept)


EVALUATED, TRAINED = KeptEngines(math.inf, math.inf), KeptEngines(NODES, MOST)
"""The engines of `predict` and `evaluate`, and those of `fit`."""


def evaluate_compiled(model: Module, loss: Loss, samples: Samples) -> Evaluation:
    """The losses and outputs of all samples, in evaluation mode, from compiled code.

    What was recorded at the last call with this model is used again, if recording it now would give the same. Where a fingerprint does not
    tell, that is tried on the first sample.

    Raises:
        AutogradError: what the model or the loss raises; a note names the sample.

    Example:
        >>> from nn import Linear, mse
        >>> model = Linear(1, 1, initialiser=lambda fan_in, fan_out, rng: 2.0)
        >>> evaluate_compiled(model, mse, Samples([[1.0], [3.0]], [[1.0], [5.0]]))
        Evaluation(losses=[1.0, 1.0], outputs=[[2.0], [6.0]])
        >>> id(model) in EVALUATED.models
        True
    """
    engine = EVALUATED.take(model)
    if engine is None:
        engine = CompiledEngine(model, loss, [])
    elif not engine.attach(model, loss, []):
        with engine.mode(training=False):
            engine.refresh(samples)
    result = engine.evaluate(samples)
    if engine.detach():
        EVALUATED.keep(model, engine)
    return result


def engine_to_train(model: Module, loss: Loss, parameters: list[Value], penalty: Penalty | None, executor: str) -> CompiledEngine:
    """An engine with what the last `fit` of this model recorded, if recording it now would give the same; else a new one.

    Args:
        model, loss, parameters, penalty, executor: as for `CompiledEngine`.
    """
    engine = TRAINED.take(model)
    if engine is not None and engine.executor == executor and engine.attach(model, loss, parameters, penalty):
        return engine
    return CompiledEngine(model, loss, parameters, penalty, executor)


def keep_trained(engine: Engine) -> None:
    """Keep an engine that was used by `fit` for the next one, if it can be known then whether its records are up to date."""
    if isinstance(engine, CompiledEngine):
        model = engine.model
        if engine.has_one_state and engine.detach():
            TRAINED.keep(model, engine)
