"""What a reader of a notebook sees: cells are run by a kernel, and their outputs rendered by nbconvert."""

import pytest
from kernel import execute, package

CELLS = [
    "from autograd import Value, compile, draw, paths, play, to_latex\nx, y = Value(2.0, label='x'), Value(-3.0, label='y')\nL = x * y + x**2",
    "L",  # a Value shows its picture
    "draw(L)",
    "play(L)",
    "to_latex(L, wrt=x)",
    "draw(compile(L))",
    "sum((Value(i) for i in range(100)), Value(0.0))",  # too large for a picture
]


@pytest.fixture(scope="module")
def page() -> str:
    nbformat, nbconvert = package("nbformat"), package("nbconvert")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    execute(notebook, seconds=120)
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    return str(html)


@pytest.mark.filterwarnings("default")  # those of Jupyter's own packages
def test_a_notebook_shows_everything(page: str) -> None:
    assert page.count('src="data:image/svg+xml;base64,') == 3  # of the Value, of draw, of the program
    assert page.count("<iframe ") >= 1
    assert "y + 2 x" in page
    assert "Value(data=4950.0, grad=0.0)" in page
    assert "Traceback" not in page
