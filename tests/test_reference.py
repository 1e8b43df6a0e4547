"""The reference that pdoc writes from the docstrings: every public name is in it, with what it is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import nn

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "reference.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("pdoc")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}


@pytest.mark.parametrize("package", [autograd, nn], ids=lambda package: package.__name__)
def test_every_public_name_is_there(pages: dict[str, str], package: object) -> None:
    written = set(re.findall(r'id="(?:\w+\.)?(\w+)"', "".join(pages.values())))
    names = set(package.__all__) - {"NATIVE"}  # type: ignore[attr-defined]
    names -= {name for name in names if f"nn/{name}.html" in pages}
    assert not names - written


def test_what_shadows_builtins_is_there_too(pages: dict[str, str]) -> None:
    assert 'id="compile"' in pages["autograd/compiled/api/compile.html"]
    assert "Record a graph or a function, to run it many times" in pages["autograd/compiled/api/compile.html"]
    assert "value_and_grad" in pages["autograd/compiled/api/function.html"]
