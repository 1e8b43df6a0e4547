"""The DOT text, compared with files: `python tests/test_dot.py` writes them anew."""

import re
import sys
from pathlib import Path

import pytest
from drawable import in_circles, recurrent, scoped_mlp

from autograd import Value
from autograd.render.picture.draw import Drawing, draw

GOLDEN = Path(__file__).parent.parent / "golden"


def square() -> Drawing:
    a = Value(2.0, label="a")
    y = a * a + 1
    y.backward()
    return draw(y, engine="builtin")


def order_matters() -> Drawing:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    y = (a - b) / b**a
    y.backward()
    return draw(y, engine="builtin", rankdir="TB", derivatives=True)


def special_characters() -> Drawing:
    y = Value(2.0, label=r'|{}<> "\N"').exp()
    y.label = "&amp; β̂₁ 中文\n"
    return draw(y, engine="builtin")


DRAWINGS = {
    "square": square,
    "order_matters": order_matters,
    "special_characters": special_characters,
    "scopes": lambda: draw(scoped_mlp(1, (2, 1)), engine="builtin", color="grad"),
    "scopes_folded": lambda: draw(scoped_mlp(20), engine="builtin", max_nodes=50, depth=1),
    "scopes_in_circles": lambda: draw(in_circles(3), engine="builtin", depth=0),
    "recurrence_folded": lambda: draw(recurrent(500), engine="builtin", max_nodes=20),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_dot_text_is_that_of_the_file(name: str) -> None:
    assert DRAWINGS[name]().source == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DRAWINGS)
def test_each_box_is_one_node_in_its_cluster(name: str) -> None:
    drawing = DRAWINGS[name]()
    assert drawing.original is not None
    picture, _ = drawing.original
    clusters: list[str] = []
    homes = {}
    for line in drawing.source.splitlines():
        if opened := re.match(r"\s*subgraph (\w+) \{", line):
            clusters.append(opened[1])
        elif line.strip() == "}" and clusters:
            clusters.pop()
        elif (result := re.match(r"\s*(\w+) \[label", line)) and not result[1].startswith("legend"):
            assert result[1] not in homes
            homes[result[1]] = clusters[-1] if clusters else ""
    assert homes == {box.name: f"cluster_{box.cluster}" if box.cluster >= 0 else "" for box in picture.boxes}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, make in DRAWINGS.items():
        (GOLDEN / f"{name}.dot").write_text(make().source, encoding="utf-8")
        print(name, file=sys.stderr)
