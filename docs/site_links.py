"""Check the pages of a built site: each link within it leads to a page and an anchor, and nothing is loaded from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("video", "src")}
"""The attributes whose address a browser loads by itself; of `link` only style sheets, fonts and icons are."""


class Page(HTMLParser):
    """The anchors of a page, the addresses of its links, and of what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        of = {name: value or "" for name, value in attrs}
        self.anchors |= {of[name] for name in ("id", "name") if name in of}
        if tag == "a" and "href" in of:
            self.links.add(of["href"])
        for name, address in of.items():
            if (tag, name) in LOADED and (tag != "link" or {"stylesheet", "icon", "preload"} & set(of.get("rel", "").split())):
                self.loads.add(address)


def problems(site: Path, runs: bool = True) -> list[str]:
    """What is wrong with a site, one line each.

    Args:
        site: its folder.
        runs: whether it has the notebooks that run, in the folder `lite`, whose own pages are not checked.
    """
    site = site.resolve()
    pages = {
        path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html")) if path.relative_to(site).parts[0] != "lite"
    }
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        found += [f"{name} loads {address} from elsewhere" for address in sorted(page.loads) if urlsplit(address).netloc]
        for address in sorted(page.links | page.loads):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            if target.is_relative_to(site / "lite"):
                found += _of_notebook(target, parts.query, site, f"{name}: {address}") if runs else []
            elif not target.exists():
                found.append(f"{name}: {address} leads nowhere")
            elif name.parts[0] == "reference" == target.relative_to(site).parts[0]:
                pass  # pdoc links inherited members to private bases, which it does not show
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors | {"top"}:
                found.append(f"{name}: {address} has no such anchor")
    return found


def _of_notebook(target: Path, query: str, site: Path, where: str) -> list[str]:
    named = not query or (site / "lite" / "files" / unquote(query.removeprefix("path="))).is_file()
    return [] if target.exists() and named else [f"{where} leads nowhere"]
