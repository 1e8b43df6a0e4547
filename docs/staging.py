"""Lay out the pages of the site for Sphinx: pages of docs/, the notebooks, and the documents of the repository.

Files are found by their place in the repository. In the copies, links between pages lead to the pages, and links to other files lead to the
repository, at `Source` of `[project.urls]`; without an address there, a link becomes its text. The notebooks get a button.
"""

import json
import os
import posixpath
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import lite
import pass_pictures
import reference_index

from build_tools.long_description import FENCE, LINK, PICTURE

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ELSEWHERE = re.compile(r"[a-z]+:|#")
BUTTON = {"en": "Run in the browser", "zh": "在浏览器中运行"}
PASSES = "docs/explanation/how_compile_works.md"

NAMES = {"README.md": "index.md", "README.zh-CN.md": "zh/index.md", "CHANGELOG.md": "changes.md", "SECURITY.md": "security.md"}
NAMES |= {"CONTRIBUTING.md": "contributing.md", "ARCHITECTURE.md": "explanation/architecture.md"}
NAMES |= {"benchmarks/where_the_time_goes.md": "explanation/where_the_time_goes.md"}


CHAPTERS = {
    "Course": "notebooks/[01]*.ipynb",
    "课程": "notebooks/zh/*.ipynb",
    "How to": "docs/how_to/*.md",
    "Explanation": "docs/explanation/*.md",
    "中文": "docs/zh/**/*.md",
}
"""The parts of the table of contents whose pages are found; `table` has them and the others in order."""


def table(found: dict[str, str]) -> str:
    """The table of contents, which the first page has, hidden."""
    chapters = {title: [found[str(path.relative_to(ROOT))] for path in sorted(ROOT.glob(pattern))] for title, pattern in CHAPTERS.items()}
    chapters["Course"].append("notebooks/glossary.md")
    chapters["课程"].append("notebooks/zh/glossary.md")
    chapters["How to"].sort(key=lambda name: (not name.endswith(("in_the_browser.md", "install.md")), name))
    chapters["Explanation"] += ["explanation/where_the_time_goes.md", "explanation/architecture.md"]
    chapters["中文"].sort(key=lambda name: (name.count("/"), name))
    chapters["中文"].insert(0, "概览 <zh/index.md>")
    chapters = {"Library": ["tour.md", "faq.md", "reference.md"], **chapters}
    chapters["Project"] = ["contributing.md", "security.md", "changes.md"]
    parts = ["```{toctree}\n:hidden:\n:caption: " + title + "\n\n" + "\n".join(names) + "\n```" for title, names in chapters.items()]
    return "\n\n" + "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """The place on the site of each page, by its place in the repository."""
    found = NAMES | {"docs/reference.py": "reference.md"}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        found[path.relative_to(ROOT).as_posix()] = path.relative_to(ROOT / "docs").as_posix()
    for path in sorted((ROOT / "notebooks").rglob("*")):
        if path.suffix in (".ipynb", ".md", ".svg") and ".ipynb_checkpoints" not in path.parts:
            found[path.relative_to(ROOT).as_posix()] = path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "docs").iterdir()):
        if path.suffix in (".svg", ".png"):
            found[path.relative_to(ROOT).as_posix()] = path.name
    return found


def stage(folder: Path) -> None:
    """Write the pages and what belongs to them into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    found = pages()
    for source, target in found.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        if target == "reference.md":
            (folder / target).write_text(reference_index.page(), encoding="utf-8")
        elif source.endswith(".ipynb"):
            notebook = json.loads((ROOT / source).read_text(encoding="utf-8"))
            (folder / target).write_text(json.dumps(shown(notebook, source, found), ensure_ascii=False), encoding="utf-8")
        elif source.endswith(".md"):
            text = (ROOT / source).read_text(encoding="utf-8")
            if source == PASSES:
                text, pictures = pass_pictures.filled(text, "pass")
                for name, svg in pictures.items():
                    (folder / target).with_name(name).write_text(svg, encoding="utf-8")
            text = text.replace("<!-- buttons -->", buttons(target)).replace("<!-- install cell -->", install_cell())
            text = without_badges(text)
            text = relinked(text, source, found) + (table(found) if target == "index.md" else "")
            (folder / target).write_text(text, encoding="utf-8")
        else:
            shutil.copy(ROOT / source, folder / target)
    shutil.copytree(ROOT / "docs" / "static", folder / "static")


