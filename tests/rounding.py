"""What rounding can do to a program: the reference backend with errors of some units in the last place at every node."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from autograd.compiled.backends.numpy import kinds, reference
from autograd.compiled.ir import Dot, Instruction, Matmul, Sum

EPSILON = 2.0**-52

Numbers = np.ndarray[Any, Any]


def noisy_reference(patch: pytest.MonkeyPatch, rng: np.random.Generator, ulps: float = 4.0) -> None:
    """Make every output of an instruction, and every part of a gradient, so many units in the last place wrong, at random.

    Those of sums are measured by the sum of the sizes of their terms.
    """

    def noise(shape: tuple[int, ...]) -> Numbers:
        return rng.uniform(-ulps * EPSILON, ulps * EPSILON, shape)

    def rule_of(kind: type[Instruction], rule: kinds.KindRule) -> kinds.KindRule:
        def value(instruction: Instruction, inputs: list[Numbers], out: Numbers) -> None:
            rule.value(instruction, inputs, out)
            size = np.abs(out)
            if issubclass(kind, (Sum, Dot, Matmul)):
                size = np.empty_like(out)
                rule.value(instruction, [np.abs(x) for x in inputs], size)
            out += np.where(np.isfinite(size), size, 0.0) * noise(out.shape)

        def parts(instruction: Instruction, y: Numbers, inputs: list[Numbers], gradient: Numbers) -> list[Any]:
            own = rule.parts(instruction, y, inputs, gradient)
            return [None if part is None else np.asarray(part) * (1.0 + noise(np.shape(part))) for part in own]

        return replace(rule, value=value, parts=parts)

    for kind, rule in list(kinds.RULES.items()):
        patch.setitem(kinds.RULES, kind, rule_of(kind, rule))
    patch.setattr(reference, "_scalars", lambda block, data: reference._run(block.single, data))
    patch.setattr(reference, "_pull_scalars", lambda block, data, grads: reference._pull(block.single, data, grads))


def explained(actual: Numbers, expected: Numbers, again: Callable[[], Numbers], runs: int = 12) -> bool:
    """Whether numbers differ by no more than what rounding does to the expected ones, which `again` computes with errors at every node."""
    if np.array_equal(actual, expected, equal_nan=True):
        return True
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        noisy_reference(patch, np.random.default_rng(0))
        spread = np.max([np.abs(again() - expected) for _ in range(runs)], axis=0)
    close = np.abs(actual - expected) <= 2.0 * spread + 4.0 * np.spacing(np.abs(expected))
    return bool((close | (actual == expected) | (np.isnan(actual) & np.isnan(expected))).all())
