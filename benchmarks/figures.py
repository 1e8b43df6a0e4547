"""The figures of the READMEs and of other pages, from the file of results: ``python -m benchmarks.figures`` writes them into the pages.

The tables under the headings about speed are filled row by row, and the sentences of `SENTENCES` where they have a number. The words
around the figures stay as they are, so that each language has its own. A test compares the pages with what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.results import results

ROOT = Path(__file__).resolve().parent.parent
Results = dict[str, Any]

CORE = ("namespaces", "formulas", "ops", "graph", "value")
"""The files of `autograd` that a reader of the engine reads."""

# -- numbers as text --------------------------------------------------------------------------------------------------------


def figure(x: float) -> str:
    """Two digits; of less than 10 at most one after the point: 3,400, 25, 2.2, 0.9, 2.

    Example:
        >>> [figure(x) for x in (3412.0, 24.6, 2.249, 0.86, 2.02)]
        ['3,400', '25', '2.2', '0.9', '2']
    """
    if x < 9.95:
        return f"{x:.1f}".removesuffix(".0")
    return f"{float(f'{x:.2g}'):,.0f}"


def ends(values: list[float]) -> tuple[str, str]:
    """The least and the largest."""
    return figure(min(values)), figure(max(values))


# -- the first table: how many times as fast as micrograd ---------------------------------------------------------------------

EAGER = ("micrograd", "XAD", "ours, plain Python", "ours, native", "nn.MLP, native", "compile(loss), numpy", "compile(loss), {quick}")


def quick(measured: Results) -> str:
    """The executor that the READMEs call native: the last one."""
    name: str = list(measured["executors"])[-1]
    return name


def speeds(measured: Results, collector: str) -> dict[str, float]:
    """How many times as fast as micrograd each contestant is."""
    times = measured["moons step under Python"][f"seconds, collector {collector}"]
    return {name: times["micrograd"] / time for name, time in times.items()}


def eager_rows(measured: Results) -> Iterator[list[str]]:
    """The cells of each row: with the collector, without it, bytes per node."""
    on, off = speeds(measured, "on"), speeds(measured, "off")
    memory = measured["moons step under Python"]["bytes per node"]
    for row in EAGER:
        name = row.format(quick=quick(measured))
        yield [figure(on[name]), figure(off[name]), f"{memory[name]:.0f}" if name in memory else ""]


# -- the second table: how many times as long as a compiled function ------------------------------------------------------------

COMPILED = ("moons_step", "rosenbrock", "lorenz", "black_scholes", "product", "nielsen", "gpt_step", "pinn")
COLUMNS = ("CasADi", "JAX", "PyTorch", "NumPy")
"""How the names of the contestants in each column begin."""


def ours(measured: Results, case: str) -> float:
    """The time of the compiled function in a case: of the quickest form, if it was written in several."""
    times = measured["compiled"][case]
    return min(time for name, time in times.items() if re.match(rf"f\(.*, {quick(measured)}$", name))


def ratio(measured: Results, case: str, start: str) -> float | None:
    """How many times as long as the compiled function the contestant takes whose name starts like this; None if there is none."""
    times = [time for name, time in measured["compiled"][case].items() if name.startswith(start)]
    return min(times) / ours(measured, case) if times else None


def compiled_rows(measured: Results) -> Iterator[list[str]]:
    """The cells of each row: ours, and the columns."""
    for case in COMPILED:
        ratios = [ratio(measured, case, column) for column in COLUMNS]
        yield ["1", *("" if x is None else figure(x) for x in ratios)]


# -- sentences ------------------------------------------------------------------------------------------------------------------


def first_screen(measured: Results) -> tuple[str, ...]:
    on = speeds(measured, "on")
    return figure(on["ours, native"]), figure(on[f"compile(loss), {quick(measured)}"])


def step_of_fit(measured: Results) -> tuple[str, ...]:
    return (figure(measured["compiled"]["nielsen"][f"fit, {quick(measured)}"] / ours(measured, "nielsen")),)


def epoch_of_fit(measured: Results) -> tuple[str, ...]:
    return tuple([figure(row["later"] / row["PyTorch"]) for row in measured["training, seconds"].values()])


def nodes(measured: Results) -> tuple[str, ...]:
    return (f"{measured['moons step under Python']['nodes']:,}",)


def recording(measured: Results) -> tuple[str, ...]:
    """Microseconds per node, and how many times as long CasADi takes."""
    rows = measured["recording, µs a node"].values()
    times = ends([row["f.record"] for row in rows])
    return *times, *ends([row["CasADi"] / row["f.record"] for row in rows if "CasADi" in row])


def irregular(measured: Results) -> tuple[str, ...]:
    """How many times as long CasADi takes for scalar code without matrices."""
    cases = ("rosenbrock", "lorenz", "black_scholes", "product")
    return ends([x for x in (ratio(measured, case, "CasADi") for case in cases) if x is not None])


def fuzzed(measured: Results) -> tuple[str, ...]:
    run = measured["fuzzed graphs"]
    return figure(run["minutes"]), str(run["seed"]), f"{run['programs']:,}", str(run["disagreements"])


def planted(measured: Results) -> tuple[str, ...]:
    table, compiler, networks = (measured[f"mutants of {name}"] for name in ("ops", "compiled", "nn"))
    return tuple(str(run[key]) for run in (table, compiler, networks) for key in ("planted", "caught"))


def digits_in_c(measured: Results) -> tuple[str, ...]:
    """Of the classifier that `examples/digits_in_c.py` exports: images that are classified correctly, and bytes."""
    run = measured["digits in C"]
    arm, intel = run["Arm Cortex-M4"], run["x86-64"]
    return tuple(f"{n:,}" for n in (run["right"], run["images"], arm["code"], intel["code"], arm["constants"], arm["memory"]))


def digits_in_c_by_images(measured: Results) -> tuple[str, ...]:
    """The same, with the number of images first."""
    right, images, *rest = digits_in_c(measured)
    return images, right, *rest


def lines_of_core(_: Results) -> tuple[str, ...]:
    return (figure(sum(len((ROOT / "autograd" / f"{name}.py").read_text(encoding="utf-8").splitlines()) for name in CORE)),)


NUMBER = r"([\d][\d,.]*\d|\d)"

FAST, FAST_ZH = "docs/explanation/how_fast.md", "docs/zh/explanation/how_fast.md"

TABLES: dict[str, tuple[str, Callable[[Results], Iterator[list[str]]]]] = {
    "README.md": ("## Fast as well", eager_rows),
    "README.zh-CN.md": ("## 而且很快", eager_rows),
    FAST: ("## A value and all its derivatives", compiled_rows),
    FAST_ZH: ("## 一个值和它的全部导数", compiled_rows),
}
"""The heading of the section with a table, and what the cells of its rows are."""

Sentence = tuple[str, Callable[[Results], tuple[str, ...]]]

SENTENCES: dict[str, list[Sentence]] = {
    "README.md": [
        (r"demo runs # times as fast as in micrograd with the same lines of code, and # times as fast once", first_screen),
        (r"on 100 samples, # nodes,", nodes),
    ],
    "README.zh-CN.md": [
        (r"在这里的速度是 micrograd 的 # 倍，编译之后是 # 倍", first_screen),
        (r"100 个样本，# 个节点", nodes),
    ],
    "docs/tour.md": [
        (
            r"classifies # of # images correctly, before and after. Compiled by GCC with `-Os`, it takes # bytes of code on an Arm "
            r"Cortex-M4 and # bytes on x86-64, and on both # bytes of constants and # bytes of memory",
            digits_in_c,
        ),
    ],
    "docs/zh/tour.md": [
        (
            r"都把 # 张图像中的 # 张正确分类。用 GCC 以 `-Os` 编译后，代码在 Arm Cortex-M4 上占 # 字节，在 x86-64 上占 # 字节；"
            r"两者的常量都占 # 字节，内存都占 # 字节",
            digits_in_c_by_images,
        ),
    ],
    FAST: [
        (r"A step of `fit` takes # times as long", step_of_fit),
        (r"takes # to # µs per node, and CasADi # to # times as long", recording),
        (r"An epoch of `fit` takes # times as long as PyTorch's for a network of 266,610 parameters, and # times", epoch_of_fit),
    ],
    FAST_ZH: [
        (r"`fit` 每一步的用时是上述 784-30-10 网络一步的 # 倍", step_of_fit),
        (r"每个节点需 # 到 # 微秒，CasADi 的用时是它的 # 到 # 倍", recording),
        (r"266,610 个参数的网络是 PyTorch 的 # 倍，1,796,010 个参数的网络是 # 倍", epoch_of_fit),
    ],
    "docs/explanation/compared.md": [
        (r"compiled: # to # times as fast as CasADi", irregular),
        (r"read in one sitting \| yes, # lines", lines_of_core),
    ],
    "docs/zh/explanation/compared.md": [
        (r"编译后是 CasADi 的 # 到 # 倍", irregular),
        (r"一口气读完 \| 能，# 行", lines_of_core),
    ],
    "docs/explanation/trust.md": [
        (r"in # minutes from seed #, # programs ran, with # disagreements", fuzzed),
        (r"of # in the table # are caught, of # in the compiler #, and of # in `nn` #", planted),
    ],
    "docs/zh/explanation/trust.md": [
        (r"# 分钟内（种子 #）运行了 # 个程序，不一致的有 # 个", fuzzed),
        (r"运算表中植入 # 个，捕获 # 个；编译器中植入 # 个，捕获 # 个；`nn` 中植入 # 个，捕获 # 个", planted),
    ],
}
"""Sentences with figures: # stands for a number."""


