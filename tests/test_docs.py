"""What is written runs: every docstring example, and the code of the README."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("autograd", "nn")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__main__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    module = importlib.import_module(name)
    if not (module.__file__ or "").endswith(".py"):
        pytest.skip("compiled modules have no docstrings; the plain build runs their examples")
    names = {name: getattr(autograd, name) for name in dir(autograd) if not name.startswith("_")}
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_readme_code_gives_the_answers_it_prints() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    session = "\n".join(blocks)
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 10
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    assert result.failed == 0
    drawn = autograd.draw(test.globs["y"], engine="builtin").pipe().decode()
    assert drawn == (ROOT / "docs" / "neuron.svg").read_text(encoding="utf-8"), "draw the README's picture again"
