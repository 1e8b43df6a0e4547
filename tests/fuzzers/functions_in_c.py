"""The functions of `functions`, exported as C: each sample of each call, by a shared library that a C compiler makes of it."""

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

NOT_EXPORTED = {
    "was only recorded for arguments for which": "one side of an if",
    "draws random numbers": "random numbers",
    "an argument has parameters that another": "a module twice",
}
"""What may be refused, by parts of messages, and what to call it in the counts."""


def check_in_c(checked: Checked, call: Call, counts: Counter[str], noise: int) -> None:
    """Compare the exported function with the reference at each sample of a call.

    Raises:
        DisagreementError: something is not as it must be.
    """
    names = executed(checked.function, package_names())
    f = autograd.compile(names["made"], in_axes=checked.function.in_axes, executor="numpy")
    rng = random.Random(sum(map(sum, call.rows)))
    sizes = [len(checked.function.arguments[i].rows) for i in call.passed]
    others = [
        replace(call, rows=tuple([tuple([rng.randrange(n) for _ in own]) for own, n in zip(call.rows, sizes, strict=True)]))
        for _ in range(20)
    ]
    for other in [*others, call]:  # each may take branches that the others do not take
        capture(names, call)
        args, kwargs = arguments_of(checked.function, other, names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                f.record(*args, **kwargs)
                called(f, replace(other, method="call"), args, kwargs, checked, names)
            except Exception:  # of numbers outside of a domain; other errors are found by other executors
                counts["calls not recorded, c"] += 1
    if not f.specialisations:
        return
    capture(names, call)
    must_warn = sum(map(len, call.rows)) % 2 == 0
    try:
        source = autograd.to_c(f, name="fuzzed", checked=must_warn)
    except CompileError as error:
        reason = next((name for part, name in NOT_EXPORTED.items() if part in str(error)), None)
        if reason is None:
            raise DisagreementError("raises CompileError", str(error)) from error
        counts[f"refused, c: {reason}"] += 1
        return
    one = replace(call, method="value_and_grad", wrt=None, reduce=None)
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(source, "-O0", folder=Path(folder))
        for s in range(call.size):
            _compare(checked, one, s, library, counts, must_warn, noise)


def _compare(checked: Checked, call: Call, s: int, library: Any, counts: Counter[str], must_warn: bool, noise: int) -> None:
    sample = checked.sample(call, s)
    numbers = checked.numbers(call, s)
    values, jacobian = differentiated(library, "fuzzed", numbers, len(sample.values))
    counts["samples, c"] += not sample.may_warn
    counts["samples outside, c"] += sample.may_warn
    if must_warn and sample.is_outside and not np.isnan(values).all():
        raise DisagreementError("finite outside", f"at {numbers}: {values}")
    if must_warn and not sample.may_warn and np.isnan(values).all() and not np.isnan(sample.values).all() and not _unsure(checked, call, s):
        raise DisagreementError("false alarm", f"at {numbers}: {values} instead of {sample.values}")

    def want(rng: random.Random | None = None) -> Expected:
        one = checked.sample(call, s, rng)
        results = [np.array([one.values]), np.array([one.gradients])]
        scales = [np.full_like(results[0], one.scales[0]), np.full_like(results[1], one.scales[1] + 1e-3 * one.scales[0])]
        return Expected(results, scales, [np.full(result.shape, one.may_warn) for result in results])

    wrong = far([values[None], jacobian[:1]], want(), lambda: [want(random.Random(i)) for i in range(noise)])
    if wrong is not None:
        raise DisagreementError("gradient" if wrong[0] else "value", f"at {numbers}: {wrong[1]}")


def _unsure(checked: Checked, call: Call, s: int) -> bool:
    """Whether rounding decides whether a sample is outside."""
    return any(checked.sample(call, s, random.Random(i)).may_warn for i in range(20))
