"""The notebooks that run in the browser: what is laid out for JupyterLite, and, in Chromium, the kernel, the library, pictures, the player, sliders.

The last need Pyodide. `SCALAR_AUTOGRAD_PYODIDE` is the folder of an unpacked distribution, which may lack packages, or "online" for the public one.
"""

import asyncio
import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from importlib import import_module, util
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, draw, play

ROOT = Path(__file__).resolve().parent.parent
PYODIDE = os.environ.get("SCALAR_AUTOGRAD_PYODIDE", "")
FIRST = "01_a_value_and_its_gradient.ipynb"

RUN = """async (sources) => {
  const { content } = jupyterapp.shell.currentWidget, cells = content.model.sharedModel;
  if (sources) {
    while (cells.cells.length > 1) cells.deleteCell(1);
    cells.insertCells(1, sources.map((source) => ({ cell_type: "code", source, metadata: {} })));
  }
  for (let i = 0; i < cells.cells.length; i++) {
    if (cells.cells[i].cell_type !== "code") continue;
    cells.cells[i].setOutputs([]);
    content.activeCellIndex = i;
    await jupyterapp.commands.execute("notebook:run-cell");
  }
  return cells.cells.map((cell) => cell.toJSON());
}"""
"""Runs a notebook, or these cells in its place, and returns its cells."""


