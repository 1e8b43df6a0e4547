"""The site: its pages are there, its checks find what is wrong, and it can be built."""

import os
import re
import subprocess
import sys
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from c_compiler import COMPILER

from autograd import compile, exp, to_c
from autograd.ops import OPERATIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that imports a file of docs/."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.setenv("SCALAR_AUTOGRAD_PLAIN", os.environ.get("SCALAR_AUTOGRAD_PLAIN", ""))  # reference.py sets it
    return import_module


# -- the pages ----------------------------------------------------------------------------------------------------------------


def test_pages_speak_of_operations_that_only_they_define() -> None:
    text = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in PAGES)
    names = re.findall(r'"(\w+_of_the_how_to)"', text)
    assert len(names) == len(set(names)) == 4
    assert not OPERATIONS.keys() & set(names)


def test_the_program_in_c_prints_what_the_page_says(tmp_path: Path) -> None:
    if COMPILER is None:
        pytest.skip("needs a C compiler")
    page = (ROOT / "docs" / "how_to" / "c.md").read_text(encoding="utf-8")
    (main,), (printed,) = re.findall(r"```c\n(.*?)```", page, re.DOTALL), re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (tmp_path / "share.c").write_text(to_c(compile(lambda x, y: x / (x + exp(y))), 1.0, 2.0, name="share"), encoding="utf-8")
    (tmp_path / "main.c").write_text(main, encoding="utf-8")
    compiler = COMPILER if isinstance(COMPILER, str) else COMPILER[0]
    subprocess.run([compiler, "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout == printed


# -- the pictures of the passes -------------------------------------------------------------------------------------------------


def test_every_pass_that_changes_the_example_has_a_picture(docs: Any) -> None:
    passes: ModuleType = docs("pass_pictures")
    page = (ROOT / "docs" / "explanation" / "how_compile_works.md").read_text(encoding="utf-8")
    text, pictures = passes.filled(page, "pass")
    assert [name.split("_")[2] for name in pictures] == [
        *("trace.svg", "branches.svg", "constants.svg", "sums.svg", "allocate.svg", "vectorise.svg", "matmuls.svg", "allocate.svg")
    ]
    assert "<!--" not in text
    assert "t1[n, 2] = x[n, 2] @ w[2, 2]ᵀ\n" in text
    count = {name: svg.count("<g id=") + svg.count('class="node') for name, svg in pictures.items()}
    assert all(svg.startswith(("<svg", "<?xml")) for svg in pictures.values()), count
    assert "matmul" in pictures["pass_layer_matmuls.svg"]
    assert "matmul" not in pictures["pass_layer_vectorise.svg"]
    headings = re.findall(r"^## (\w+)$", page, re.MULTILINE)
    from autograd.compiled.api.explain import TITLES

    assert headings == list(TITLES)


# -- the checks -------------------------------------------------------------------------------------------------------------


def test_what_is_wrong_with_a_site_is_found(docs: Any, tmp_path: Path) -> None:
    (tmp_path / "lite" / "notebooks").mkdir(parents=True)
    (tmp_path / "lite" / "files").mkdir()
    (tmp_path / "lite" / "notebooks" / "index.html").write_text("")
    (tmp_path / "lite" / "files" / "a.ipynb").write_text("")
    (tmp_path / "b.html").write_text('<h1 id="here"></h1>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here"></a><a href="b.html#there"></a><a href="c.html"></a><a href="#x"></a><a href="https://e.org"></a>'
        '<img src="d.png"><script src="https://e.org/f.js"></script><link rel="canonical" href="https://e.org/">'
        '<a href="lite/notebooks/index.html?path=a.ipynb"></a><a href="lite/notebooks/index.html?path=b.ipynb"></a>'
    )
    assert docs("site_links").problems(tmp_path) == [
        "a.html loads https://e.org/f.js from elsewhere",
        "a.html: #x has no such anchor",
        "a.html: b.html#there has no such anchor",
        "a.html: c.html leads nowhere",
        "a.html: d.png leads nowhere",
        "a.html: lite/notebooks/index.html?path=b.ipynb leads nowhere",
    ]


# -- the install cell ---------------------------------------------------------------------------------------------------------


def test_the_install_cell_recognises_the_other_package(docs: Any) -> None:
    cell = docs("install_cell")
    assert cell.advice({"numpy", "scalar-autograd"}, False) == ""
    for names, loaded, end in (
        ({"autograd"}, False, "run this cell again."),
        ({"numpy"}, True, "restart the kernel, and run this cell again."),
    ):
        text = cell.advice(names, loaded)
        assert "\n%pip uninstall -y autograd scalar-autograd\n%pip install " in text
        assert text.endswith(end)


def test_the_install_cell_stops_where_the_other_package_is(docs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    cell = docs("install_cell")
    monkeypatch.setattr(cell, "installed", lambda: {"autograd", *cell.ALSO})
    with pytest.raises(ImportError, match="that of HIPS"):
        asyncio.run(cell.install())
    monkeypatch.setattr(cell, "installed", lambda: {*cell.ALSO})
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found for scalar-autograd")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(ImportError, match=r"(?s)could not install scalar-autograd. SOURCE, .* a clone. pip says:.*No matching"):
        asyncio.run(cell.install())
    monkeypatch.setattr(cell, "installed", lambda: {"scalar-autograd", *cell.ALSO})
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("nothing is missing"))
    asyncio.run(cell.install())


def test_the_install_cell_on_the_site_has_the_address_of_its_wheel(docs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = docs("staging")
    assert 'SOURCE = "scalar-autograd"' in staging.install_cell()
    monkeypatch.setitem(staging.PROJECT, "urls", {"Documentation": "https://e.org/docs/"})
    wheel = f"scalar_autograd-{staging.PROJECT['version']}-py3-none-any.whl"
    assert f'SOURCE = "https://e.org/docs/lite/pypi/{wheel}"' in staging.install_cell()


# -- the whole ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, without the notebooks that run."""
    for package in ("sphinx", "myst_nb", "furo", "latex2mathml", "pdoc"):
        if util.find_spec(package) is None:
            pytest.skip("needs the extra docs: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "build.py"), "--without-notebooks", "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_it_has_every_page(site: Path) -> None:
    notebooks = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "notebooks").rglob("[01]*.ipynb")}
    assert len(notebooks) == 26
    assert not [name for name in notebooks if not (site / name).is_file()]
    assert not [page for page in PAGES if not (site / page).with_suffix(".html").is_file()]


@pytest.mark.slow
def test_formulas_are_mathml(site: Path) -> None:
    pages = [path.read_text(encoding="utf-8") for path in (site / "notebooks").rglob("*.html")]
    formulas = [formula for page in pages for formula in re.findall(r"<math.*?</math>", page, re.DOTALL)]
    assert len(formulas) > 1000
    assert [formula for formula in formulas if "\\" in formula or "merror" in formula] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "title"), [("assert_gradients", "Reference"), ("micrograd", "Come from micrograd"), ("反向传播", "3. 手算反向传播")]
)
def test_the_search_finds(site: Path, browser: Any, query: str, title: str) -> None:
    import functools
    import http.server
    import threading

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/search.html?q={query}")
        page.wait_for_selector(".search li a")
        titles = page.locator(".search li a").all_inner_texts()
        page.close()
        server.shutdown()
    assert title in titles, titles[:10]
