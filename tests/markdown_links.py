"""The links of Markdown files, and the anchors of their headings."""

import re

PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pictures(text: str) -> list[str]:
    """The addresses of the pictures."""
    return PICTURE.findall(text)


def links(text: str) -> list[str]:
    """The addresses of the links. The text of a link may be a picture."""
    return LINK.findall(PICTURE.sub("", text))


def anchor(heading: str) -> str:
    """What follows # in a link to the heading, as code hosts make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """The anchors of all headings; of equal ones, the second ends in -1, the third in -2."""
    made: dict[str, int] = {}
    for heading in HEADING.findall(without_code(text)):
        made[name] = made.get(name := anchor(heading), -1) + 1
    return {f"{name}-{n}" if n else name for name, most in made.items() for n in range(most + 1)}


def without_code(text: str) -> str:
    """The text without its blocks of code."""
    return CODE.sub("", text)
