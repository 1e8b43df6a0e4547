"""Build the site: ``python docs/build.py`` writes it to ``site/``.

It has the course, the how-to pages, the explanations, the reference, and the notebooks that run in the browser. Sphinx with MyST-NB makes
the pages, and pdoc the reference. MyST-NB shows notebooks as they are committed, with the same search and the same links as other pages,
and Sphinx fails at a link that leads nowhere. MkDocs with Material looks as good, but MkDocs has had no release since August 2024, and
Material depends on it. JupyterLite runs the notebooks. All of them are installed by the extra `docs`.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

import lite  # noqa: E402 - from docs
import reference  # noqa: E402 - from docs
import site_links  # noqa: E402 - from docs
import staging  # noqa: E402 - from docs

BUILD = ROOT / "build" / "docs"
"""Where the pages are laid out, and Sphinx works."""


def main() -> None:
    """Build the site."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=ROOT / "site", help="the folder of the site, which is emptied first")
    arguments.add_argument("--without-notebooks", action="store_true", help="leave out the notebooks that run in the browser")
    arguments.add_argument("--pyodide", type=Path, help="an unpacked distribution of Pyodide, which the site then serves itself")
    options = arguments.parse_args()
    staging.stage(BUILD / "pages")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto", "-c", str(ROOT / "docs")]
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    subprocess.run([*command, "-b", "html", str(BUILD / "pages"), str(BUILD / "html")], check=True, env=staging.environment())
    shutil.rmtree(options.output, ignore_errors=True)
    shutil.copytree(BUILD / "html", options.output, ignore=shutil.ignore_patterns(".doctrees", ".buildinfo", "_sources"))
    reference.write(options.output / "reference")
    if not options.without_notebooks:
        lite.build(options.output / "lite", options.pyodide)
    problems = site_links.problems(options.output, runs=not options.without_notebooks)
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"the site is in {options.output / 'index.html'}")


if __name__ == "__main__":
    main()
