"""Pictures in pages: scaled down to the page, and scrolled where the text would become too small."""

import re
from typing import Any

import pytest
from drawable import expression, scoped_mlp

from autograd import Value, draw
from autograd.render.picture.html_image import html_image

PAGE = "<style>body { margin: 8px } img { max-width: 100%; height: auto }</style>"  # the style is that of JupyterLab


def opened(browser: Any, html: str, width: int) -> Any:
    page = browser.new_page(viewport={"width": width, "height": 780})
    page.set_content(PAGE + html)
    page.wait_for_function("document.images[0].complete")
    return page


def width_of(page: Any, element: str) -> float:
    return float(page.evaluate(f"document.querySelector('{element}').getBoundingClientRect().width"))


@pytest.mark.parametrize("root", [lambda: Value(1.0).exp(), expression, lambda: scoped_mlp(1)], ids=["narrow", "middle", "wide"])
@pytest.mark.parametrize("width", [400, 600, 1200])
def test_a_picture_is_scaled_down_to_the_page_but_not_further_than_can_be_read(browser: Any, root: Any, width: int) -> None:
    drawing = draw(root(), engine="builtin")
    own_size = float(re.search(r'width="(\d+)pt" height="(\d+)pt"', drawing.pipe(encoding="utf-8"))[1]) * 4 / 3  # type: ignore[index]
    page = opened(browser, drawing._repr_mimebundle_()["text/html"], width)
    room = width - 16
    assert width_of(page, "img") == pytest.approx(min(own_size, max(0.7 * own_size, room)), abs=1.0)
    ratio = page.evaluate("(i => i.getBoundingClientRect().width / i.getBoundingClientRect().height)(document.images[0])")
    assert ratio == pytest.approx(page.evaluate("document.images[0].naturalWidth / document.images[0].naturalHeight"), rel=0.02)
    assert page.evaluate("document.documentElement.scrollWidth") == width  # it is the picture that is scrolled
    scrolls = page.evaluate("(d => d.scrollWidth > d.clientWidth + 1)(document.querySelector('div'))")
    assert scrolls == (0.7 * own_size > room)
    assert width_of(page, "span") == pytest.approx(14.0 if scrolls else 0.0, abs=0.1)
    if scrolls:  # the edge stands at the right of what can be seen, from the top to the bottom, and does not scroll away
        for left in (0, 50):
            page.evaluate(f"document.querySelector('div').scrollTo({left}, 0)")
            edge, frame, image = (
                page.evaluate(f"document.querySelector('{name}').getBoundingClientRect().toJSON()") for name in ("span", "div", "img")
            )
            assert edge["right"] == pytest.approx(frame["right"], abs=0.5)
            assert edge["height"] == pytest.approx(image["height"], abs=1.0)
    page.close()


def test_a_picture_of_unknown_size_keeps_it() -> None:
    assert 'style="flex:none;max-width:none">' in html_image("<svg></svg>", "")
    assert "<span" not in html_image("<svg></svg>", "")


def test_the_alternative_text_is_escaped() -> None:
    assert 'alt="a &lt; &quot;b&quot;"' in html_image("<svg></svg>", 'a < "b"')
