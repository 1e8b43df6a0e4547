"""What all tests share."""

import os
import signal
from collections.abc import Iterator
from types import ModuleType

import pytest

import autograd
from autograd.ops import OPERATIONS

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts what runs in the background; Ctrl-C is to be tested there too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"autograd core: {'native' if autograd.NATIVE else 'plain Python'}"


@pytest.fixture(autouse=True)
def _same_table() -> Iterator[None]:
    """Operations that a test or an example defines are gone after it."""
    before = dict(OPERATIONS)
    yield
    for name in OPERATIONS.keys() - before.keys():
        del OPERATIONS[name]


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch; without it the test is skipped, unless SCALAR_AUTOGRAD_REQUIRE_TORCH is set."""
    try:
        import torch as module
    except ImportError:
        if os.environ.get("SCALAR_AUTOGRAD_REQUIRE_TORCH"):
            raise
        pytest.skip("needs torch")
    return module
