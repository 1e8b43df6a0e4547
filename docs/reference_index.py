"""The page "Reference": every public name with its signature and first sentence, and a link to its page of `reference.py`.

So the search of the site finds a function by its name and by what it does.
"""

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

from reference import MODULES

PARTS = {"autograd": "Values, functions, derivatives, compiling, pictures", "nn": "Networks"}
SHADOWING = ("abs", "compile")
"""Names that `autograd.__all__` leaves out because they shadow builtins."""
MODULES_OF_NN = ("losses", "metrics", "optimizers", "schedules", "initialisers", "data")
"""Modules whose names are listed too."""


def page() -> str:
    """The text of the page."""
    parts = [
        "# Reference",
        "Every public name, in alphabetical order. A name leads to its full description: arguments, shapes, errors, and an example.",
    ]
    for name, title in PARTS.items():
        package = importlib.import_module(name)
        parts += [f"## `{name}`: {title.lower()}", "\n".join(lines(package, name))]
    for name in MODULES_OF_NN:
        module = importlib.import_module(f"nn.{name}")
        parts += [f"## `nn.{name}`", first_sentence(module), "\n".join(lines(module, f"nn.{name}"))]
    return "\n\n".join(parts) + "\n"


def lines(module: ModuleType, name: str) -> list[str]:
    """A list of the names of a module."""
    own = {public for public, thing in vars(module).items() if callable(thing) and str(thing.__module__).startswith(name)}
    names = getattr(module, "__all__", {public for public in own if not public.startswith("_")})
    names = sorted({*names, *(SHADOWING if name == "autograd" else ())}, key=str.lower)
    return [line(getattr(module, public), public, name) for public in names if not inspect.ismodule(getattr(module, public))]


def line(thing: Any, public: str, package: str) -> str:
    """The item of a name. Its link is HTML, since Sphinx does not know the pages that pdoc writes; `site_links` checks it."""
    said = first_sentence(thing) if callable(thing) else "a constant."
    return f'- <a href="{address_of(thing, public, package)}"><code>{public}</code></a>: {said}'


def first_sentence(thing: Any) -> str:
    """The first sentence of a docstring, as Markdown."""
    text = inspect.getdoc(thing) or ""
    paragraph = re.sub(r"\s+", " ", text.split("\n\n")[0]).replace("``", "`").strip()
    sentence = re.split(r"(?<=[.:]) (?=[A-Z])", paragraph)[0]
    return sentence.replace("|", r"\|").replace("$", r"\$") or "see its page."


def address_of(thing: Any, public: str, package: str) -> str:
    """Where the reference describes it: the documented module that defines it, or else its package."""
    own = getattr(thing, "__module__", package) or package
    place = next((module for module in (own, package) if module in MODULES), "autograd" if package == "autograd" else "nn")
    if place == "nn" and package != "nn":
        return f"reference/{package.replace('.', '/')}.html#{public}"
    return f"reference/{place.replace('.', '/')}.html#{public}"
