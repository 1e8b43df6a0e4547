"""The kernels of the LLVM backend: any number of samples and threads, memory that was not set, masks, constants, products."""

import math
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from executors import EXECUTORS

from autograd import compile, define, dot, erf, exp, log, logsumexp, sqrt, tanh, where
from autograd.compiled.backends.llvm.executable import Kernels
from autograd.compiled.backends.llvm.lanes import Lanes
from autograd.compiled.backends.llvm.machine_code import processor
from autograd.compiled.backends.llvm.product_kernel import product_kernel, transpose_kernel
from autograd.compiled.backends.llvm.text import Module
from autograd.compiled.backends.llvm.threads import threads_for
from autograd.compiled.backends.numpy.reference import Reference
from autograd.errors import InputError
from autograd.ops import OPERATIONS

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs llvmlite")

TESTS = Path(__file__).resolve().parent.parent
RNG = np.random.default_rng(0)


def written(p: Any, x: Any, y: Any) -> Any:
    """Few numbers: one kernel, with all numbers of a sample in registers."""
    return tanh(p[0] * x + p[1]) * exp(-y) + log(2.0 + x * x)


def tiled(p: Any, x: Any, y: Any) -> Any:
    """A product of shared weights: tiles."""
    h = [tanh(dot(p[2 * i : 2 * i + 2], [x, y]) + p[i]) for i in range(6)]
    return dot(h, h[::-1]) + y


PROGRAMS = {"written": (written, 2), "tiled": (tiled, 12)}


def close(actual: Any, expected: Any) -> None:
    (value, gradients), (wanted, slopes) = actual, expected
    np.testing.assert_allclose(value, wanted, rtol=1e-13, atol=1e-14)
    for own, slope in zip(gradients, slopes, strict=True):
        np.testing.assert_allclose(own, slope, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("samples", [1, 2, 7, 8, 9, 31, 32, 33, 511, 512, 513, 4095, 4096, 4097])
@pytest.mark.parametrize("name", PROGRAMS)
def test_any_number_of_samples(name: str, samples: int) -> None:
    f, count = PROGRAMS[name]
    arguments = RNG.normal(size=count), RNG.normal(size=samples), RNG.normal(size=samples)
    reference, native = (compile(f, in_axes=(None, 0, 0), executor=executor) for executor in ("numpy", "native"))
    for _ in range(3):  # recorded, by a shortcut, with storage that was used before
        close(native.value_and_grad(*arguments), reference.value_and_grad(*arguments))
        np.testing.assert_allclose(native(*arguments), reference(*arguments), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_bits_do_not_depend_on_threads(name: str) -> None:
    f, count = PROGRAMS[name]
    arguments = RNG.normal(size=count), RNG.normal(size=200_001), RNG.normal(size=200_001)
    seen = set()
    expected = compile(f, in_axes=(None, 0, 0), executor="numpy").value_and_grad(*arguments, reduce="mean")
    close(compile(f, in_axes=(None, 0, 0), executor="native", threads=2).value_and_grad(*arguments, reduce="mean"), expected)
    for threads in (1, 2, 3, 16):
        own = compile(f, in_axes=(None, 0, 0), executor="native", threads=threads)
        for reduce in (None, "mean"):
            value, gradients = own.value_and_grad(*arguments, reduce=reduce)
            seen.add((reduce, np.asarray(value).tobytes(), b"".join(np.asarray(g).tobytes() for g in gradients)))
    assert len(seen) == 2


COUNT_THREADS = """
import numpy as np
from autograd import compile
from autograd.compiled.backends.llvm import threads
asked = []
original = threads.all_parts
import autograd.compiled.backends.llvm.batch as batch
batch.all_parts = lambda work, parts, count: (asked.append(count), original(work, parts, count))[1]
f = compile(lambda x: x * x + 1.0, executor="native")
x = np.arange(2.0**20)
f.value_and_grad(x)
import os
if hasattr(os, "fork"):
    pid = os.fork()
    if not pid:
        f.value_and_grad(x)
        os._exit(asked[-1])
    asked.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(asked[0], asked[-1])
"""


def run(code: str, **environment: str) -> str:
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])} | environment
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork")
def test_the_environment_says_how_many_threads_and_a_forked_child_has_one() -> None:
    assert run(COUNT_THREADS, SCALAR_AUTOGRAD_THREADS="3").split() == ["3", "1"]


