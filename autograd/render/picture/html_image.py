"""A picture as an image in a page of HTML: scaled down to the page, and scrolled where its text would become too small."""

from __future__ import annotations

import base64
import html
import re

SMALLEST = 0.7  # of its own size; its text has 16 pixels, so that it keeps 11
EDGE = 14  # the width of the shadow, in pixels


def html_image(svg: str, alternative: str) -> str:
    """The picture in HTML. It needs no script, and it is shown in untrusted notebooks, which bare SVG is not.

    A picture that is wider than the page is scaled down, to 70 % of its size at most. If that is still too wide, it can be scrolled,
    and a shadow at the right edge says so.

    Args:
        svg: the picture, with its width in points.
        alternative: what it shows, for those who cannot see it.

    Example:
        >>> html_image("<svg></svg>", "a < b").partition(" alt=")[2]
        '"a &lt; b" style="flex:none;max-width:none"></div>'
    """
    data = base64.b64encode(svg.encode()).decode()
    image, edge = "flex:none;max-width:none", ""
    if size := re.search(r'<svg\b[^>]*\bwidth="([\d.]+)pt"', svg):
        width = float(size[1]) * 4.0 / 3.0  # in pixels
        least = f"{SMALLEST * width:.0f}px"
        image += f";width:clamp({least},100%,{width:.0f}px);height:auto"
        # the shadow has a width only where the page is narrower than the image, and it takes no room
        edge = (
            '<span style="flex:none;align-self:stretch;position:sticky;right:0;pointer-events:none;'
            f"width:clamp(0px,({least} - 100%)*999,{EDGE}px);"
            f"margin-left:clamp(-{EDGE}px,(100% - {least})*999,0px);"
            'background:linear-gradient(to right,rgba(128,128,128,0),rgba(128,128,128,0.6))"></span>'
        )
    return (
        f'<div style="display:flex;align-items:flex-start;overflow-x:auto"><img src="data:image/svg+xml;base64,{data}" '
        f'alt="{html.escape(alternative)}" style="{image}">{edge}</div>'
    )
