"""The version of this package."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path


def package_version() -> str:
    """The version of a checkout, as its pyproject.toml gives it; else the version that is installed."""
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if project.exists():
        known = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if known.get("name") == "scalar-autograd":
            return str(known["version"])
    return version("scalar-autograd")
