"""explain: a program after every pass, as text."""

import re
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile, dot, explain, tanh, where
from autograd.compiled.api.explain import TITLES
from autograd.compiled.pipeline import stages, trace
from autograd.errors import CompileError
from nn import MLP

TITLE = re.compile(rf"^({'|'.join(TITLES)}): ")


def parts(text: str) -> list[dict[str, list[str]]]:
    """The lines of each pass, for each program."""
    programs: list[dict[str, list[str]]] = []
    name = ""
    for line in filter(None, text.splitlines()):
        title = TITLE.match(line)
        if title is None:
            assert line.startswith("  ")
            programs[-1][name].append(line[2:])
            continue
        name = title[1]
        assert line == f"{name}: {TITLES[name]}"
        if name == "trace":
            programs.append({})
        programs[-1][name] = []
    assert all(list(program) == list(TITLES) for program in programs)
    return programs


def test_every_pass_has_a_title() -> None:
    tape = trace([Value(1.0) + 2.0])
    assert [name for name, _ in stages(tape, tape.leaves())] == list(TITLES)


def test_a_graph() -> None:
    x, y = Value(3.0, label="x"), Value(4.0, label="y")
    root = x * y + 1.0
    [program] = parts(explain(root))
    assert program["trace"] == ["0 = leaf  # x", "1 = leaf  # y", "2 = mul(0, 1)", "3 = 1", "4 = add(2, 3)  # result"]
    assert program["sums"] == ["2 = mul(0, 1)", "4 = add(2, 3)"]
    assert program["vectorise"] == ["Map mul: 2 from 0; 1", "Map add: 4 from 2; 3"]
    assert program["matmuls"] == ["the same"]
    assert program["allocate"] == str(compile(root)).splitlines()
    assert explain(compile(root)) == explain(root)


def test_a_function_compiled_or_not() -> None:
    def f(x: Any, scale: Any = 2.0) -> Any:
        return tanh(x) * scale

    [program] = parts(explain(f, 3.0))
    assert program["trace"] == ["0 = leaf  # x", "1 = tanh(0)", "2 = 2", "3 = mul(1, 2)  # result"]
    [program] = parts(explain(f, 3.0, scale=4.0))
    assert "1 = leaf  # scale" in program["trace"] or "2 = leaf  # scale" in program["trace"]
    compiled = compile(f, executor="numpy")
    assert explain(compiled, 3.0) == explain(f, 3.0)
    assert program["allocate"] == parts(explain(compiled, 3.0, scale=4.0))[0]["allocate"]


def test_a_batch() -> None:
    [program] = parts(explain(lambda x, y: x * y, [1.0, 2.0, 3.0], 2.0))
    assert program["trace"][:2] == ["0 = leaf  # x; differs from sample to sample", "1 = leaf  # y"]
    assert any("[n]" in line for line in program["allocate"])


def test_sums_and_matrix_products() -> None:
    rng = np.random.default_rng(0)
    f = compile(lambda W, x: [dot(w, x) for w in W], in_axes=(None, 0), executor="numpy")
    [program] = parts(explain(f, rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), lines=100))
    assert any(line.startswith("Dot: ") for line in program["vectorise"])
    assert any(line.startswith("Matmul: ") and " as 4 × 3" in line for line in program["matmuls"])
    assert any(" @ " in line for line in program["allocate"])
    leaves = [Value(float(i)) for i in range(5)]
    [program] = parts(explain(leaves[0] + leaves[1] + leaves[2] + leaves[3] + leaves[4]))
    assert [line.partition(" = ")[2] for line in program["sums"]] == ["sum(0, 1, 3, 5, 7)"]


def test_branches() -> None:
    """There is a program for each branch that the samples take."""
    f = compile(lambda x: x * 2.0 if x > 0.0 else -x, executor="numpy")
    positive, negative = parts(explain(f, [1.0, -1.0]))
    assert any("mul(" in line for line in positive["trace"])
    assert any("neg(" in line for line in negative["trace"])
    assert len(parts(explain(f, [1.0, 2.0]))) == 1


def test_where() -> None:
    def f(x: Any) -> Any:
        return where(x > 0.0, lambda: tanh(x), lambda: x)

    [program] = parts(explain(f, [1.0, -1.0]))
    assert any(line.startswith("Select: ") for line in program["vectorise"])
    [line] = [line for line in program["trace"] if "tanh(" in line]
    assert re.search(r"receives a gradient where row \d+ is not 0", line)
    assert any(line.startswith("Map tanh: ") and "is not 0" in line for line in program["vectorise"])


def test_a_model() -> None:
    model = MLP(2, [3, 1])
    f = compile(lambda model, x: model(x), in_axes=(None, 0), executor="numpy")
    [program] = parts(explain(f, model, np.zeros((4, 2)), lines=1000))
    assert sum("leaf" in line for line in program["trace"]) == len(list(model.parameters())) + 2
    assert any("@" in line for line in program["allocate"])


def test_lines_limits_each_pass() -> None:
    x = [Value(float(i)) for i in range(20)]
    root = dot(x[:10], x[10:])
    [whole] = parts(explain(root, lines=1000))
    assert len(whole["trace"]) == 21
    [short] = parts(explain(root, lines=5))
    assert short["trace"] == [*whole["trace"][:5], "… 16 more"]
    assert short["sums"] == whole["sums"]
    [shortest] = parts(explain(root, lines=0))
    assert shortest["trace"] == ["… 21 more"]
    [exact] = parts(explain(root, lines=21))
    assert exact["trace"] == whole["trace"]


def test_errors() -> None:
    x = Value(1.0)
    for target in (x * 2.0, compile(x * 2.0)):
        with pytest.raises(CompileError, match="explain takes arguments only with a function, not with "):
            explain(target, 1.0)
        with pytest.raises(CompileError, match="explain takes arguments only with a function"):
            explain(target, x=1.0)
    with pytest.raises(CompileError, match="converted to text"):
        explain(lambda x: x * len(str(x)), 1.0)
    with pytest.raises(TypeError):
        explain(lambda x: x, 1.0, 2.0)
