"""The README in Chinese keeps step with the English one: section by section the same blocks, code, links, numbers and names."""

import re
from collections.abc import Callable
from difflib import ndiff
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pytest
from markdown_links import anchor, links, pictures

ENGLISH, CHINESE = "README.md", "README.zh-CN.md"
BLOCK = re.compile(r"^```[\s\S]*?^```$|^.+(?:\n(?!```).+)*", re.MULTILINE)
KINDS = {"```": "code", "|": "table", "!": "picture", "- ": "list", "> ": "quote"}


class Section(NamedTuple):
    heading: str
    blocks: list[str]
    leads_to: dict[str, str]  # of the links whose addresses differ between the two

    def of(self, *kinds: str) -> list[str]:
        return [block for block in self.blocks if kind(block) in kinds]

    def but(self, *kinds: str) -> list[str]:
        return [block for block in [self.heading, *self.blocks] if kind(block) not in kinds]


def kind(block: str) -> str:
    return next((name for start, name in KINDS.items() if block.startswith(start)), "paragraph")


def read(name: str) -> str:
    return (Path(__file__).resolve().parent.parent / name).read_text(encoding="utf-8")


def sections(text: str, other: str) -> list[Section]:
    leads_to = {other: "the other language"}
    results = [Section("", [], leads_to)]
    for block in BLOCK.findall(text):
        if block.startswith("#"):
            leads_to[f"#{anchor(block.lstrip('# '))}"] = f"heading {len(results)}"
            results.append(Section(block, [], leads_to))
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
    return sorted(f"picture {address}" for address in pictures(text)) + sorted(
        f"link {section.leads_to.get(address, address).replace('notebooks/zh/', 'notebooks/')}" for address in links(text)
    )


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


def differences(look: Look, english: str, chinese: str) -> str:
    """What is in one of the two only, below the headings where it is; the headings side by side if these differ."""
    pairs = list(zip_longest(sections(english, CHINESE), sections(chinese, ENGLISH), fillvalue=Section("none", [], {})))
    if any(a.heading.count("#") != b.heading.count("#") for a, b in pairs):
        return "\n".join(f"{a.heading:40}{b.heading}" for a, b in pairs[1:])
    results = []
    for a, b in pairs:
        lines = [line.rstrip("\n") for line in ndiff(look(a), look(b)) if not line.startswith(" ")]
        results += [f"{a.heading} / {b.heading}: {look.__name__}", *lines] if lines else []
    return "\n".join(results)


LOOKS: list[Look] = [blocks, code, addresses, tables, prose, names]


@pytest.mark.parametrize("look", LOOKS)
def test_the_two_keep_step(look: Look) -> None:
    result = differences(look, read(ENGLISH), read(CHINESE))
    if result:
        pytest.fail(f"- {ENGLISH}, + {CHINESE}\n{result}", pytrace=False)


@pytest.mark.parametrize(
    ("look", "old", "new"),
    [
        (blocks, r"^## (.*)$", r"### \1"),
        (blocks, r"^- .*\n", ""),
        (blocks, r"^> ", ""),
        (code, r"^```sh\n", "```sh\n# "),
        (code, r"^```python$", "```py"),
        (addresses, r"!(\[.*\]\()", r"\1"),
        (addresses, r"\]\(#", "](#not-"),
        (addresses, re.escape(ENGLISH), CHINESE),
        (tables, r"^(\|.*\d),(\d{3}.*\|)$", r"\1\2"),
        (tables, r"^\|---", "|---|---"),
        (prose, r"(\d),(\d{3})", r"\1\2"),
        (prose, r"^(- .*) \d+", r"\1"),
        (names, r"`autograd\.\w+`", "`autograd`"),
    ],
)
def test_a_planted_difference_is_told(look: Look, old: str, new: str) -> None:
    text = read(CHINESE)
    planted = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert planted != text
    assert differences(look, read(ENGLISH), planted)
