"""The checks of the exercises: each says "right", "not yet", or what went wrong.

`check_3_2(answer)` belongs to exercise 2 of notebook 3. A check knows the usual wrong answers, and says for each what it lacks.
"""

from importlib import import_module
from pathlib import Path

from .tools import GENERAL, TRANSLATIONS, Check, CheckOf, is_like, is_numeric, is_open, plain, recognised, said, shown

__all__ = ["GENERAL", "TRANSLATIONS", "Check", "CheckOf", "is_like", "is_numeric", "is_open", "plain", "recognised", "said", "shown"]

for _path in sorted(Path(__file__).parent.glob("lesson_*.py")):
    _lesson = import_module(f".{_path.stem}", __name__)
    globals().update({name: check for name, check in vars(_lesson).items() if name.startswith("check_")})
