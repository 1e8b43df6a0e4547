"""The functions of `functions`, exported as C: each sample of each call, by a shared library that a C compiler makes of them."""

from __future__ import annotations

import random
import tempfile
import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from c_compiler import compiled, differentiated

import autograd
from autograd.errors import CompileError
from fuzzers.function_calls import (
    Call,
    Checked,
    DisagreementError,
    Expected,
    arguments_of,
    called,
    capture,
    executed,
    far,
    package_names,
)

ONE_SIDE = "was only recorded for arguments for which"
"""What a message says if one side of an `if` was not recorded: often it is a side that no argument reaches."""

MORE = 20
"""How many more calls record the branches of a function."""


def disagreement_in_c(checked: Checked, counts: Counter[str], noise: int) -> tuple[int, DisagreementError] | None:
    """The first call for which the exported function is not what it must be, and how; None, mostly."""
    sources: dict[int, str] = {}
    for k, call in enumerate(checked.case.calls):
        try:
            source = exported(checked, call, f"fuzzed{k}", counts)
        except DisagreementError as disagreement:
            return k, disagreement
        if source:
            sources[k] = source
    if not sources:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            library = compiled("\n".join(sources.values()), "-O0", folder=Path(folder))
        except AssertionError as error:
            return 0, DisagreementError("does not compile", str(error))
        for k in sources:
            for s in range(checked.case.calls[k].size):
                try:
                    _compare(checked, checked.case.calls[k], s, library, f"fuzzed{k}", counts, noise)
                except DisagreementError as disagreement:
                    return k, disagreement
    return None


def exported(checked: Checked, call: Call, name: str, counts: Counter[str]) -> str:
    """The function for arguments of the form of a call; empty if it cannot be recorded or exported.

    Raises:
        DisagreementError: it is refused for no good reason.
    """
    names = executed(checked.function, package_names())
    capture(names, call)
    f = autograd.compile(names["made"], in_axes=checked.function.in_axes, executor="numpy")
    rng = random.Random(sum(map(sum, call.rows)))
    sizes = [len(checked.function.arguments[i].rows) for i in call.passed]
    others = [
        replace(call, rows=tuple([tuple([rng.randrange(n) for _ in own]) for own, n in zip(call.rows, sizes, strict=True)]))
        for _ in range(MORE)
    ]
    for other in [*others, call]:  # each may take branches that the others do not take
        args, kwargs = arguments_of(checked.function, other, names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                f.record(*args, **kwargs)
                called(f, replace(other, method="call"), args, kwargs, checked, names)
            except Exception:  # of numbers outside of a domain; other errors are found by other executors
                counts["calls with errors, c"] += 1
    if not f.specialisations:
        return ""
    try:
        return autograd.to_c(f, name=name, checked=is_checked(call))
    except CompileError as error:
        if ONE_SIDE not in str(error):
            raise DisagreementError("raises CompileError", str(error)) from error
        counts["refused, c: one side of an if"] += 1
        return ""


def is_checked(call: Call) -> bool:
    """Whether the results are to be nan outside of domains: of every other call."""
    return sum(map(len, call.rows)) % 2 == 0


def _compare(checked: Checked, call: Call, s: int, library: Any, name: str, counts: Counter[str], noise: int) -> None:
    """
    Raises:
        DisagreementError: the values or the gradient of the first one are not those of the reference at a sample of the call.
    """
    must_be_nan = is_checked(call)
    call = replace(call, method="value_and_grad", wrt=None, reduce=None)
    sample = checked.sample(call, s)
    numbers = checked.numbers(call, s)
    values, jacobian = differentiated(library, name, numbers, len(sample.values))
    counts["samples, c"] += not sample.may_warn
    counts["samples outside, c"] += sample.may_warn
    if must_be_nan and sample.is_outside and not np.isnan(values).all():
        raise DisagreementError("finite outside", f"at {numbers}: {values}")

    def want(rng: random.Random | None = None) -> Expected:
        one = checked.sample(call, s, rng)
        results = [np.array([one.values]), np.array([one.gradients])]
        scales = [np.full_like(results[0], one.scales[0]), np.full_like(results[1], one.scales[1] + 1e-3 * one.scales[0])]
        return Expected(results, scales, [np.full(result.shape, one.may_warn) for result in results])

    wrong = far([values[None], jacobian[:1]], want(), lambda: [want(random.Random(i)) for i in range(noise)])
    if wrong is not None and not (must_be_nan and _may_be_outside(checked, call, s, noise)):
        raise DisagreementError("gradient" if wrong[0] else "value", f"at {numbers}: {wrong[1]}")


def _may_be_outside(checked: Checked, call: Call, s: int, noise: int) -> bool:
    """Whether rounding decides whether a sample is outside."""
    return any(checked.sample(call, s, random.Random(i)).may_warn for i in range(noise))
