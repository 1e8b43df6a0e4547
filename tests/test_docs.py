"""The documentation runs: the examples of all docstrings, the code of the README and of the pages, and what makes their pictures."""

import doctest
import importlib
import io
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import PAGES, ROOT, names_of, sessions

import autograd
from autograd import Drawing, assert_gradients, compile, draw, grad
from autograd.errors import PoleError
from autograd.functions import function_of
from autograd.ops import define
from benchmarks import growth
from benchmarks.results import results

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("autograd", "nn")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__main__.py"
)


NEEDED = {"autograd.compiled.export.jax_function": "jax", "nn.estimators": "sklearn"}
"""The packages that examples cannot run without."""


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    if name in NEEDED:
        pytest.importorskip(NEEDED[name])
    module = importlib.import_module(name)
    if not (module.__file__ or "").endswith(".py"):
        pytest.skip("compiled modules have no docstrings; the plain build runs their examples")
    names = {name: getattr(autograd, name) for name in dir(autograd) if not name.startswith("_")}
    result = doctest.testmod(module, extraglobs=names, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


NEEDED_BY_PAGE = {
    "docs/how_to/data_from_a_file.md": "pandas",
    "docs/how_to/networks.md": "sklearn",
    "docs/how_to/scipy.md": "scipy",
    "docs/tour.md": "scipy",
}


@pytest.mark.parametrize("page", [page for page in PAGES if sessions(page)])
def test_the_code_of_a_page_gives_the_answers_it_prints(page: str) -> None:
    if page in NEEDED_BY_PAGE:
        pytest.importorskip(NEEDED_BY_PAGE[page])
    names_of(page)


def test_no_session_is_left_out() -> None:
    assert sum(map(bool, map(sessions, PAGES))) >= 15
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert len(sessions(page)) == len(re.findall(r"```\w*\n(?=.*?>>>)", text)), page


def test_the_operation_of_the_guide_for_contributors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"define": define}
    exec(row, names)
    cot = function_of(names["COT"])
    assert_gradients(cot, [0.7], order=2)
    assert grad(cot)(0.7) == pytest.approx(-1.0 - 1.0 / math.tan(0.7) ** 2, rel=1e-15)
    with pytest.raises(PoleError):
        cot(0.0)


PICTURES_PAGE, TOUR, NETWORKS = "docs/how_to/pictures.md", "docs/tour.md", "docs/how_to/networks.md"


def gradients() -> Drawing:
    names = names_of(PICTURES_PAGE)
    L = names["L"]
    L.label = "L"
    for node in (L, *L._prev, names["a"], names["b"]):
        node.grad = 0.0
    L.backward()
    return draw(L, engine="builtin", color="grad", derivatives=True)


PICTURES: dict[str, Callable[[], Drawing]] = {
    "neuron": lambda: draw(names_of(PICTURES_PAGE)["y"], engine="builtin"),
    "gradients": gradients,
    "program": lambda: draw(compile(names_of(TOUR)["loss"]), engine="builtin", rankdir="TB"),
}
"""The pictures in docs, of what the code of the pages makes: `python tests/test_docs.py` draws them anew."""


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_those_of_the_code_on_the_pages(name: str) -> None:
    drawn = PICTURES[name]().pipe(encoding="utf-8")
    assert drawn == (ROOT / "docs" / f"{name}.svg").read_text(encoding="utf-8"), "draw it again: python tests/test_docs.py"
    assert len(drawn) < 16_000


def test_every_picture_in_docs_is_one_of_these() -> None:
    pictures = {path.name for path in (ROOT / "docs").iterdir() if path.suffix in (".svg", ".png")}
    assert pictures == {f"{name}.svg" for name in PICTURES} | {"film.png", "growth.svg", "player.png"}


def test_the_plot_of_growth_is_that_of_the_results(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    growth.draw_plot(results()[growth.NAME], tmp_path / "growth.svg")
    drawn, shown = ((folder / "growth.svg").read_text(encoding="utf-8") for folder in (tmp_path, ROOT / "docs"))
    words, marks = (lambda text: re.findall(r"<text[^>]*>([^<]*)", text)), (lambda text: text.count("<use "))
    assert words(drawn) == words(shown), "draw it again: python -m benchmarks --only growth --write"
    assert marks(drawn) == marks(shown) > 30


def player(browser: Any) -> Any:
    """The player at a step of the backward pass, as an image of few colours."""
    return taken(browser, names_of("README.md")["player"].page, 420, ["ArrowRight"] * 7, 48)


def moons(browser: Any) -> Any:
    """The film at the end of the training, as an image of few colours."""
    return taken(browser, names_of(NETWORKS)["moons"].page, 740, ["End"], 128)


def taken(browser: Any, content: str, height: int, keys: list[str], colours: int) -> Any:
    image = pytest.importorskip("PIL.Image")
    page = browser.new_page(viewport={"width": 940, "height": height}, reduced_motion="reduce")
    page.set_content(content)
    page.wait_for_selector("#next:not(:disabled)")
    for key in keys:
        page.keyboard.press(key)
    result = image.open(io.BytesIO(page.screenshot()))
    page.close()
    return result.convert("RGB").quantize(colours)


@pytest.mark.parametrize(("name", "bytes_at_most"), [("player", 30_000), ("film", 90_000)])
def test_the_pictures_of_pages(browser: Any, name: str, bytes_at_most: int) -> None:
    """Compared coarsely, as every machine has other fonts; another step of the same graph differs by 0.012 and more."""
    path = ROOT / "docs" / f"{name}.png"
    drawn = PHOTOGRAPHS[name](browser)
    kept = sys.modules["PIL.Image"].open(path)
    one, other = (np.asarray(image.convert("RGB").resize((47, 42), resample=4), float) / 255.0 for image in (drawn, kept))
    assert np.abs(one - other).mean() < 0.0115, "take it again: python tests/test_docs.py"
    assert path.stat().st_size < bytes_at_most


PHOTOGRAPHS = {"player": player, "film": moons}


if __name__ == "__main__":
    from conftest import CHROMIUM
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, page in PHOTOGRAPHS.items():
            page(chromium).save(ROOT / "docs" / f"{name}.png", optimize=True)
    for name, picture in PICTURES.items():
        (ROOT / "docs" / f"{name}.svg").write_text(picture().pipe(encoding="utf-8"), encoding="utf-8")
