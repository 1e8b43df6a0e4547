"""The README and the pages in Chinese keep step with the English ones: section by section the same blocks, code, links, numbers and names."""

import posixpath
import re
from collections.abc import Callable
from difflib import ndiff
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_links import anchor, links, pictures, without_code

ROOT = Path(__file__).resolve().parent.parent
ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
PAIRS = {ENGLISH: CHINESE} | {
    page.replace("zh/", "", 1): page for page in sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/zh/**/*.md"))
}
"""The English pages that have a Chinese one."""
ENGLISH_OF = {chinese: english for english, chinese in PAIRS.items()}
BLOCK = re.compile(r"^```[\s\S]*?^```$|^.+(?:\n(?!```).+)*", re.MULTILINE)
KINDS = {"```": "code", "|": "table", "!": "picture", "- ": "list", "> ": "quote"}


class Section(NamedTuple):
    heading: str
    blocks: list[str]
    page: str

    def of(self, *kinds: str) -> list[str]:
        return [block for block in self.blocks if kind(block) in kinds]

    def but(self, *kinds: str) -> list[str]:
        return [block for block in [self.heading, *self.blocks] if kind(block) not in kinds]


def kind(block: str) -> str:
    return next((name for start, name in KINDS.items() if block.startswith(start)), "paragraph")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sections(text: str, page: str) -> list[Section]:
    results = [Section("", [], page)]
    for block in BLOCK.findall(text):
        if block.startswith("#"):
            results.append(Section(block, [], page))
        else:
            results[-1].blocks.append(block)
    return results


def blocks(section: Section) -> list[str]:
    return [
        kind(block) + (f" of {len(re.findall('^- ', block, re.MULTILINE))}" if block.startswith("- ") else "") for block in section.blocks
    ]


def code(section: Section) -> list[str]:
    return "\n".join(section.of("code")).splitlines()


def addresses(section: Section) -> list[str]:
    text = "\n".join(section.but("code"))
    return sorted(f"picture {destination(address, section.page)}" for address in pictures(text)) + sorted(
        f"link {destination(address, section.page)}" for address in links(text)
    )


def destination(address: str, page: str) -> str:
    """Where a link leads, in the words of an English page; a heading by its number."""
    if re.match("[a-z]+:", address):
        return address
    name, _, heading = address.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), name)) if name else page
    if path != page and ENGLISH_OF.get(page, page) == ENGLISH_OF.get(path, path):
        return "the other language"
    if heading and path.endswith(".md"):
        anchors = [anchor(title) for title in re.findall("^#+ (.*)$", without_code(read(path)), re.MULTILINE)]
        heading = f"heading {anchors.index(heading)}" if heading in anchors else heading
    return f"{ENGLISH_OF.get(path, path).replace('notebooks/zh/', 'notebooks/')} {heading}".strip()


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"\]\([^)\s]+\)", "]", text)))


def tables(section: Section) -> list[str]:
    return [
        f"table {i}, row {j}: " + "|".join(" ".join(numbers(cell)) for cell in row.split("|"))
        for i, table in enumerate(section.of("table"), 1)
        for j, row in enumerate(table.splitlines(), 1)
    ]


def prose(section: Section) -> list[str]:
    return numbers("\n".join(section.but("code", "table")))


def names(section: Section) -> list[str]:
    return sorted({" ".join(name.split()) for name in re.findall(r"`([^`]+)`", "\n".join(section.but("code")))})


Look = Callable[[Section], list[str]]


def differences(look: Look, english: str, chinese: str, page: str = ENGLISH) -> str:
    """What is in one of the two only, below the headings where it is; the headings side by side if these differ."""
    pairs = list(zip_longest(sections(english, page), sections(chinese, PAIRS[page]), fillvalue=Section("none", [], page)))
    if any(a.heading.count("#") != b.heading.count("#") for a, b in pairs):
        return "\n".join(f"{a.heading:40}{b.heading}" for a, b in pairs[1:])
    results = []
    for a, b in pairs:
        lines = [line.rstrip("\n") for line in ndiff(look(a), look(b)) if not line.startswith(" ")]
        results += [f"{a.heading} / {b.heading}: {look.__name__}", *lines] if lines else []
    return "\n".join(results)


LOOKS: list[Look] = [blocks, code, addresses, tables, prose, names]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("page", PAIRS)
def test_the_two_keep_step(page: str, look: Look) -> None:
    result = differences(look, read(page), read(PAIRS[page]), page)
    if result:
        pytest.fail(f"- {page}, + {PAIRS[page]}\n{result}", pytrace=False)


def test_there_are_pages_in_chinese() -> None:
    assert {"docs/tour.md", "docs/how_to/networks.md", "docs/explanation/trust.md"} < set(PAIRS)


@pytest.mark.parametrize(
    ("look", "old", "new", "page"),
    [
        (blocks, r"^## (.*)$", r"### \1", ENGLISH),
        (blocks, r"^- .*\n", "", ENGLISH),
        (blocks, r"^> ", "", ENGLISH),
        (code, r"^```sh\n", "```sh\n# ", ENGLISH),
        (code, r"^```python$", "```py", ENGLISH),
        (code, r"b \+ 2 a", "b + a", "docs/how_to/pictures.md"),
        (addresses, r"!(\[.*\]\()", r"\1", ENGLISH),
        (addresses, r"\]\((.*)#", r"](\1#not-", "docs/how_to/install.md"),
        (addresses, r"docs/zh/tour", "docs/faq", ENGLISH),
        (addresses, re.escape(ENGLISH), CHINESE, ENGLISH),
        (tables, r"^(\|.*\d),(\d{3}.*\|)$", r"\1\2", ENGLISH),
        (tables, r"^\|---", "|---|---", ENGLISH),
        (prose, r"(\d),(\d{3})", r"\1\2", ENGLISH),
        (prose, r"^(- .*) \d+", r"\1", "docs/explanation/trust.md"),
        (names, r"`autograd\.\w+`", "`autograd`", "docs/how_to/install.md"),
    ],
)
def test_a_planted_difference_is_told(look: Look, old: str, new: str, page: str) -> None:
    text = read(PAIRS[page])
    planted = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert planted != text
    assert differences(look, read(page), planted, page)
