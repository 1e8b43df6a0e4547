"""The README as a package index shows it, with links that hold there.

On a code host, a relative link leads to a file beside the README. An index shows the README alone. So in the metadata of a
distribution, relative links become addresses below the `Source` of `[project.urls]`. If the project has no `Source`, a link is
replaced by its text, and a picture by its description.
"""

import re
from collections.abc import Iterator
from typing import Any

PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
LINK = re.compile(r"(?<!!)\[((?:!\[[^\]]*\]\([^)\s]+\)|[^\[\]])+)\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def long_description(readme: str, project: dict[str, Any]) -> str:
    """The text of the README, where `project` is the table `[project]` of pyproject.toml."""
    source = project.get("urls", {}).get("Source", "").rstrip("/")
    version = project["version"]

    def picture(match: re.Match[str]) -> str:
        text, address = match.groups()
        if ELSEWHERE.match(address):
            return match[0]
        return f"![{text}]({source}/raw/v{version}/{address})" if source else f"*{text}*"

    def link(match: re.Match[str]) -> str:
        text, address = match.groups()
        if ELSEWHERE.match(address):
            return match[0]
        return f"[{text}]({source}/blob/v{version}/{address})" if source else text

    def parts() -> Iterator[str]:
        for part in FENCE.split(readme):
            yield part if part.startswith("```") else LINK.sub(link, PICTURE.sub(picture, part))

    return "".join(parts())
