"""The first cell of a hosted notebook: it installs the library, unless it is there, and recognises the other package of that name.

`python docs/build.py` puts it before the first cell of the notebooks that run in the browser, and shows it in "Run in the browser".
Elsewhere, paste it as it is. `SOURCE` is what pip installs: the address of a wheel, or a folder.
"""

import importlib
import importlib.metadata
import sys

SOURCE = "scalar-autograd"
ALSO = ["matplotlib", "ipywidgets"]


def advice(names, loaded):
    """What keeps this library from being imported as `autograd`, and the two lines that help; or "".

    Args:
        names: the names of the installed distributions.
        loaded: whether another `autograd` has been imported already.
    """
    if "autograd" not in names and not loaded:
        return ""
    why = "The package `autograd` that is installed here is that of HIPS, another project with the same import name."
    then = " Then restart the kernel, and run this cell again." if loaded else " Then run this cell again."
    return f"{why} Run these two lines in a cell:\n\n%pip uninstall -y autograd scalar-autograd\n%pip install {SOURCE}\n\n{then.strip()}"


def installed():
    """The names of the installed distributions, in the form in which they can be compared."""
    return {(distribution.metadata["Name"] or "").lower().replace("_", "-") for distribution in importlib.metadata.distributions()}


async def install():
    """Install what is missing: in the browser by piplite, elsewhere by pip.

    Raises:
        ImportError: another `autograd` is in the way, or pip does not find the library.
    """
    names, module = installed(), sys.modules.get("autograd")
    if problem := advice(names, module is not None and not hasattr(module, "Value")):
        raise ImportError(problem)
    missing = [name for name in ALSO if name not in names] + ([] if "scalar-autograd" in names else [SOURCE])
    if sys.platform == "emscripten":
        await importlib.import_module("piplite").install(missing)
    elif missing:
        import subprocess

        done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *missing], check=False, capture_output=True, text=True)
        if done.returncode:
            where = (
                f"pip could not install {', '.join(missing)}. SOURCE, in the first lines of this cell, is what it installs the library from"
            )
            raise ImportError(f"{where}: set it to the address of the wheel, or to the folder of a clone. pip says:\n{done.stderr}")
    importlib.invalidate_caches()