@pytest.fixture(scope="module")
def lite() -> Any:
    """The module docs/lite.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")
        yield import_module("lite")


# -- what is laid out ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contents(lite: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lite") / "contents"
    lite.lay_out(folder)
    return folder


def test_each_notebook_first_installs_the_library(contents: Path) -> None:
    paths = sorted(contents.rglob("*.ipynb"))
    assert len(paths) == 26
    for path in paths:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        original = json.loads((ROOT / "notebooks" / path.relative_to(contents)).read_text(encoding="utf-8"))["cells"]
        assert cells[0]["source"].startswith("*这个 notebook" if path.parent.name == "zh" else "*This notebook runs in your browser.")
        assert cells[2]["source"].endswith("await install()")
        assert [cells[1], *cells[3:]] == original
        code = "".join(line for cell in original if cell["cell_type"] == "code" for line in cell["source"])
        assert ("scikit-learn" in cells[2]["source"]) == ("digits(" in code or "sklearn" in code), path


def test_what_notebooks_import_lies_beside_them(contents: Path) -> None:
    assert {"checks", "sliders.py", "zh", "glossary.md"} <= {path.name for path in contents.iterdir()}
    assert not list(contents.rglob("__pycache__"))


def test_the_first_cell_is_a_program(lite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {}
    source = lite.first_cell(sklearn=True)["source"].removesuffix("await install()")
    exec(source, names)
    assert names["ALSO"] == ["scikit-learn", "matplotlib", "ipywidgets"]
    asked: list[list[str]] = []

    class Piplite:
        @staticmethod
        async def install(what: list[str]) -> None:
            asked.append(what)

    monkeypatch.setattr("sys.platform", "emscripten")
    monkeypatch.setitem(__import__("sys").modules, "piplite", Piplite)
    names["installed"] = lambda: {"matplotlib"}
    asyncio.run(names["install"]())
    assert asked == [["scikit-learn", "ipywidgets", "scalar-autograd"]]


# -- in Chromium --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def has() -> set[str]:
    """The packages that the distribution of Pyodide has; of the public one all that is asked for here."""
    if PYODIDE == "online":
        return {"numpy", "matplotlib"}
    lock = json.loads((Path(PYODIDE) / "pyodide-lock.json").read_text(encoding="utf-8"))
    return set(lock["packages"])


@pytest.fixture(scope="module")
def address(lite: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where JupyterLite is served."""
    if not PYODIDE:
        pytest.skip('needs Pyodide: set SCALAR_AUTOGRAD_PYODIDE to an unpacked distribution, or to "online"')
    if any(util.find_spec(package) is None for package in ("jupyterlite_core", "jupyterlite_pyodide_kernel", "jupyter_server")):
        pytest.skip("needs the extra docs: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    lite.build(folder / "lite", None if PYODIDE == "online" else Path(PYODIDE))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/lite/notebooks/index.html?path={FIRST}"
        server.shutdown()


@pytest.fixture
def notebook(browser: Any, address: str) -> Iterator[Any]:
    """The page of the first notebook, with its kernel running. Without "online" nothing may be loaded from elsewhere."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(240_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    yield page
    elsewhere = {url for url in asked if not url.startswith((address.split("/lite", maxsplit=1)[0], "data:", "blob:"))}
    if PYODIDE == "online":
        assert {url.split("/")[2] for url in elsewhere} <= {"cdn.jsdelivr.net"}
    else:
        assert elsewhere == set()
    page.close()


def errors(cells: list[dict[str, Any]]) -> list[str]:
    return [f"{o['ename']}: {o['evalue']}" for cell in cells for o in cell.get("outputs", []) if o["output_type"] == "error"]


def printed(cells: list[dict[str, Any]]) -> str:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "".join("".join(output.get("text", "")) for output in outputs if output["output_type"] == "stream")


@pytest.mark.slow
def test_the_first_notebook_runs_to_its_end(notebook: Any, has: set[str]) -> None:
    if not {"numpy", "matplotlib"} <= has:
        pytest.skip("needs NumPy and Matplotlib in the distribution of Pyodide")
    cells = notebook.evaluate(RUN)
    assert errors(cells) == []
    kinds = {kind for cell in cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"image/svg+xml", "image/png", "text/html", "text/latex"} <= kinds


WITHOUT_NUMPY = [
    "import piplite\nawait piplite.install(['scalar-autograd', 'graphviz', 'tqdm'], deps=False)\nawait piplite.install('ipywidgets')",
    "import sys, autograd\nfrom autograd import Value, grad, tanh, to_latex, paths, check_gradients\nprint(sys.platform, autograd.NATIVE)",
    "x, w = Value(2.0, label='x'), Value(-3.0, label='w')\ny = tanh(x * w + 6.5)\ny.backward()\nprint(round(y.data, 4), round(w.grad, 4))",
    "to_latex(y)",
    "print([c.ok for c in check_gradients(lambda x, y: tanh(x * y), [0.3, 0.7])], paths(y, x).count)",
    "import random\nfrom nn import MLP\nscore = MLP(2, [4, 1], rng=random.Random(0))([0.5, -0.5])\nscore.backward()\nprint(score.data)",
    "from checks import check_1_1\ncheck_1_1(4.75, 2.375)",
    "from sliders import slider\nslider(lambda rate: print(rate), rate=(0.0, 2.0, 0.5))",
]


@pytest.mark.slow
def test_the_library_works_in_the_kernel(notebook: Any) -> None:
    """What needs no NumPy, with the numbers of this process."""
    import random

    from nn import MLP

    cells = notebook.evaluate(RUN, WITHOUT_NUMPY)
    assert errors(cells) == []
    score = MLP(2, [4, 1], rng=random.Random(0))([0.5, -0.5])
    lines = printed(cells).splitlines()
    assert lines[:4] == ["emscripten False", "0.4621 1.5729", "[True, True] 1", str(score.data)]
    assert lines[4].startswith("1.1: right.")
    (latex,) = (
        output["data"]["text/latex"] for cell in cells for output in cell.get("outputs", []) if "text/latex" in output.get("data", {})
    )
    assert r"\tanh" in "".join(latex)
    notebook.wait_for_selector(".widget-slider")


@pytest.mark.slow
def test_a_picture_and_the_player_show_themselves(notebook: Any) -> None:
    """Made by this process, as drawing needs NumPy; what is tested is how JupyterLite shows them."""
    a = Value(3.0, label="a")
    y = a * a + a
    y.backward()
    shown = [
        f"from IPython.display import HTML, SVG\nSVG({draw(y, engine='builtin').pipe(encoding='utf-8')!r})",
        f"HTML({play(y)._repr_html_()!r})",
    ]
    assert errors(notebook.evaluate(RUN, shown)) == []
    picture = notebook.locator(".jp-RenderedSVG").first
    picture.wait_for()
    assert picture.bounding_box()["width"] > 100
    notebook.locator(".jp-OutputArea-output iframe").scroll_into_view_if_needed()
    player = notebook.frame_locator(".jp-OutputArea-output iframe")
    before = player.locator("body").inner_text()
    player.locator("#next").click()
    assert player.locator("body").inner_text() != before