def with_sentences(text: str, name: str, measured: Results) -> str:
    """The text with the figures of its sentences.

    Raises:
        ValueError: a sentence is not in the text, or is there twice.
    """
    for sentence, numbers in SENTENCES[name]:
        pattern = re.sub(r"(?<!\()#", lambda _: NUMBER, sentence).replace(" ", r"\s+")
        found = list(re.finditer(pattern, text))
        if len(found) != 1:
            raise ValueError(f"{name} has {len(found)} sentences like {sentence!r}, not one: change SENTENCES with the page")
        pieces, end = [], 0
        for i, number in enumerate(numbers(measured), start=1):
            start, stop = found[0].span(i)
            pieces += [text[end:start], number]
            end = stop
        text = "".join(pieces) + text[end:]
    return text


def with_tables(text: str, name: str, measured: Results) -> str:
    """The text with the figures of the table below the heading about speed, if the page has one.

    Raises:
        ValueError: the heading is missing, or the table has other rows or columns.
    """
    if name not in TABLES:
        return text
    title, rows = TABLES[name]
    before, heading, section = text.partition(f"\n{title}\n")
    if not heading:
        raise ValueError(f"{name} has no heading {title!r}")
    section, end, after = section.partition("\n## ")
    cells = rows(measured)
    lines = section.split("\n")
    for i, line in enumerate(lines):
        is_row = line.startswith("| ") and not line.startswith("| |")
        if is_row:
            label, *old = line.strip("|").split("|")
            new = next(cells)
            if len(old) != len(new):
                raise ValueError(f"{name}: the row {label.strip()!r} has {len(old)} figures, not {len(new)}")
            lines[i] = f"|{label}|" + "|".join(filled(*pair) for pair in zip(old, new, strict=True)) + "|"
    if left := list(cells):
        raise ValueError(f"{name}: the table has {len(left)} rows too few")
    return before + heading + "\n".join(lines) + end + after


def filled(cell: str, number: str) -> str:
    """A cell with another number; the word behind the number stays."""
    if not number:
        return " "
    words = re.sub(r"[\d.,]+", "", cell).strip()
    return f" {number} {words} " if words else f" {number} "


def page(name: str, measured: Results) -> str:
    """A page with the figures of the results."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return with_tables(with_sentences(text, name, measured), name, measured)


def main() -> None:
    for name in SENTENCES:
        (ROOT / name).write_text(page(name, results()), encoding="utf-8")


if __name__ == "__main__":
    main()
