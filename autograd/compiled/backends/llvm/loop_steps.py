"""The steps of loops."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.compiled.backends.llvm.elementwise import is_cheap
from autograd.compiled.backends.llvm.fusion import Read
from autograd.compiled.backends.llvm.loop_kernels import Before, Body, Member, loop_backward, loop_forward
from autograd.compiled.backends.llvm.row_kernels import REPEATED, Access
from autograd.compiled.backends.llvm.step import Step
from autograd.compiled.ir import Code, Loop, Scalars
from autograd.compiled.loop_body import LISTED, LoopBody, body_of

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
        if isinstance(one, Scalars):
            for kind in (0, 1):
                np.add.at(counts[kind], one.inputs[one.input_batched == kind], 1)
            continue
        for operand in (*one.operands, one.mask, one.error_mask):
            if operand is not None:
                np.add.at(counts[operand.batched], operand.all_places(), 1)
    return counts


def loop_steps(loop: Loop, reads: Reads) -> LoopSteps | None:
    """The steps of a loop; None if it is too long or irregular, so that its scalars are computed otherwise.

    Args:
        loop: the loop.
        reads: how often all places are read.
    """
    body = body_of(loop) if len(loop.inputs) <= MOST_TERMS * loop.rounds else None
    if body is None:
        return None
    own = np.bincount(loop.inputs[loop.input_batched == body.batched], minlength=len(reads[body.batched]))
    outputs = loop.outputs.reshape(loop.rounds, -1)
    elsewhere: npt.NDArray[np.bool_] = np.any((reads[body.batched] - own)[outputs], axis=0)
    carried = {before.member for before in body.carried}
    members = tuple(
        [
            Member(
                member.operation,
                member.inputs,
                member.constant,
                member.checked,
                m in carried
                or bool(elsewhere[m])
                or not (member.operation.arity is None or is_cheap(member.operation, len(member.inputs))),
                bool(elsewhere[m]),
            )
            for m, member in enumerate(body.members)
        ]
    )
    key = (_shape_of(body, members),)
    places: list[Any] = []
    for outside in body.outside:
        places += [outside.places, 0] if outside.how == LISTED else [int(outside.places[0]), outside.step]
    arguments = [body.rounds, *[m.start for m in body.members], *[place for before in body.carried for place in before.first], *places]
    backward = [] if loop.input_constant.all() else [Step(loop_backward, key, arguments)]
    stored = outputs[:, [member.stored for member in members]].ravel()
    return LoopSteps([Step(loop_forward, key, arguments)], backward, _reads(body), stored)


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
    reads = [Read(outside.places.astype(np.int64), outside.batched, outside.constant) for outside in body.outside]
    for before in body.carried:
        first = zip(before.first, before.batched, before.constant, strict=True)
        reads += [Read(np.array([place]), batched, constant) for place, batched, constant in first]
    return reads
