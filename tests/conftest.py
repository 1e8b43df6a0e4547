"""What all tests share."""

import os
from types import ModuleType

import pytest

import autograd


def pytest_report_header() -> str:
    return f"autograd core: {'native' if autograd.NATIVE else 'plain Python'}"


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