def install_cell() -> str:
    """The cell that installs the library, as text, with the wheel of the site: at `Documentation` of `[project.urls]`, if that is set."""
    wheel = f"scalar_autograd-{PROJECT['version']}-py3-none-any.whl"
    site = PROJECT.get("urls", {}).get("Documentation", "").rstrip("/")
    cell = lite.first_cell()["source"]
    if site:
        cell = cell.replace('SOURCE = "scalar-autograd"', f'SOURCE = "{site}/lite/pypi/{wheel}"')
    link = f'<a class="button quiet" href="../lite/pypi/{wheel}">{wheel}</a>'
    return f"```python\n{cell}\n```\n\n{link}"


def button(source: str, here: str) -> str:
    """The button that opens a notebook in the browser; both are places in the repository and on the site."""
    language = "zh" if "/zh/" in source else "en"
    notebook = posixpath.relpath(source, "notebooks")
    address = posixpath.relpath("lite/notebooks/index.html", posixpath.dirname(here) or ".")
    return f'<a class="button" href="{address}?path={notebook}">▶ {BUTTON[language]}</a>'


def buttons(here: str) -> str:
    """The buttons of the first page of a language: that of its own course, and then the other one."""
    first = "notebooks/01_a_value_and_its_gradient.ipynb"
    both = [button(first, here), button(first.replace("notebooks/", "notebooks/zh/"), here)]
    own, other = reversed(both) if here.startswith("zh/") else both
    return f"{own} {other.replace('button', 'button quiet', 1)}"


def relinked(text: str, source: str, found: dict[str, str]) -> str:
    """The text of a page with links that hold on the site."""
    repository = PROJECT.get("urls", {}).get("Source", "").rstrip("/")

    def address(old: str) -> str:
        name, mark, anchor = old.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), name))
        if path in found:
            return posixpath.relpath(found[path], posixpath.dirname(found[source]) or ".") + mark + anchor
        if not (ROOT / path).exists():
            raise SystemExit(f"{source}: the link to {old} leads nowhere")
        return f"{repository}/blob/v{PROJECT['version']}/{path}" if repository else ""

    def link(match: re.Match[str]) -> str:
        label, old = match.groups()
        if ELSEWHERE.match(old):
            return match[0]
        new = address(old)
        return f"[{label}]({new})" if new else label

    def picture(match: re.Match[str]) -> str:
        label, old = match.groups()
        made = old.startswith("pass_")  # by pass_pictures, beside the page
        return match[0] if made or ELSEWHERE.match(old) else f"![{label}]({address(old)})"

    def part_of(part: str) -> str:
        if part.startswith("```"):
            return re.sub(r"\n+```$", "\n```", part)  # sessions end with an empty line, for doctest
        return LINK.sub(link, PICTURE.sub(picture, part))

    return "".join(map(part_of, FENCE.split(text)))


def shown(notebook: dict[str, Any], source: str, found: dict[str, str]) -> dict[str, Any]:
    """A notebook as the site shows it: with a button below its title."""
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        text = relinked("".join(cell["source"]), source, found)
        if number == 0:
            title, _, rest = text.partition("\n")
            text = f"{title}\n\n{button(source, found[source])}\n{rest}"
        cell["source"] = text
    return notebook


def without_badges(text: str) -> str:
    """A README without the pictures above its first sentence, which come from elsewhere."""
    return re.sub(r"^\[!\[[^\n]*shields\.io[^\n]*\n", "", text, flags=re.MULTILINE)


def environment() -> dict[str, str]:
    """The environment of Sphinx."""
    return os.environ | {"SCALAR_AUTOGRAD_DOCS": str(ROOT / "docs"), "SCALAR_AUTOGRAD_PLAIN": "1"}