POISONED = """
import executors
executors.poison()
import numpy as np
from test_kernels import PROGRAMS, close
from autograd import compile
rng = np.random.default_rng(1)
for f, count in PROGRAMS.values():
    for samples in (1, 9, 600, 5000):
        arguments = rng.normal(size=count), rng.normal(size=samples), rng.normal(size=samples)
        reference, native = (compile(f, in_axes=(None, 0, 0), executor=executor) for executor in ("numpy", "native"))
        for _ in range(2):
            close(native.value_and_grad(*arguments), reference.value_and_grad(*arguments))
        value, pull = native.vjp(*arguments)
        for own, slope in zip(pull(np.ones(samples)), reference.vjp(*arguments)[1](np.ones(samples)), strict=True):
            np.testing.assert_allclose(own, slope, rtol=1e-11, atol=1e-12)
"""


def test_nothing_is_read_before_it_was_written() -> None:
    run(f"import sys; sys.path.insert(0, {str(TESTS / 'compiled')!r})\n{POISONED}")


def test_results_stay_what_they_are() -> None:
    f = compile(written, in_axes=(None, 0, 0), executor="native")
    arguments = [np.ones(2), RNG.normal(size=100), RNG.normal(size=100)]
    f.value_and_grad(*arguments)
    value, gradients = f.value_and_grad(*arguments)
    kept = value.copy(), [gradient.copy() for gradient in gradients]
    f.value_and_grad(np.zeros(2), arguments[1] + 1.0, arguments[2] - 1.0)
    close((value, gradients), kept)
    value[...] = 0.0
    close(f.value_and_grad(*arguments), kept)


def test_pulling_back_uses_the_numbers_of_the_call() -> None:
    f = compile(written, in_axes=(None, 0, 0), executor="native")
    p, x, y = np.ones(2), RNG.normal(size=50_000), RNG.normal(size=50_000)
    f(p, x, y)
    _, first = f.vjp(p, x, y)
    _, pull = f.vjp(p, x, y)
    expected = first(np.ones(50_000))
    x += 1.0
    for own, slope in zip(pull(np.ones(50_000)), expected, strict=True):
        np.testing.assert_array_equal(own, slope)


def test_two_threads_pull_back_one_call() -> None:
    f = compile(written, in_axes=(None, 0, 0), executor="native", threads=1)
    _, pull = f.vjp(np.ones(2), RNG.normal(size=30_000), RNG.normal(size=30_000))
    seeds = np.ones(30_000), np.full(30_000, -2.0)
    expected = [pull(seed) for seed in seeds]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(40):
            if any(not np.array_equal(own, slope) for own, slope in zip(pull(seeds[k]), expected[k], strict=True)):
                wrong.append(k)

    others = [threading.Thread(target=work, args=(k,)) for k in (0, 1)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert not wrong


def test_lanes_beyond_the_samples_add_nothing() -> None:
    """There the inputs are 0, at which log and division are infinite: 0 times that would be nan."""

    def f(p: Any, x: Any) -> Any:
        products = [dot(row, [log(x), 1.0 / x]) for row in (p[:2], p[2:])]
        return tanh(dot(products, products)) + p[0] * log(x) + p[1] / x

    p, x = np.array([0.25, 0.5, -0.5, 0.125]), RNG.uniform(0.5, 2.0, 9)
    native, reference = (compile(f, in_axes=(None, 0), executor=executor) for executor in ("native", "numpy"))
    for _ in range(2):
        close(native.value_and_grad(p, x, reduce="sum"), reference.value_and_grad(p, x, reduce="sum"))


@pytest.mark.parametrize(
    "form", [np.asfortranarray, lambda a: a[:, ::-1][:, ::-1], lambda a: a.astype(">f8"), lambda a: np.repeat(a, 2, 0)[::2]]
)
def test_arrays_of_all_kinds_in_memory(form: Any) -> None:
    f = compile(lambda x: dot(x, x) + exp(x[0]), in_axes=(0,), executor="native")
    x = RNG.normal(size=(6000, 5))
    expected = f.value_and_grad(x)
    given = form(x)
    given.setflags(write=False)
    for _ in range(2):
        close(f.value_and_grad(given), expected)


def test_masks_of_shared_numbers_that_differ_from_sample_to_sample() -> None:
    """sqrt of a shared 0 has an infinite slope, which must not reach samples that did not select it."""

    def f(p: Any, x: Any) -> Any:
        return where(x > 0.0, lambda: sqrt(p[0]) * x, lambda: p[1] * x) + where(x > 1.0, lambda: log(p[2]), lambda: 0.0)

    for p in ([0.0, 2.0, 1.0], [4.0, 2.0, 3.0]):
        for x in ([-1.0, -2.0], [0.5, -1.0], [2.0, -1.0, 0.5]):
            arguments = np.array(p), np.array(x)
            reference, native = (compile(f, in_axes=(None, 0), executor=executor) for executor in ("numpy", "native"))
            for _ in range(2):
                (value, (of_p, of_x)), (wanted, (slope_p, slope_x)) = (
                    g.value_and_grad(*arguments, reduce="sum") for g in (native, reference)
                )
                assert value == pytest.approx(wanted)
                np.testing.assert_allclose(of_p, slope_p)
                np.testing.assert_allclose(of_x, slope_x)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0, 5.0, 0.5, -0.5, -1.0, -1.5, 2.37, -7.25])
