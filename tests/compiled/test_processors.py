"""Processors with other vectors compute the same numbers, and there is code for processors of another kind."""

import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from executors import EXECUTORS

if "native" not in EXECUTORS:
    pytest.skip("needs llvmlite", allow_module_level=True)

import vector_programs

x86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="vectors of x86-64")
PROGRAMS = Path(vector_programs.__file__)


def run(*arguments: str, vectors: str | None, cache: Path) -> Any:
    """The number of lanes, the results of all programs, and how many modules there were, in all and for another target."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "XDG_CACHE_HOME": str(cache)}
    environment.pop("SCALAR_AUTOGRAD_VECTORS", None)
    if vectors is not None:
        environment["SCALAR_AUTOGRAD_VECTORS"] = vectors
    done = subprocess.run(
        [sys.executable, PROGRAMS, *arguments], env=environment, capture_output=True, text=True, timeout=300.0, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for code of all kinds of vectors."""
    return tmp_path_factory.mktemp("code")


@pytest.fixture(scope="module")
def own(cache: Path) -> Any:
    """The results with the vectors of this processor."""
    return run(vectors=None, cache=cache)


def flags() -> str:
    from autograd.compiled.backends.llvm.machine_code import processor

    return str(processor().features.flatten())


@x86
@pytest.mark.parametrize(("vectors", "lanes"), [("sse2", 2), ("avx2", 4)])
def test_other_vectors_compute_the_same_numbers(own: Any, cache: Path, vectors: str, lanes: int) -> None:
    if f"+{vectors}" not in flags().split(","):
        pytest.skip(f"needs a processor with {vectors}")
    found_lanes, found, compiled, _ = run(vectors=vectors, cache=cache)
    assert found_lanes == lanes
    assert compiled > 0 or own[0] == lanes
    assert found.keys() == own[1].keys()
    for name, numbers in found.items():
        expected = own[1][name]
        if name in vector_programs.EXACT:
            assert numbers == expected, name
            continue
        largest = max(abs(float.fromhex(x)) for x in expected)
        for a, b in zip(map(float.fromhex, numbers), map(float.fromhex, expected), strict=True):
            bound = 1e-14 * largest if name in vector_programs.SUMS else 4.0 * math.ulp(max(abs(b), 0.25))  # terms of about 1 may cancel
            assert abs(a - b) <= bound, (name, a, b)


@x86
def test_the_same_numbers_in_every_process(own: Any, cache: Path) -> None:
    again = run(vectors=None, cache=cache)
    assert again[:2] == own[:2]
    assert again[2] == 0  # all code was found on the disk


@x86
def test_a_result_is_what_the_reference_computes(own: Any) -> None:
    import numpy as np

    from autograd import compile

    for name, (f, in_axes, arguments) in vector_programs.ALL.items():
        reference = compile(f, in_axes=in_axes, executor="numpy")
        reduce = "sum" if in_axes == vector_programs.FIRST_SHARED else None
        expected = vector_programs.numbers([reference(*arguments), reference.value_and_grad(*arguments, reduce=reduce)])
        actual = [float.fromhex(x) for x in own[1][name]]
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14, err_msg=name)
        if name in vector_programs.EXACT:  # the bits of the plain function, which those of NumPy's sums of products may not be
            plain = [f(*sample) for sample in zip(*[column.tolist() for column in arguments], strict=True)]
            assert actual[: vector_programs.SAMPLES] == plain, name


@x86
def test_every_module_becomes_code_for_aarch64(tmp_path: Path) -> None:
    """With vectors of two numbers, as NEON has them. LLVM must know the target, which it is asked for."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    try:
        llvm.Target.from_triple("aarch64-linux-gnu")
    except RuntimeError as error:
        pytest.skip(f"needs an LLVM with AArch64: {error}")
    lanes, _, texts, translated = run("aarch64-linux-gnu", vectors="sse2", cache=tmp_path)
    assert lanes == 2
    assert translated == texts > 25
