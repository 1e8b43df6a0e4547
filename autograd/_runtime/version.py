"""The version of this package."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path


def package_version() -> str:
    """The version in the pyproject.toml of the checkout that runs, where it runs from one; else the one that is installed."""
    try:
        text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return version("scalar-autograd")
    project = tomllib.loads(text).get("project", {})
    return str(project["version"]) if project.get("name") == "scalar-autograd" else version("scalar-autograd")
