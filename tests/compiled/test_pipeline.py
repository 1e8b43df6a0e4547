"""The pipeline: the passes and their results."""

from pathlib import Path

import pytest
from test_imports import imported

from autograd import Value, dot, tanh
from autograd.compiled import passes, pipeline
from autograd.compiled.ir import Code, Matmul, check
from autograd.compiled.pipeline import lower, stages, trace
from autograd.compiled.stages import Block, Group, Loops, Sums, Tape


def test_the_pipeline_calls_every_pass() -> None:
    """And nothing else does: see `test_house`."""
    folder = Path(passes.__file__).parent
    names = {f"autograd.compiled.passes.{path.stem}" for path in folder.glob("*.py") if path.stem != "__init__"}
    assert {name for name in imported(Path(pipeline.__file__)) if name.startswith("autograd.compiled.passes")} == names


def network() -> Value:
    W = [[Value(0.1 * (i + j)) for j in range(3)] for i in range(4)]
    X = [[Value(0.2 * (i - j)) for j in range(3)] for i in range(5)]
    outputs = [tanh(dot(w, x)) for w in W for x in X]
    return sum(outputs[1:], outputs[0])


def test_each_pass_makes_its_form() -> None:
    tape = trace([network()])
    result = list(stages(tape, tape.leaves()))
    assert [name for name, _ in result] == ["trace", "constants", "roll", "sums", "simplify", "loops", "vectorise", "matmuls", "allocate"]
    forms = [form for _, form in result]
    assert forms[0] is tape
    assert [type(form) for form in forms] == [Tape, Tape, Tape, Sums, Sums, Loops, list, list, Code]
    for groups in forms[6:8]:
        assert isinstance(groups, list)
        assert all(isinstance(group, (Group, Block)) for group in groups)
        assert any(isinstance(group, Group) and group.kind is Matmul for group in groups) == (groups is forms[7])


def test_lower_is_the_last_stage() -> None:
    tape = trace([network()])
    code = lower(tape, tape.leaves())
    check(code)
    [*_, (_, last)] = stages(tape, tape.leaves())
    assert isinstance(last, Code)
    assert [type(one) for one in code.flattened] == [type(one) for one in last.flattened]
    assert (code.shared, code.place.tolist()) == (last.shared, last.place.tolist())


@pytest.mark.parametrize("first", [[], [7, 3]])
def test_the_first_leaves_are_placed_before_all_others(first: list[int]) -> None:
    tape = trace([network()])
    leaves = tape.leaves()
    order = [leaves[i] for i in first]
    code = lower(tape, leaves, order)
    assert code.place[order].tolist() == list(range(len(order)))
    assert code.given[0].tolist() == list(range(len(order)))
