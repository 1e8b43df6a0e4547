"""The steps of loops."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.elementwise import is_cheap
from autograd.compiled.backends.llvm.fusion import Read
from autograd.compiled.backends.llvm.long_loop_kernels import LongBody, long_backward, long_forward
from autograd.compiled.backends.llvm.loop_kernels import Before, Body, Member, loop_backward, loop_forward
from autograd.compiled.backends.llvm.row_kernels import REPEATED, Access
from autograd.compiled.backends.llvm.step import Step
from autograd.compiled.ir import Code, LongLoop, Loop, Scalars
from autograd.compiled.loop_body import LISTED, LoopBody
from autograd.compiled.rounds_of import body_of

MOST_TERMS = 400
"""A body is written out if it has no more inputs."""

Reads = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


class LoopSteps(NamedTuple):
    """A loop as steps.

    Attributes:
        forward, backward: the steps; there is none backward through a loop of constants.
        reads: what is read from outside.
        stored: the places of the outputs that are stored.
    """

    forward: list[Step]
    backward: list[Step]
    reads: list[Read]
    stored: npt.NDArray[np.intp]


def reads_of(code: Code) -> Reads:
    """How often each shared and each batched place is read, also from outside of the program."""
    counts = np.zeros(code.shared, dtype=np.intp), np.zeros(code.batched, dtype=np.intp)
    for kind, places in enumerate(code.results):
        np.add.at(counts[kind], places, 1)
    for one in code.instructions:
        if isinstance(one, LongLoop):
            for outside in one.body.outside:
                counts[outside.batched][outside.places[:1] if outside.how == REPEATED else outside.places] += 1
            for before in one.body.carried:
                for place, batched in zip(before.first, before.batched, strict=True):
                    counts[batched][place] += 1
            continue
        if isinstance(one, Scalars):
            for kind in (0, 1):
                np.add.at(counts[kind], one.inputs[one.input_batched == kind], 1)
            continue
        for operand in (*one.operands, one.mask, one.error_mask):
            if operand is not None:
                np.add.at(counts[operand.batched], operand.all_places(), 1)
    return counts


def loop_steps(loop: Loop | LongLoop, reads: Reads) -> LoopSteps | None:
    """The steps of a loop; None if it is too long or irregular, so that its scalars are computed otherwise.

    Args:
        loop: the loop.
        reads: how often all places are read.
    """
    if isinstance(loop, LongLoop):
        return _long_steps(loop, reads[loop.batched])
    body = body_of(loop) if len(loop.inputs) <= MOST_TERMS * loop.rounds else None
    if body is None:
        return None
    counts = reads[body.batched]
    counts = counts - np.bincount(loop.inputs[loop.input_batched == body.batched], minlength=len(counts))
    elsewhere = [member.start >= 0 and bool(counts[member.start : member.start + body.rounds].any()) for member in body.members]
    carried = {before.member for before in body.carried}

    def is_stored(m: int) -> bool:
        operation, inputs = body.members[m].operation, body.members[m].inputs
        return m in carried or elsewhere[m] or not (operation.arity is None or is_cheap(operation, len(inputs)))

    members = tuple(
        [
            Member(member.operation, member.inputs, member.constant, member.checked, is_stored(m), elsewhere[m])
            for m, member in enumerate(body.members)
        ]
    )
    key, arguments = (_shape_of(body, members),), _arguments(body)
    backward = [] if body.constant else [Step(loop_backward, key, arguments)]
    own = [body.members[m].start + np.arange(body.rounds) for m, member in enumerate(members) if member.stored]
    stored = np.stack(own, axis=1).ravel() if own else np.zeros(0, dtype=np.intp)
    return LoopSteps([Step(loop_forward, key, arguments)], backward, _reads(body), stored)


def _long_steps(loop: LongLoop, counts: npt.NDArray[np.intp]) -> LoopSteps:
    """The steps of a loop that is not written out; `counts` says how often the places of its kind are read."""
    body = loop.body
    is_read = [member.start >= 0 and bool(counts[member.start : member.start + body.rounds].any()) for member in body.members]
    members = tuple(
        [
            Member(own.operation, own.inputs, own.constant, own.checked, own.start >= 0, receives)
            for own, receives in zip(body.members, is_read, strict=True)
        ]
    )
    shape = _shape_of(body, members)
    finals = tuple([bool(counts[start + loop.segments - 1]) for start in loop.checkpoints])
    key = (LongBody(shape.batched, shape.members, shape.carried, shape.operands, finals),)
    places = [place for pair in zip(loop.checkpoints, loop.within, strict=True) for place in pair]
    arguments = [*_arguments(body), loop.every, loop.segments, *places]
    backward = [] if body.constant else [Step(long_backward, key, arguments)]
    return LoopSteps([Step(long_forward, key, arguments)], backward, _reads(body), loop.stored)


def _arguments(body: LoopBody) -> list[Any]:
    """The arguments of the kernel of a loop."""
    places: list[Any] = []
    for outside in body.outside:
        places += [outside.places, 0] if outside.how == LISTED else [int(outside.places[0]), outside.step]
    return [body.rounds, *[m.start for m in body.members], *[place for before in body.carried for place in before.first], *places]


def _shape_of(body: LoopBody, members: tuple[Member, ...]) -> Body:
    """What the kernel of a loop depends on."""
    carried = []
    for before in body.carried:
        first = zip(before.batched, before.constant, strict=True)
        carried.append(Before(before.member, before.back, tuple([Access(batched, REPEATED, constant) for batched, constant in first])))
    operands = tuple([Access(outside.batched, outside.how, outside.constant) for outside in body.outside])
    return Body(body.batched, members, tuple(carried), operands)


def _reads(body: LoopBody) -> list[Read]:
    """What a loop reads of other instructions."""
    own = [outside.places[:1] if outside.how == REPEATED else outside.places for outside in body.outside]
    reads = [Read(places.astype(np.int64), outside.batched, outside.constant) for places, outside in zip(own, body.outside, strict=True)]
    for before in body.carried:
        first = zip(before.first, before.batched, before.constant, strict=True)
        reads += [Read(np.array([place]), batched, constant) for place, batched, constant in first]
    return reads
