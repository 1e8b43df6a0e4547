"""What all tests share."""

import os
from collections.abc import Iterator
from types import ModuleType

import pytest

import autograd
from autograd.ops import OPERATIONS


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