def test_powers_with_constant_exponents(exponent: float) -> None:
    x = np.concatenate([RNG.uniform(0.01, 9.0, 100), [1e-300, 1e300, math.inf, math.nan]])
    native, reference = (compile(lambda x: x**exponent, executor=executor) for executor in ("native", "numpy"))
    for actual, expected in zip(*[(f(x), f.value_and_grad(x, wrt=0)[1]) for f in (native, reference)], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-15 * 8)


@pytest.mark.parametrize("inputs", [2, 17, 128, 129, 300])
def test_operations_of_many_inputs(inputs: int) -> None:
    f = compile(logsumexp, in_axes=(0,), executor="native")
    x = RNG.normal(size=(20, inputs))
    value, gradient = f.value_and_grad(x)
    whole = np.exp(x).sum(axis=1)
    np.testing.assert_allclose(value, np.log(whole), rtol=1e-13)
    np.testing.assert_allclose(gradient, np.exp(x) / whole[:, None], rtol=1e-12)


@pytest.mark.parametrize("is_written", [True, False])
def test_an_operation_of_the_user(is_written: bool) -> None:
    """Rules on the namespace become kernels. Those that call other libraries are left to the reference."""
    name = f"cubed_{is_written}"
    rule = (lambda xp, a: a**3 + xp.exp(-a)) if is_written else (lambda xp, a: np.power(a, 3) + np.exp(-np.asarray(a)))
    try:
        cubed = define(name, rule, lambda xp, y, a: 3.0 * a * a - xp.exp(-a))
        f = compile(lambda x: cubed(x) * 2.0, executor="native")
        x = RNG.normal(size=50)
        value, gradient = f.value_and_grad(x)
        assert type(f.specialisations[0].executable) is (Kernels if is_written else Reference)
        np.testing.assert_allclose(value, 2.0 * (x**3 + np.exp(-x)), rtol=1e-14)
        np.testing.assert_allclose(gradient, 2.0 * (3.0 * x**2 - np.exp(-x)), rtol=1e-13)
    finally:
        OPERATIONS.pop(name, None)


@pytest.mark.parametrize("shared", ["left", "right", "both", "neither"])
def test_products_of_all_small_shapes(shared: str) -> None:
    """Against NumPy. Shared factors, or factors that differ from sample to sample; rows that are picked from anywhere."""
    rng = np.random.default_rng(3)
    for m, n, p in [(1, 2, 3), (2, 2, 2), (3, 5, 4), (8, 3, 9), (9, 8, 7), (16, 17, 2), (2, 1, 2)]:
        rows, columns = rng.permutation(m), rng.permutation(p)

        def f(a: Any, b: Any, rows: Any = rows, columns: Any = columns) -> Any:
            products = [[dot(a[i], b[j]) for j in columns] for i in rows]
            return sum(tanh(c * (1.0 + 0.1 * k)) for k, c in enumerate(c for row in products for c in row))

        axes = {"left": (None, 0), "right": (0, None), "both": (None, None), "neither": (0, 0)}[shared]
        a, b = (rng.normal(size=(*([] if axis is None else [11]), *shape)) for axis, shape in zip(axes, ((m, n), (p, n)), strict=True))
        native, reference = (compile(f, in_axes=axes, executor=executor) for executor in ("native", "numpy"))
        for _ in range(2):
            close(native.value_and_grad(a, b), reference.value_and_grad(a, b))


