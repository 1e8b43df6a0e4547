"""Whatever text a name is, what is printed, written to a file or plotted has the same lines and columns. The other outputs are in test_text.py."""

import contextlib
import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_text import HOSTILE, Page, function, graph, of_dot, of_line, of_lines, of_source, of_svg, program

import nn
from autograd import Value, check_gradients, compare_with_torch, compile, draw, explain, grad, log, play, scope, tanh
from autograd.errors import CompileError, DomainError, FileError, InputError
from autograd.render.lettering import printable
from autograd.render.picture.notebook import notebook_bundle


def of_keywords(text: str) -> Any:
    """A function with a keyword argument of this name."""
    compiled = compile(lambda **p: tanh(p[text] * 2.0) + p["y"], executor="numpy")
    compiled(**{text: 1.5, "y": 1.0})
    return compiled


def in_scope(text: str) -> Value:
    with scope(text):
        x = Value(0.5, label="x")
        return x * x + 1.0


def named(text: str) -> Any:
    f = lambda z: z * 2.0
    f.__name__ = text
    return f


class Model(nn.Module):
    """A module with an attribute and a key of this name."""

    def __init__(self, text: str) -> None:
        setattr(self, text, nn.Linear(2, 1))
        self.by_key = {text: Value(0.5)}
        self.text = text

    def __call__(self, x: Any) -> Any:
        return getattr(self, self.text)(x)


def with_nan(text: str) -> Model:
    model = Model(text)
    model.by_key[text].grad = math.nan
    return model


def message_of(kind: type[Exception], call: Callable[[], object]) -> object:
    with pytest.raises(kind) as caught:
        call()
    return of_lines(str(caught.value))


def printed(text: str) -> object:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        metric = lambda outputs, targets: 1.0
        metric.__name__ = text
        nn.fit(nn.MLP(2, [1]), [[0.0, 1.0]], [1.0], loss=nn.mse, epochs=1, metrics=[metric], executor="eager")
    return of_lines(out.getvalue())


def pictured(thing: Any) -> object:
    return of_dot(draw(thing, engine="builtin").source), of_svg(draw(thing, engine="builtin").pipe(encoding="utf-8"))


def compiled_in_grad(text: str) -> object:
    f = compile(named(text), executor="numpy")
    return message_of(CompileError, lambda: grad(lambda x: f.value_and_grad(x)[0])(1.0))


