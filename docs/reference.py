"""The reference of all that is public, from the docstrings: ``python docs/reference.py`` writes it alone, to ``site/reference/``."""

import os
import sys
import warnings
from pathlib import Path

os.environ["SCALAR_AUTOGRAD_PLAIN"] = "1"  # signatures of the compiled core have no types
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

MODULES = [
    "autograd",
    *[
        f"autograd.{name}"
        for name in (
            "checking",
            "contexts",
            "custom",
            "errors",
            "functions",
            "implicit",
            "looping",
            "sparse",
            "lookup",
            "transforms",
            "value",
        )
    ],
    "autograd._runtime.observed",  # what Value inherits
    *[f"autograd.compiled.{name}" for name in ("api.compile", "api.function", "api.replay", "api.explain", "export.jax_function")],
    "autograd.notation",
    *[f"autograd.render.{name}" for name in ("picture.draw", "formula.latex", "formula.paths", "player.play")],
    "nn",
    *[f"nn.{name}" for name in ("estimators", "films.film", "history", "inference", "module", "persistence", "snapshots", "training")],
]
"""The documented modules: the two packages with their public names, and the modules that define other public objects."""


def write(folder: Path) -> None:
    """Write the pages into a folder."""
    import pdoc

    pdoc.doc_pyi.find_stub_file = lambda module: None  # of the overloads in stubs, pdoc would show none
    pdoc.render.configure(docformat="google", footer_text="scalar-autograd")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # types that are imported for type checkers only are shown as they are written
        pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "site" / "reference"
    write(site)
    print(f"the reference is in {site / 'index.html'}")
