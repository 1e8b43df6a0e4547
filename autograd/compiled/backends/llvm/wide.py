"""Operations of very many inputs: those of groups of them, and then of the groups.

A kernel is written out for all inputs of an operation, so it would grow with them. The logarithm of a sum of exponentials is that of the
same of groups, and the largest number is that of the largest of groups.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiled.ir import Instruction, Map, Operand
from autograd.formulas import largest
from autograd.namespaces import Number
from autograd.ops import LOGSUMEXP, PEAK, Operation, Rule

MOST_IN_GROUP = 64
"""An operation is written out for all of its inputs, up to so many."""


_slopes = LOGSUMEXP.derivatives[0]


def _with_groups(xp: Any, y: Number, *a: Number) -> list[Number]:
    """The slopes where inputs are groups: 1 for an infinite one, in which only the infinite input itself has no slope."""
    return [xp.where(xp.equal(x, xp.inf), 1.0, slope) for x, slope in zip(a, _slopes(xp, y, *a), strict=True)]


def _within(slopes: Rule) -> Rule:
    """The slopes within a group: one of which all inputs are -∞ has no part in the whole."""
    return lambda xp, y, *a: [xp.where(xp.equal(y, -xp.inf), 0.0, slope) for slope in slopes(xp, y, *a)]


def _logsumexp(slopes: Rule) -> Operation:
    return Operation("logsumexp", LOGSUMEXP.symbol, LOGSUMEXP.value, (slopes,), None)


_OF_GROUPS, _OF_GROUPS_WITHIN, _OF_INPUTS_WITHIN = map(_logsumexp, (_with_groups, _within(_with_groups), _within(_slopes)))
_LARGEST = Operation("max", "max", lambda xp, *a: largest(xp, a), PEAK.derivatives, None, selects=True)

GROUPED = {
    LOGSUMEXP: (_OF_GROUPS, _OF_INPUTS_WITHIN),
    _OF_GROUPS: (_OF_GROUPS, _OF_GROUPS_WITHIN),
    PEAK: (PEAK, _LARGEST),
}
"""For each operation that can be grouped, that of the groups, and that of the inputs of a group."""


def needs_groups(one: Instruction) -> bool:
    """Whether an instruction has too many inputs."""
    return one.stacked and one.operation in GROUPED and one.operands[0].shape[-1] > MOST_IN_GROUP


def grouped(one: Instruction, start: int) -> list[Map]:
    """The instructions of the groups, and last that of the whole.

    Args:
        one: an instruction with too many inputs.
        start: the first of as many places for each output as there are groups; `groups_of` says how many.
    """
    whole, of_group = GROUPED[one.operation]
    operand = one.operands[0]
    table = operand.all_places().reshape(one.size, -1)
    count = groups_of(one)
    result = []
    for k, places in enumerate(np.array_split(table, count, axis=1)):
        inputs = _listed(places, operand)
        result.append(Map(of_group, (one.size,), start + k * one.size, (inputs,), one.batched, one.mask, False))
    outputs = start + np.arange(count) * one.size + np.arange(one.size)[:, None]
    inputs = replace(_listed(outputs, operand), batched=one.batched)
    return [*result, Map(whole, (one.size,), one.start, (inputs,), one.batched, one.mask, one.checked, one.error_mask)]


def groups_of(one: Instruction) -> int:
    """Into how many groups the inputs are cut."""
    return -(-one.operands[0].shape[-1] // MOST_IN_GROUP)


def _listed(places: npt.NDArray[np.intp], like: Operand) -> Operand:
    return Operand(places.shape, 0, (), places, False, like.constant, like.batched)