OUTPUTS: dict[str, Callable[[str], object]] = {
    "the source, of keywords": lambda text: of_source(of_keywords(text).source),
    "a compiled function, of keywords": lambda text: of_lines(str(of_keywords(text))),
    "a compiled function": lambda text: of_lines(str(function(text))),
    "repr of a compiled function": lambda text: of_line(repr(function(text))),
    "a program": lambda text: of_lines(str(program(text))),
    "explain of a function": lambda text: of_lines(explain(function(text), {text: 1.5, "y": 1.0})),
    "explain of a program": lambda text: of_lines(explain(program(text))),
    "explain of a Value": lambda text: of_lines(explain(graph(text)[0])),
    "repr of a Value": lambda text: of_line(repr(Value(1.0, label=text))),
    "repr of a player": lambda text: of_line(repr(play(graph(text)[0]))),
    "a Value in a notebook": lambda text: Page(notebook_bundle(graph(text)[0], None, None).get("text/html", "")).structure,
    "an error of a label": lambda text: message_of(DomainError, lambda: log(Value(-1.0, label=text))),
    "an error of a key": lambda text: message_of(InputError, lambda: function(text)({text: "a", "y": 1.0})),
    "an error of a name": compiled_in_grad,
    "an error of keywords": lambda text: message_of(InputError, lambda: of_keywords(text).value_and_grad(**{text: 1.5, "y": 1.0}, wrt=9)),
    "an error of a state": lambda text: message_of(FileError, lambda: nn.MLP(2, [1]).load_state_dict({text: 1.0})),
    "an error of a gradient": lambda text: message_of(InputError, lambda: nn.plot_gradients(with_nan(text))),
    "a check": lambda text: of_lines(str(check_gradients(named(text), [1.0]))),
    "repr of a network": lambda text: of_lines(repr(nn.MLP(2, [1], named(text)))),
    "a summary": lambda text: of_lines(nn.MLP(2, [1], named(text)).summary()),
    "a summary, of attributes": lambda text: of_lines(Model(text).summary()),
    "the lines of fit": printed,
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_text_changes_the_lines(output: str) -> None:
    plain = OUTPUTS[output]("plain")
    for text in HOSTILE:
        assert OUTPUTS[output](text) == plain, ascii(text)


def test_no_text_changes_a_picture() -> None:
    function_plain, scope_plain = [[pictured(make(text)) for text in ("plain", "long" * 10)] for make in (of_keywords, in_scope)]
    for text in HOSTILE:
        pictured(function(text))  # with other boxes for arrays whose labels are alike
        assert pictured(of_keywords(text)) in function_plain, ascii(text)
        if name := text.replace("/", "").strip():  # a slash has a meaning: it is between scopes
            assert pictured(in_scope(name)) in scope_plain, ascii(text)


def test_a_comparison_with_torch_is_one_line() -> None:
    pytest.importorskip("torch")
    for text in HOSTILE:
        for comparison in compare_with_torch(graph(text)[0]):
            assert of_lines(str(comparison)) == 1, ascii(text)


def test_a_table_has_a_column_for_each_name(tmp_path: Path) -> None:
    for text in HOSTILE:
        path = tmp_path / "history.csv"
        nn.History(loss=[1.0], metrics={text: [2.0]}, seconds=[1.0]).to_csv(path)
        with open(path, encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == [["epoch", "loss", printable(text), "seconds"], ["1", "1.0", "2.0", "1.0"]]


def test_weights_come_back_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    for text in HOSTILE:
        model, fresh = Model(text), Model(text)
        if "\ud800" in text:
            with pytest.raises(InputError, match="has a character that no file can hold: rename the attribute or the key"):
                nn.save(model, path)
            continue
        nn.save(model, path)
        nn.load(fresh, path)
        assert fresh.state_dict() == model.state_dict()


def drawn_names(text: str) -> list[Any]:
    """The texts of plots in which the name stands."""
    model = Model(text)
    model([1.0, 2.0])[0].backward()
    history = nn.History(loss=[1.0], metrics={text: [2.0]}, seconds=[1.0]).plot()
    sizes = nn.plot_gradients(model)
    network = nn.plot_network(nn.MLP(2, [2, 1], named(text)))
    curve = nn.plot_activation(named(text), -1.0, 1.0)
    layers = nn.diagnose(model, [[1.0, 2.0], [2.0, 1.0]], [0, 0]).plot()
    for figure in (history, sizes, network, curve, layers):
        figure.canvas.draw()
    ticks = [sizes.axes[0].get_xticklabels()[0], network.axes[0].get_xticklabels()[1], layers.axes[0].get_xticklabels()[0]]
    return [history.axes[1].title, curve.axes[0].title, *ticks]


@pytest.mark.parametrize("text", ["1" * 300, "x" * 10**4, "long name " * 50, ""])
def test_plots_have_room_for_every_name(text: str) -> None:
    """A warning of Matplotlib, that it has none, is an error here."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    from nn.estimators import Classifier

    X, kinds = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], [text, "other", text, "other"]
    figure = nn.plot_decision_boundary(Classifier([2], epochs=1, random_state=0).fit(X, kinds), X, kinds, 3)
    figure.savefig(io.BytesIO(), format="svg")
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 2
    if text:  # no attribute has an empty name
        drawn_names(text)


def test_no_plot_reads_a_formula_in_a_name() -> None:
    pytest.importorskip("matplotlib")
    for text in ["a$b$c", "$", "$x^2$", "_a", "\\$", "\\", "a\nb", "\ud800", "$\\undefined$", "{", "%"]:
        for drawn in drawn_names(text):
            seen, is_formula = drawn._preprocess_math(drawn.get_text())
            assert not is_formula, ascii(text)
            assert printable(text).replace("_", " ").strip() in seen.replace("_", " "), ascii(text)