def test_memory_does_not_grow_with_what_lies_between() -> None:
    """Arguments and results of an option are 88 bytes; all that is computed between them stays in registers."""

    def normal(z: Any) -> Any:
        return 0.5 * (1.0 + erf(z / 2**0.5))

    def price(s: Any, k: Any, r: Any, t: Any, v: Any) -> Any:
        d = (log(s / k) + (r + v * v / 2) * t) / (v * sqrt(t))
        return s * normal(d) - k * exp(-r * t) * normal(d - v * sqrt(t))

    n = 400_000
    arguments = [RNG.uniform(*ends, n) for ends in ((80, 120), (80, 120), (0.01, 0.05), (0.5, 2.0), (0.1, 0.4))]
    f = compile(price, executor="native")
    f.value_and_grad(*arguments)
    tracemalloc.start()
    try:
        kept = f.value_and_grad(*arguments)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept[1]) == 5
    assert peak / n < 110.0  # beside the arguments


def irregular(n: int) -> Any:
    """A function of n operations in which no pattern occurs twice."""
    rng = random.Random(n)
    plan = [(rng.randrange(5), rng.random(), rng.random()) for _ in range(n)]

    def f(a: Any, b: Any) -> Any:
        seen = [a, b]
        for kind, i, j in plan:
            x, y = (seen[-1 - int(part * min(len(seen), 9))] for part in (i, j))
            seen.append((x - 0.5 * y, y - 0.3 * x, x / (1.0 + y * y), 1.0 + tanh(x), where(x > y, x, 0.9 * y))[kind])
        return sum(seen[::7])

    return f


@pytest.mark.parametrize("n", [300, 1500])
def test_the_kernels_of_irregular_programs_are_bounded(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    host = processor()
    compile_text = host.compile
    monkeypatch.setattr(host, "compile", lambda text: compiled.append(text) or compile_text(text))  # type: ignore[func-returns-value]
    monkeypatch.setattr("autograd.compiled.backends.llvm.code_cache.read", lambda name: None)
    f = irregular(n)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 37))
    native, reference = (compile(f, executor=executor).value_and_grad(a, b) for executor in ("native", "numpy"))
    close(native, reference)
    assert np.abs(reference[1][0]).max() > 1e-6
    assert len(compiled) < 120


def test_a_number_of_threads_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("abc", "-3", "0", "2.5"):
        monkeypatch.setenv("SCALAR_AUTOGRAD_THREADS", text)
        with pytest.raises(InputError, match="SCALAR_AUTOGRAD_THREADS is a number of threads, such as 2, not "):
            threads_for(None)
    assert threads_for(2) == 2


def test_functions_of_constants_are_computed_at_once() -> None:
    """Also those that only kernels have a shorter way for, such as exp(-a²)."""
    xp = Lanes(Module(1).function("kernel", []))
    assert xp.gaussian(0.5) == pytest.approx(math.exp(-0.25), rel=1e-15)
    assert xp.tanh(0.5) == math.tanh(0.5)


def test_weights_that_every_step_reads_are_copied_once() -> None:
    """The rows of a recurrent network's weights, which are not in order in memory, and their transpose serve all of its steps."""

    def network(w: Any, x: Any) -> Any:
        h = [0.1] * 16
        for value in x:
            a = [tanh(dot(row, h) + value) for row in w]
            h = [a[2 * k] * a[2 * k + 1] for k in range(16)]
        return sum(h)

    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(32, 16)) / 4.0, rng.normal(size=20)
    native, reference = (compile(network, in_axes=(None, None), executor=executor) for executor in ("native", "numpy"))
    close(native.value_and_grad(w, x), reference.value_and_grad(w, x))
    kernels = [step.make for step in native.specialisations[0].executable._steps.forward]
    assert kernels.count(product_kernel) >= 19
    assert kernels.count(transpose_kernel) <= 2
