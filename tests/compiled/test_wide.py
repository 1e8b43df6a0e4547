"""Operations of very many inputs run by kernels, and are what the reference says, also where inputs are infinite or nan."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

from autograd import compile, dot, log_softmax, logsumexp, softmax, where
from autograd.compiled.backends.llvm.executable import Kernels

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs llvmlite")

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "logsumexp": logsumexp,
    "softmax": lambda z: dot(softmax(z), [0.5 * k for k in range(len(z))]),
    "log_softmax": lambda z: log_softmax(z)[3],
    "where": lambda z: where(z[0] > 0, lambda: logsumexp(z), lambda: z[1]),
    "twice": lambda z: logsumexp([logsumexp(z), *z]),
}


def special(z: Any) -> list[Any]:
    """The same with infinite inputs and nan, within groups and in all of a group."""
    masked, infinite = z.copy(), z.copy()
    masked[:, 64:140] = masked[1] = -np.inf
    infinite[2, 3], infinite[3, 64], infinite[4, :2] = np.inf, np.nan, np.inf
    return [z, masked, infinite]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # log_softmax of infinite inputs
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("inputs", [65, 129, 300])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_many_inputs(name: str, inputs: int, batched: bool) -> None:
    batch = np.random.default_rng(inputs).normal(size=(9, inputs)) * 3.0
    for z in special(batch) if batched else batch[:1]:
        native, reference = (
            compile(FUNCTIONS[name], in_axes=(0 if batched else None,), executor=executor) for executor in ("native", "numpy")
        )
        (value, slopes), (expected, theirs) = (f.value_and_grad(z, wrt=0) for f in (native, reference))
        np.testing.assert_allclose(value, expected, rtol=1e-13)
        np.testing.assert_allclose(slopes, theirs, rtol=1e-12, atol=1e-300)
        assert isinstance(native.specialisations[0].executable, Kernels)


def test_groups_of_groups() -> None:
    z = np.random.default_rng(0).normal(size=(3, 5000))
    native, reference = (compile(logsumexp, in_axes=(0,), executor=executor).value_and_grad(z, wrt=0) for executor in ("native", "numpy"))
    np.testing.assert_allclose(native[0], reference[0], rtol=1e-13)
    np.testing.assert_allclose(native[1], reference[1], rtol=1e-12)
