"""Sphinx's configuration of the site; `build.py` calls Sphinx with it, on the pages that `staging.py` has laid out.

Math becomes MathML, which browsers show by themselves: no page loads a script from elsewhere.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import latex2mathml.converter
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage, languages
from sphinx.search.en import SearchEnglish

FILES = Path(os.environ["SCALAR_AUTOGRAD_DOCS"])
"""The folder of this file; Sphinx gets a copy's settings, not its place."""
PROJECT = tomllib.loads((FILES.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = PROJECT["name"]
release = version = PROJECT["version"]
author = "scalar-autograd contributors"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]
nb_execution_mode = "off"  # the notebooks are shown as they are committed; the tests run them
nb_mime_priority_overrides = [
    ("html", mime, priority)
    for priority, mime in enumerate(["image/svg+xml", "text/html", "image/png", "text/latex", "text/plain"], start=10)
]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
myst_fence_as_directive: set[str] = set()
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]  # README begins below its badges; widgets have another form besides
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "scalar-autograd"
html_static_path = [str(FILES / "static")]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_search_language = "en"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
}

CHINESE = "\u4e00-\u9fff"


class EnglishAndChinese(SearchEnglish):
    """The search of English, to which pairs of neighbouring Chinese characters are words: they need no dictionary."""

    js_splitter_code = """
var splitQuery = (query) =>
  (query.match(/[CHINESE]+|[^\\sCHINESE.,;:!?()\\[\\]{}"'`=+*\\/<>|，。；：！？（）“”—-]+/g) || []).flatMap((word) =>
    /[CHINESE]/.test(word) && word.length > 1
      ? Array.from({length: word.length - 1}, (_, i) => word.slice(i, i + 2))
      : [word]);
""".replace("CHINESE", CHINESE)

    def split(self, input: str) -> list[str]:
        """The words of a text."""
        found = []
        for word in re.findall(rf"[{CHINESE}]+|[^\W{CHINESE}]+", input):
            pairs = re.match(f"[{CHINESE}]", word) and len(word) > 1
            found += [word[i : i + 2] for i in range(len(word) - 1)] if pairs else [word]
        return found

    def word_filter(self, word: str) -> bool:
        """Whether a word is indexed."""
        return bool(re.match(f"[{CHINESE}]", word)) or super().word_filter(word)


FUNCTION = re.compile(r"(<mi>(?:arg|cos|cosh|erf|exp|lim|ln|log|max|min|sin|sinh|tan|tanh)</mi>)(?!<mo>&#x02061;)(?=<(mo|m\w+)[^>]*>(.?))")


def spaced(formula: str) -> str:
    """A formula with a thin space around the names of functions, which the converter sets like products of letters."""
    thin = '<mspace width="0.167em"/>'
    return FUNCTION.sub(lambda name: f"{thin}{name[1]}{'' if name[3] in '(&' else thin}", formula)


def mathml(self: Any, node: nodes.Element) -> None:
    """Write a formula as MathML."""
    block = isinstance(node, nodes.math_block)
    text = node.astext().strip()
    inner = re.fullmatch(r"\\begin\{(equation|align|gather)(\*?)\}(.*)\\end\{\1\2\}", text, re.DOTALL)
    made = latex2mathml.converter.convert(inner[3] if inner else text, display="block" if block else "inline")
    made = spaced(made)
    self.body.append(f'<div class="formula">{made}</div>' if block else made)
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register the formulas and the search."""
    app.add_html_math_renderer("mathml", inline_renderers=(mathml, None), block_renderers=(mathml, None))
    languages["en"] = EnglishAndChinese
    assert issubclass(EnglishAndChinese, SearchLanguage)


html_math_renderer = "mathml"
