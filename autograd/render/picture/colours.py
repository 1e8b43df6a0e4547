"""The colours of pictures, on light and on dark pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

BACKGROUND = "#ffffff"
INK = "#1a1a1a"
FAINT = "#4d4d4d"  # the text on edges, and below
PALE = "#666666"  # the text of constants
EDGE = "#595959"
CLUSTERS = ["#f8f8f5", "#f0f0ea", "#e8e8e0"]  # the fill of clusters; nested ones are darker
CLUSTER_BORDER = "#b5b5a8"
NONE = "#ffffff"
NOT_FINITE = "#000000"


def mixed(one: str, other: str, part: float) -> str:
    """A colour between two: 0 is the one, 1 the other.

    Example:
        >>> mixed("#ffffff", "#ff0000", 0.5)
        '#ff8080'
    """
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in pairs)


SHADES = 32  # of each sign, so close that the scale looks continuous
NEGATIVE, POSITIVE = ([mixed(NONE, end, i / SHADES) for i in range(1, SHADES + 1)] for end in ("#e8741a", "#4a9bd9"))
"""The colours of gradients, from small to large: orange and blue, which colour-blind readers can tell apart, and equal in lightness."""


@dataclass(frozen=True, slots=True)
class Style:
    """The colours of a kind of box."""

    fill: str
    border: str
    text: str = INK
    thickness: float = 1.0
    dashed: bool = False


# Okabe and Ito's blue, orange and green, which colour-blind readers can tell apart
STYLES = {
    "leaf": Style("#e1eff9", "#0072b2"),
    "constant": Style("#fafafa", "#a6a6a6", text=PALE, dashed=True),
    "inner": Style("#f1f1f1", EDGE),
    "root": Style("#fff0cc", "#b36b00", thickness=2.5),
    "operation": Style(BACKGROUND, EDGE),
    "scope": Style("#e0f2eb", "#007a5a"),
}

# fmt: off
NIGHT = {
    BACKGROUND: "#15181c", EDGE: "#aab0b7", CLUSTER_BORDER: "#565e67",
    "#f8f8f5": "#1a1e23", "#f0f0ea": "#20252b", "#e8e8e0": "#272d34",      # clusters
    "#e1eff9": "#12344a", "#0072b2": "#56b4e9",                            # leaf
    "#fafafa": "#1d2126", "#a6a6a6": "#6a727b",                            # constant
    "#f1f1f1": "#2c3137",                                                  # inner
    "#fff0cc": "#47350f", "#b36b00": "#e69f00",                            # root
    "#e0f2eb": "#0d3b2e", "#007a5a": "#2fbf95",                            # scope
    NOT_FINITE: "#ffffff",
}
NIGHT |= {shade: mixed("#15181c", "#a04f0a", (i + 1) / SHADES) for i, shade in enumerate(NEGATIVE)}
NIGHT |= {shade: mixed("#15181c", "#1b6ca3", (i + 1) / SHADES) for i, shade in enumerate(POSITIVE)}
"""The colours of areas and lines on a dark page. Every colour above is a key here or in `NIGHT_TEXT`."""
NIGHT_TEXT = {INK: "#ececec", FAINT: "#aab0b7", PALE: "#a3abb3", "#ffffff": "#15181c"}
# fmt: on


def ink(fill: str) -> str:
    """The colour of text on a given colour: black or white, whichever has the higher contrast.

    Args:
        fill: as "#rrggbb".

    Source: WCAG 2.2, "relative luminance" and "contrast ratio".

    Example:
        >>> ink("#fff0cc"), ink("#4b0082")
        ('#1a1a1a', '#ffffff')
    """
    channels = [int(fill[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return INK if luminance > 0.18 else "#ffffff"


def with_night(svg: str) -> str:
    """An SVG picture that has other colours on a dark page.

    Whether the page is dark an image learns from the page's `color-scheme`, which JupyterLab and GitHub set, and otherwise from the
    reader's system. Some programs tell it neither; so the background is opaque, and the picture is light and readable there.

    Args:
        svg: a picture with the colours of this module in attributes, as Graphviz also writes them.

    Source: W3C, "Media queries level 5", on `prefers-color-scheme` in images.

    Example:
        >>> print(with_night('<svg><rect fill="#e1eff9"/></svg>'))
        <svg class="scalar-autograd"><style>@media screen and (prefers-color-scheme:dark){
        .scalar-autograd :not(text):not(g)[fill="#e1eff9"]{fill:#12344a}
        }</style><rect fill="#e1eff9"/></svg>
    """
    areas = [(":not(text):not(g)", paint, day, night) for day, night in NIGHT.items() for paint in ("fill", "stroke")]
    texts = [(":is(text,g)", "fill", day, night) for day, night in NIGHT_TEXT.items()]
    rules = [
        f'.scalar-autograd {what}[{paint}="{day}"]{{{paint}:{night}}}'
        for what, paint, day, night in areas + texts
        if f'{paint}="{day}"' in svg
    ]
    style = "\n".join(["@media screen and (prefers-color-scheme:dark){", *rules, "}"])
    return re.sub(r"<svg\b([^>]*)>", lambda start: f'<svg class="scalar-autograd"{start[1]}><style>{style}</style>', svg, count=1)
