"""The programs in examples/, as they are typed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernel import ROOT


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
    assert first == f"{network}: 160 images to learn from, 48 for the test"
    assert epoch.startswith("epoch 1/1: cost ")
    assert last.startswith("best test accuracy ")
    assert done.stderr == ""
