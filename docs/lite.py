"""The notebooks that run in the browser: JupyterLite with the kernel of Pyodide, our wheel, and the course.

The wheel is that of plain Python. Packages that Pyodide does not have come as wheels too, so that the site serves everything but Pyodide.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "lite"
SERVED = ["comm", "graphviz", "ipywidgets", "jupyterlab-widgets"]
"""Packages of plain Python that Pyodide does not have: the kernel, pictures and sliders need them."""
SKLEARN = ("digits(", "sklearn")
"""What a notebook says that needs scikit-learn."""
HOW = {
    "en": "*This notebook runs in your browser. ▶ in the bar above runs a cell and goes to the next one; so does Shift+Enter. "
    "The first cell of code installs the library, which takes a while at the first start. Whatever you change stays in this browser.*",
    "zh": "*这个 notebook 在你的浏览器中运行。点击上方工具栏中的 ▶（或按 Shift+Enter）会运行一个单元格，并转到下一个。"
    "第一个代码单元格负责安装本项目，首次启动需要等一会儿。你所做的修改只保存在这个浏览器里。*",
}
"""What stands above a notebook in the browser, by language."""


def build(folder: Path, pyodide: Path | None = None) -> None:
    """Build the notebooks.

    Args:
        folder: where they are written.
        pyodide: an unpacked distribution of Pyodide that the site serves itself; by default the browser loads it from its public address.
    """
    shutil.rmtree(BUILD, ignore_errors=True)
    wheels, contents = BUILD / "wheels", BUILD / "contents"
    make_wheel(wheels)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(wheels), *SERVED]
    subprocess.run(command, check=True)
    lay_out(contents)
    settings: dict[str, Any] = {
        "LiteBuildConfig": {
            "contents": [str(contents)],
            "output_dir": str(folder.resolve()),
            "apps": ["notebooks", "lab"],
            "no_sourcemaps": True,
        },
        "PipliteAddon": {"piplite_urls": [str(path) for path in sorted(wheels.glob("*.whl"))]},
    }
    if pyodide:
        shutil.copytree(pyodide, BUILD / "static" / "pyodide")  # where JupyterLite looks for it
    (BUILD / "jupyter_lite_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (BUILD / "jupyter-lite.json").write_text(
        json.dumps({"jupyter-lite-schema-version": 0, "jupyter-config-data": {"appName": "scalar-autograd", "exposeAppInBrowser": True}}),
        encoding="utf-8",
    )
    done = subprocess.run(["jupyter", "lite", "build"], cwd=BUILD, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def make_wheel(folder: Path) -> None:
    """Write the wheel of plain Python."""
    environment = os.environ | {"SCALAR_AUTOGRAD_PLAIN": "1"}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, env=environment)
    if not list(folder.glob("scalar_autograd-*-py3-none-any.whl")):
        raise SystemExit(f"the wheel has a compiled core, which no browser runs: {sorted(path.name for path in folder.iterdir())}")


def lay_out(folder: Path) -> None:
    """Write the notebooks, and what they import. Each begins with how to run it, and installs the library below its first text."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", folder, ignore=ignored)
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        code = "".join(line for cell in notebook["cells"] if cell["cell_type"] == "code" for line in cell["source"])
        notebook["cells"].insert(1, first_cell(any(word in code for word in SKLEARN)))
        how = HOW["zh" if path.parent.name == "zh" else "en"]
        notebook["cells"].insert(0, {"cell_type": "markdown", "id": "how", "metadata": {}, "source": how})
        notebook["metadata"]["kernelspec"] = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def first_cell(sklearn: bool = False) -> dict[str, Any]:
    """The cell that installs the library: `install_cell.py` without its docstring, folded.

    Args:
        sklearn: whether the notebook needs scikit-learn too.
    """
    text = (ROOT / "docs" / "install_cell.py").read_text(encoding="utf-8")
    text = text[text.index("import importlib") :]
    if sklearn:
        text = text.replace('ALSO = ["matplotlib"', 'ALSO = ["scikit-learn", "matplotlib"')
    return {
        "cell_type": "code",
        "id": "install",
        "execution_count": None,
        "metadata": {"jupyter": {"source_hidden": True}, "tags": ["install"]},
        "outputs": [],
        "source": f"# Installs the library; run this cell first.\n{text}\n\nawait install()",
    }
