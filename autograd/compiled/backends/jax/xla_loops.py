"""Loops: `jax.lax.scan` for what rounds carry, and vectors along the rounds for the rest.

A scan computes the carried numbers, and decisions. All other numbers, the slopes and the domains follow from these for all rounds at once.
So the scan of the tangents is linear, and its coefficients are known before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.jax.xla_namespace import Array, jax_package, namespace
from autograd.compiled.backends.jax.xla_numbers import Numbers
from autograd.compiled.loop_body import BEFORE, REPEATED, SAME, LoopBody, Member, Source
from autograd.ops import outside, product

Rounds = npt.NDArray[np.bool_]
"""In which rounds something holds."""

Compute = Callable[[list[Array], list[Array]], Sequence[Array | None]]
"""Computes the members of one round, from the carried numbers and from the other ones that the round reads. None is 0."""


def run_loop(loop: LoopBody, numbers: Numbers) -> None:
    """Compute all rounds. Appends the outputs of each member to `numbers`."""
    members, xp = loop.members, namespace()
    # a decision is that of the round: computed again, with other roundings, it could be another one
    kept = sorted({c.member for c in loop.carried} | {m for m, member in enumerate(members) if member.operation.selects})

    def compute(before: list[Array], others: list[Array]) -> list[Array]:
        outputs: list[Array] = []
        for member in members:
            inputs = [(outputs if where == SAME else before if where == BEFORE else others)[k] for where, k in member.inputs]
            outputs.append(member.operation.value(xp, *inputs))
        return outputs

    others = [_from_outside(loop, numbers, k) for k in range(len(loop.outside))]
    _scan(
        loop, kept, range(len(loop.carried)), numbers, [_first_numbers(loop, numbers, c) for c in range(len(loop.carried))], others, compute
    )
    for m, member in enumerate(members):
        if m not in kept:
            _append(loop, numbers, m, member.operation.value(xp, *_inputs(loop, numbers, member)))


def push_loop(loop: LoopBody, numbers: Numbers, moved: Numbers) -> None:
    """Compute the tangents of all rounds. Appends them to `moved`, of whose other numbers they are linear."""
    jnp = jax_package().numpy
    terms = _terms(loop, numbers, _Moving(loop, moved))
    within = [[term for term in own if term.source.where in (SAME, BEFORE)] for own in terms]
    carried = sorted({term.source.which for own in within for term in own if term.source.where == BEFORE})
    kept = sorted({loop.carried[c].member for c in carried})
    added = [
        _sum(loop, m, [(term.slope, _read(loop, moved, term.source)) for term in own if term.source.where not in (SAME, BEFORE)])
        for m, own in enumerate(terms)
    ]
    # what comes from outside reaches the carried numbers of all rounds at once, so that the transposed scan has few outputs
    reached = _pass_on(loop, within, {}, added)
    linear = {m: jnp.broadcast_to(reached[m], _shape(loop, moved)) for m in kept if reached[m] is not None}
    slopes = [term.slope for own in within for term in own]

    def compute(before: list[Array], others: list[Array]) -> list[Array | None]:
        by_round = iter(others[len(linear) :])
        now = [[term._replace(slope=next(by_round)) for term in own] for own in within]
        outputs = _pass_on(loop, now, dict(zip(carried, before, strict=True)), [None] * len(now))
        parts = dict(zip(linear, others, strict=False))
        return [_plus(own, parts.get(m)) for m, own in enumerate(outputs)]

    first = [_first_numbers(loop, moved, c) for c in carried]
    # the transpose of a scan requires that what is linear comes first
    _scan(loop, kept, carried, moved, first, [*linear.values(), *slopes], compute)
    for m, tangent in enumerate(_pass_on(loop, within, {c: _read(loop, moved, Source(BEFORE, c)) for c in carried}, added)):
        if m in kept:
            continue
        if tangent is None:
            moved.put_zeros(loop.batched, loop.members[m].start, loop.rounds)
        else:
            _append(loop, moved, m, tangent)


def outside_of_loop(loop: LoopBody, numbers: Numbers) -> Array:
    """Whether an operation left its domain where this is an error: for each sample, or once for all of them."""
    jnp = jax_package().numpy
    anywhere: Array = jnp.zeros(_shape(loop, numbers)[1:], dtype=bool)
    for member in loop.members:
        if member.checked:
            bad = outside(member.operation, namespace(), *_inputs(loop, numbers, member))
            anywhere |= jnp.broadcast_to(bad, _shape(loop, numbers)).any(axis=0)
    return anywhere


def _scan(
    loop: LoopBody,
    kept: Sequence[int],
    carried: Collection[int],
    numbers: Numbers,
    first: list[list[Array]],
    others: Sequence[Any],
    compute: Compute,
) -> None:
    """Go through the rounds. Appends the outputs of the members `kept`.

    Args:
        loop: the loop.
        kept: the members that are appended, among them those that are carried.
        carried: which carried numbers are read.
        numbers: receives the outputs.
        first: of each of these, the numbers that the first rounds read.
        others: what else a round reads: numbers, or arrays whose first axis has the length 1 or is that of the rounds.
        compute: computes the members of a round.
    """
    if not kept:
        return
    jax = jax_package()
    jnp, shape, dtype = jax.numpy, _shape(loop, numbers)[1:], numbers.dtype
    varying = [x for x in others if _varies(x)]
    constant = [x if jnp.ndim(x) == 0 else x[0] for x in others if not _varies(x)]
    read = [loop.carried[c].member for c in carried]

    def step(history: list[list[Array]], row: list[Array]) -> tuple[list[list[Array]], Array]:
        by_round, same = iter(row), iter(constant)
        outputs = compute([own[0] for own in history], [next(by_round) if _varies(x) else next(same) for x in others])
        new = {m: jnp.broadcast_to(0.0 if outputs[m] is None else outputs[m], shape).astype(dtype) for m in kept}
        return [[*own[1:], new[m]] for own, m in zip(history, read, strict=True)], jnp.stack([new[m] for m in kept])

    start = [[jnp.broadcast_to(x, shape).astype(dtype) for x in own] for own in first]
    _, outputs = jax.lax.scan(step, start, varying, length=loop.rounds)
    for i, m in enumerate(kept):
        _append(loop, numbers, m, outputs[:, i])


def _varies(x: Any) -> bool:
    """Whether it differs from round to round."""
    return bool(jax_package().numpy.ndim(x)) and len(x) > 1


# -- numbers of all rounds ------------------------------------------------------------------------------------------------


def _shape(loop: LoopBody, numbers: Numbers) -> tuple[int, ...]:
    """The shape of the outputs of a member."""
    return (loop.rounds, numbers.samples)[: 1 + loop.batched]


def _append(loop: LoopBody, numbers: Numbers, m: int, array: Array) -> None:
    numbers.put(loop.batched, loop.members[m].start, jax_package().numpy.broadcast_to(array, _shape(loop, numbers)).astype(numbers.dtype))


def _aligned(loop: LoopBody, batched: bool, array: Array | None) -> Array | None:
    """Numbers of places along the first axis, with an axis for the samples if the loop has one."""
    return array[:, None] if array is not None and loop.batched and not batched else array


def _from_outside(loop: LoopBody, numbers: Numbers, k: int) -> Array | None:
    own = loop.outside[k]
    return _aligned(loop, own.batched, numbers.at(own.batched, own.places[:1] if own.how == REPEATED else own.places))


def _first_numbers(loop: LoopBody, numbers: Numbers, c: int) -> list[Array]:
    """The numbers that the first rounds read in place of a carried one; 0.0 for symbolic zeros."""
    own = loop.carried[c]
    found = [numbers.at(batched, np.array([place])) for place, batched in zip(own.first, own.batched, strict=True)]
    return [0.0 if x is None else x[0] for x in found]


def _output(loop: LoopBody, numbers: Numbers, m: int, rounds: int) -> Array | None:
    """The outputs of a member in the first rounds."""
    return numbers.at(loop.batched, loop.members[m].start + np.arange(rounds))


def _read(loop: LoopBody, numbers: Numbers, source: Source) -> Array | None:
    """What all rounds read: the first axis has the length 1 if it is the same for all of them. None for symbolic zeros."""
    jnp = jax_package().numpy
    where, k = source
    if where == SAME:
        return _output(loop, numbers, k, loop.rounds)
    if where != BEFORE:
        return _from_outside(loop, numbers, k)
    own = loop.carried[k]
    later = _output(loop, numbers, own.member, loop.rounds - own.back)
    like = _shape(loop, numbers)[1:]
    first = jnp.stack([jnp.broadcast_to(x, like).astype(numbers.dtype) for x in _first_numbers(loop, numbers, k)])
    return jnp.concatenate([first, jnp.zeros((loop.rounds - own.back, *like), numbers.dtype) if later is None else later])


def _inputs(loop: LoopBody, numbers: Numbers, member: Member) -> list[Any]:
    return [_read(loop, numbers, source) for source in member.inputs]


# -- tangents -------------------------------------------------------------------------------------------------------------


class _Term(NamedTuple):
    """An input of a member that has a tangent, and the slope with respect to it: a number, or one for each round."""

    source: Source
    slope: Any


def _terms(loop: LoopBody, numbers: Numbers, moving: _Moving) -> list[list[_Term]]:
    """The terms of each member. A slope is 0 in rounds in which the input has no tangent."""
    jnp = jax_package().numpy
    result: list[list[_Term]] = []
    for m, member in enumerate(loop.members):
        rounds = [moving.of(source) & (not constant) for source, constant in zip(member.inputs, member.constant, strict=True)]
        if not np.any(rounds):
            result.append([])
            continue
        stands = [not own.any() for own in rounds]
        y = _output(loop, numbers, m, loop.rounds)
        slopes = member.operation.slopes_except(stands, namespace(), y, *_inputs(loop, numbers, member))
        terms = []
        for source, slope, own in zip(member.inputs, slopes, rounds, strict=True):
            if slope is None:
                continue
            everywhere = bool(own.all())
            terms.append(_Term(source, slope if everywhere else jnp.where(own[:, None] if loop.batched else own, slope, 0.0)))
        result.append(terms)
    return result


def _pass_on(loop: LoopBody, within: list[list[_Term]], before: dict[int, Any], added: Sequence[Array | None]) -> list[Array | None]:
    """The tangents of the members, of one round or of all of them; None for 0.

    Args:
        loop: the loop.
        within: the terms of each member that are carried numbers, or numbers of the same round.
        before: the tangents of carried numbers, 0 for others.
        added: for each member a part of its tangent.
    """
    outputs: list[Array | None] = []
    for m, own in enumerate(within):
        parts = [(slope, outputs[k] if where == SAME else before.get(k)) for (where, k), slope in own]
        outputs.append(_plus(_sum(loop, m, parts), added[m]))
    return outputs


def _sum(loop: LoopBody, m: int, parts: Sequence[tuple[Any, Array | None]]) -> Array | None:
    """The sum of the products of slopes and tangents of the inputs of a member; None for 0."""
    total = None
    for slope, tangent in parts:
        if tangent is not None:
            total = _plus(total, product(loop.members[m].operation, namespace(), slope, tangent))
    return total


def _plus(a: Array | None, b: Array | None) -> Array | None:
    return a if b is None else b if a is None else a + b


class _Moving:
    """In which rounds there are tangents. Elsewhere a slope of inf would make nan of a tangent of 0.

    Args:
        loop: the loop.
        moved: the tangents of what it reads.
    """

    def __init__(self, loop: LoopBody, moved: Numbers) -> None:
        self.loop = loop
        self.outside = np.array([moved.is_moving(own.batched, own.places) for own in loop.outside]).reshape(-1, loop.rounds)
        self.first = [
            [
                not constant and bool(moved.is_moving(batched, np.array([place]))[0])
                for place, batched, constant in zip(own.first, own.batched, own.constant, strict=True)
            ]
            for own in loop.carried
        ]
        outputs: list[list[bool]] = []
        known: dict[Any, list[bool]] = {}
        for r in range(loop.rounds):
            before = [outputs[r - own.back][own.member] if r >= own.back else self.first[c][r] for c, own in enumerate(loop.carried)]
            key = *before, self.outside[:, r].tobytes()
            if key not in known:
                known[key] = self._round(before, self.outside[:, r].tolist())
            outputs.append(known[key])
        self.outputs = np.array(outputs)

    def _round(self, before: list[bool], others: list[bool]) -> list[bool]:
        outputs: list[bool] = []
        for member in self.loop.members:
            read = [(outputs if where == SAME else before if where == BEFORE else others)[k] for where, k in member.inputs]
            outputs.append(any(own and not constant for own, constant in zip(read, member.constant, strict=True)))
        return outputs

    def of(self, source: Source) -> Rounds:
        """The rounds in which an input has a tangent."""
        where, k = source
        if where == BEFORE:
            own = self.loop.carried[k]
            return np.concatenate([self.first[k], self.outputs[: self.loop.rounds - own.back, own.member]])
        result: Rounds = self.outputs[:, k] if where == SAME else self.outside[k]
        return result
