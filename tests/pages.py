"""The code of the README and of the pages in docs/, which runs once for all tests."""

import doctest
import functools
import re
from pathlib import Path
from typing import Any

from autograd.notation import NOTATION
from autograd.ops import OPERATIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md") if "zh" not in path.parts)]
"""The pages in English; those in Chinese have the same code, as `test_readme_zh` says."""

SESSION = re.compile(r"```python\n(>>>.*?)```", re.DOTALL)


def sessions(page: str) -> list[str]:
    """The blocks of a page with code that runs."""
    return SESSION.findall((ROOT / page).read_text(encoding="utf-8"))


@functools.cache
def names_of(page: str) -> dict[str, Any]:
    """The names that the code of a page defines. It must give the answers that it prints."""
    test = doctest.DocTestParser().get_doctest("\n".join(sessions(page)), {}, page, page, 0)
    before = [(table, set(table)) for table in (OPERATIONS, NOTATION)]
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    for table, known in before:  # this runs once for several tests, outside of any of them
        for name in table.keys() - known:
            del table[name]
    assert result.failed == 0, page
    assert result.attempted > 3, page
    return test.globs
