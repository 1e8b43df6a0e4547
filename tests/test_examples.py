"""The programs in examples/, as they are typed."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from c_compiler import compiled, needs_compiler
from kernel import ROOT


@needs_compiler
def test_digits_in_c(tmp_path: Path) -> None:
    """The file is C without warnings, classifies as the network does, and is as small as the documentation says."""
    pytest.importorskip("sklearn")
    file = tmp_path / "digits.c"
    command = [sys.executable, "examples/digits_in_c.py", "--output", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, second, *sizes = done.stdout.splitlines()
    found = re.fullmatch(r"64-16-10: (\d+) of 359 images of the test are classified correctly, \d\d.\d%", first)
    assert found
    assert int(found[1]) > 330
    same = re.fullmatch(r"digits.c classifies (\d+) of them in the same way", second)
    assert same
    assert int(same[1]) >= 358  # two scores may be equal in single precision
    compiled(file.read_text(encoding="ascii"), "-Os")
    for line in sizes:
        bytes_of = re.fullmatch(r"[^:]+: ([\d,]+) bytes of code, ([\d,]+) of constants, ([\d,]+) of memory", line)
        assert bytes_of, line
        code, constants, memory = (int(text.replace(",", "")) for text in bytes_of.groups())
        assert code < 600
        assert constants == 4 * (64 * 16 + 16 + 16 * 10 + 10)
        assert memory < 300
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "network"),
    [pytest.param([], "784-30-10", marks=pytest.mark.seed("G1")), pytest.param(["--improved"], "784-100-10", marks=pytest.mark.seed("G2"))],
)
def test_nielsen(options: list[str], network: str, tmp_path: Path) -> None:
    """Images that are easily told: the digit k is a bright line, and noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(240) % 10
    images = rng.integers(0, 100, (240, 28, 28))
    images[np.arange(240), 4 + 2 * labels] = 255
    np.savez(tmp_path / "lines.npz", images=images.reshape(240, 784).astype(np.uint8), labels=labels.astype(np.uint8))
    command = [sys.executable, "examples/nielsen.py", "--mnist", str(tmp_path / "lines.npz"), "--epochs", "1", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    first, epoch, last = done.stdout.splitlines()
    assert first == f"{network}: 160 images to learn from, 32 to validate, 48 for the test"
    assert re.match(r"epoch 1/1: cost \S+, validation accuracy ", epoch)
    assert last.startswith("test accuracy ")
    assert done.stderr == ""
