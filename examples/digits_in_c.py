"""A classifier of handwritten digits for a microcontroller: trained here, and written as C99.

    python examples/digits_in_c.py [--hidden 16] [--output digits.c]

The network has 64 inputs, the pixels of an image of 8 × 8, and ten outputs, a score for each digit. It learns from four fifths of
scikit-learn's 1,797 images. The file needs nothing but math.h; `digits(x, value)` computes the ten scores of an image. If there is a C
compiler, the images of the test are also classified by the compiled file, and `size` tells how large that is.
"""

from __future__ import annotations

import argparse
import ctypes
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from autograd import compile, to_c
from nn import MLP, Adam, fit
from nn.data import digits


def trained(hidden: int, rng: random.Random, images: Sequence[Sequence[float]], labels: Sequence[float]) -> MLP:
    """A network that has learned."""
    model = MLP(64, [hidden, 10], "relu", rng=rng)
    fit(model, images, labels, optimizer=Adam(model.parameters(), lr=0.01), epochs=30, batch_size=32, rng=rng, progress=False)
    model.eval()
    return model


def compiled(source: Path, compiler: str) -> Callable[[Sequence[float]], list[float]]:
    """The function of a file, as a function of Python."""
    library = source.with_suffix(".so")
    subprocess.run([compiler, "-std=c99", "-O2", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"], check=True)
    function = ctypes.CDLL(str(library)).digits
    function.restype = None

    def scores(image: Sequence[float]) -> list[float]:
        x, value = (ctypes.c_float * 64)(*image), (ctypes.c_float * 10)()
        function(x, value)
        return list(value)

    return scores


TARGETS = {
    "x86-64": ("gcc", ["-m64"]),
    "Arm Cortex-M4": ("arm-none-eabi-gcc", ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]),
    "Arm Cortex-M0+": ("arm-none-eabi-gcc", ["-mcpu=cortex-m0plus", "-mthumb"]),
}
"""Processors, and the compiler and flags for each. On Debian, `apt install gcc-arm-none-eabi` has the second compiler."""

SECTIONS = {"code": ".text", "constants": ".rodata", "memory": ".bss"}
"""How the names begin of the sections of a compiled file."""


def sizes(source: Path) -> dict[str, dict[str, int]]:
    """The bytes of each section of the file, by processor, for the compilers that are installed."""
    result = {}
    for target, (compiler, flags) in TARGETS.items():
        tool = compiler.replace("gcc", "size")
        if shutil.which(compiler) is None or shutil.which(tool) is None:
            continue
        binary = source.with_suffix(".o")
        made = subprocess.run([compiler, "-std=c99", "-Os", *flags, "-c", str(source), "-o", str(binary)], capture_output=True, check=False)
        if made.returncode:  # a compiler for another processor
            continue
        done = subprocess.run([tool, "-A", str(binary)], capture_output=True, text=True, check=True)
        lines = [words for line in done.stdout.splitlines() if len(words := line.split()) > 1 and words[1].isdigit()]
        result[target] = {what: sum(int(n) for name, n, *_ in lines if name.startswith(start)) for what, start in SECTIONS.items()}
    return result


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Train a classifier of digits, and write it as C99.")
    parser.add_argument("--hidden", type=int, default=16, help="hidden neurons (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("digits.c"), help="the file to write (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the images (default: %(default)s)")
    parser.add_argument(
        "--write", action="store_true", help="write the figures to the results of the benchmarks, from which the documentation has them"
    )
    options = parser.parse_args()

    rng = random.Random(options.seed)
    (images, labels), (images_test, labels_test) = digits(rng)
    model = trained(options.hidden, rng, images, labels)
    scores = compile(lambda image: model(image), in_axes=(0,))
    results = scores(images_test).tolist()
    output: Path = options.output
    output.write_text(to_c(scores, name="digits", dtype="float32", gradient=False), encoding="ascii")
    right = sum(row.index(max(row)) == label for row, label in zip(results, labels_test, strict=True))
    print(f"64-{options.hidden}-10: {right} of {len(results)} images of the test are classified correctly, {right / len(results):.1%}")

    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is not None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(output, folder))
            in_c = [*map(compiled(copy, compiler), images_test)]
            same = sum(row.index(max(row)) == other.index(max(other)) for row, other in zip(results, in_c, strict=True))
            print(f"{output.name} classifies {same} of them in the same way")
            measured = sizes(copy)
        for target, size in measured.items():
            print(f"{target}: {size['code']:,} bytes of code, {size['constants']:,} of constants, {size['memory']:,} of memory")
        if options.write:
            sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
            from benchmarks.results import record

            record("digits in C", {"right": right, "images": len(results), **measured})


if __name__ == "__main__":
    main()
