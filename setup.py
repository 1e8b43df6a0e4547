"""Compile the core with mypyc if there is a C compiler. Everything else about the package is in pyproject.toml, except the long
description, which is made from the README (see `build_tools/long_description.py`).

If compiling fails for any reason, the build gives the same package as plain Python, which is only slower. With SCALAR_AUTOGRAD_PLAIN=1 it
does so without trying, and the wheel fits every platform, such as a browser.
"""

import os
import shutil
import sys
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "build_tools"))

import dealloc  # noqa: E402 - from build_tools
import docstrings  # noqa: E402
import setters  # noqa: E402
import stamp  # noqa: E402
from long_description import long_description  # noqa: E402

COMPILED = [
    *("autograd/graph.py", "autograd/value.py"),
    *(f"autograd/_runtime/{name}.py" for name in ("bulk", "coercion", "observed", "state", "vectors")),
]


def extensions() -> list[Extension]:
    """The C extension made from COMPILED, or none."""
    if os.environ.get("SCALAR_AUTOGRAD_PLAIN", "0") not in ("", "0"):
        return []
    try:
        import mypyc.build

        modules = mypyc.build.mypycify(["--config-file=build_tools/mypyc.ini", *COMPILED], group_name="scalar_autograd", opt_level="3")
        if os.name == "posix":  # a function of the core is called directly, and can be inlined: no other library replaces it
            for module in modules:
                module.extra_compile_args.append("-fno-semantic-interposition")
                for folder, name in (
                    (Path.cwd(), "."),
                    (Path(mypyc.build.__file__).parent, "mypyc"),
                ):  # no paths of the build in the binary
                    module.extra_compile_args.append(f"-ffile-prefix-map={folder}={name}")
        dealloc.patch(Path("build"), "value___Value_dealloc")
        setters.patch(Path("build"))
        docstrings.patch(Path("build"), COMPILED)
        return modules
    except (Exception, SystemExit) as error:  # mypyc reports a type error by exiting
        print(f"scalar-autograd: plain Python, not compiled: {type(error).__name__}: {error}", file=sys.stderr)
        return []


class BuildExtension(build_ext):
    """build_ext that, when the compiler fails, leaves the package plain."""

    def run(self) -> None:
        try:
            super().run()
            stamp.write(ROOT, Path(ROOT if self.inplace else self.build_lib), COMPILED)
        except Exception as error:
            print(f"scalar-autograd: plain Python, compiling failed: {error}", file=sys.stderr)
            self.extensions = []

    def get_outputs(self) -> list[str]:
        return super().get_outputs() if self.extensions else []

    def get_output_mapping(self) -> dict[str, str]:
        return super().get_output_mapping() if self.extensions else {}


class BuildPython(build_py):
    """build_py that starts from nothing: an old binary left in build/lib would hide the edited source."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


os.chdir(ROOT)
PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": BuildExtension, "build_py": BuildPython},
    long_description=long_description(Path("README.md").read_text(encoding="utf-8"), PROJECT),
    long_description_content_type="text/markdown",
)
