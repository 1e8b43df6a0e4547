"""Films: that the model stays as it was, the page as a text, and errors."""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from film_models import POINTS, SIDES, Logarithmic, Residual, rng, trained
from film_reader import FilmPage, page_of

import nn
from autograd.errors import InputError
from nn import MLP, Dropout, History, Linear, Module, Sequential, cross_entropy, film, losses, predict
from nn.films.film import Film

# -- what stays as it was ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Residual, Logarithmic, lambda: Sequential(Linear(2, 3), Dropout(0.5), Linear(3, 2))])
def test_the_model_stays_as_it_was(kind: Callable[[], Module]) -> None:
    model = kind()
    X = [[abs(a), abs(b)] for a, b in POINTS]
    history = trained(model, X, [int(side > 0) for side in SIDES], loss=cross_entropy)
    assert history.snapshots is not None
    for p in model.parameters():
        p.data += 0.125
        p.grad = 3.0
    model.modules()[-1].train()
    random.seed(5)

    def state() -> Any:
        modes = [module.training for module in model.modules()]
        return [(p.data, p.grad) for p in model.parameters()], modes, random.getstate(), dict(vars(history)), len(vars(model))

    before = state()
    film(model, history)
    assert state() == before


def test_the_model_stays_as_it_was_after_an_interrupt() -> None:
    calls = []

    class Interrupted(Module):
        def __init__(self) -> None:
            self.out = Linear(2, 1, rng=rng())

        def __call__(self, x: Any) -> Any:
            calls.append(x)
            if len(calls) == 3000:
                raise KeyboardInterrupt
            return self.out(x)

    model = Interrupted()
    history = trained(model, y=[[side] for side in SIDES], executor="eager", epochs=2)
    before = [p.data for p in model.parameters()]
    assert len(calls) < 3000
    with pytest.raises(KeyboardInterrupt):
        film(model, history)
    assert [p.data for p in model.parameters()] == before


def test_within_a_callback_training_goes_on_as_without() -> None:
    models = [MLP(2, [3, 1], "tanh", rng=rng()) for _ in range(2)]
    films: list[Film] = []
    histories = [
        trained(models[0], callbacks=[lambda history: films.append(film(models[0], history))]),
        trained(models[1], callbacks=[lambda history: None]),
    ]
    assert histories[0].loss == histories[1].loss
    assert repr(films[2]).startswith("<Film of 3 epochs in 3 frames: ")


def test_a_model_made_the_same_way_will_do() -> None:
    model = MLP(2, [3, 1], "tanh", rng=rng())
    history = trained(model)
    assert film(MLP(2, [3, 1], "tanh"), history).page == film(model, history).page


# -- the page as a text ----------------------------------------------------------------------------------------------------------


def test_its_size() -> None:
    (X, y), _ = nn.data.moons(rng())
    model = MLP(2, [16, 16, 1], rng=rng())
    history = trained(model, X, [2 * k - 1 for k in y], loss=losses.hinge, epochs=100, snapshots=True)
    assert len(film(model, history).page) < 300_000


def test_the_same_training_gives_the_same_page() -> None:
    code = (
        "import hashlib, random\nfrom nn import MLP, film, fit, mse\nrng = random.Random(0)\nmodel = MLP(2, [3, 1], rng=rng)\n"
        "history = fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], loss=mse, epochs=4, snapshots=3, rng=rng, progress=False)\n"
        "print(hashlib.sha256(film(model, history).page.encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout


NASTY = [
    "</script><script>boom()</script>",
    '"><img src=x onerror=boom()>',
    "<!--<script>",
    "{{SCENES}} {{REEL}}",
    "θ 中文 🎉",
    "lone \ud800",
    "a\nb",
]


@pytest.mark.parametrize("text", NASTY)
def test_names_are_text_and_nothing_else(text: str) -> None:
    def page(name: str) -> FilmPage:
        def metric(outputs: Any, targets: Any) -> float:
            return 0.5

        metric.__name__ = name
        titled = name.encode("utf-8", "ignore").decode()  # no class has a name with a lone surrogate
        model = type(titled, (Module,), {"__init__": start, "__call__": lambda self, x: self.parts[name](x)})(name)
        return page_of(model, trained(model, y=[[side] for side in SIDES], metrics=[metric], executor="eager", epochs=1))

    def start(self: Any, name: str) -> None:
        self.parts = {name: Linear(2, 1)}

    nasty, tidy = page(text), page("tidy")
    assert [tag for tag, _ in nasty.tags] == [tag for tag, _ in tidy.tags]
    assert [attributes.keys() for _, attributes in nasty.tags] == [attributes.keys() for _, attributes in tidy.tags]
    assert nasty.scene["tables"][0]["name"] == f"parts.{text}.weight".replace("\ud800", "\\ud800").replace("\n", "\\n")
    assert nasty.scene["frames"][1]["facts"][1][0] == text.replace("\ud800", "\\ud800").replace("\n", "\\n")


def test_the_page_needs_nothing_else() -> None:
    model = MLP(2, [1])
    page = page_of(model, trained(model))
    for _, attributes in page.tags:
        assert not attributes.keys() & {"src", "srcset", "action", "data", "poster"}
        assert (attributes.get("href") or "data:").startswith("data:")
    assert "url(" not in page.texts["style"]
    assert "@import" not in page.texts["style"]
    assert "{{" not in page.texts["style"]
    names = [attributes["aria-label"] for tag, attributes in page.tags if tag in ("button", "input")]
    assert names == ["Previous frame", "Play", "Next frame", "Frame"]


def test_in_a_notebook_it_is_a_sandboxed_frame(tmp_path: Any) -> None:
    model = MLP(2, [1])
    made = film(model, trained(model))
    frame = made._repr_html_()
    assert re.match(
        r'<iframe srcdoc="[^"]+" sandbox="allow-scripts" title="Film of a training" style="width:100%;height:760px;border:0">', frame
    )
    assert repr(made) == '<Film of 8 epochs in 5 frames: in a notebook it shows itself, elsewhere .save("film.html") writes its page>'
    path = tmp_path / "new" / "film.html"
    assert made.save(path) == str(path)
    assert path.read_bytes() == made.page.encode()
    for wrong in ("film.png", 3, None):
        with pytest.raises(InputError, match=r'a film is saved as an HTML page, not as .*: write \.save\("film\.html"\)'):
            made.save(wrong)


# -- errors ------------------------------------------------------------------------------------------------------------------


def test_what_is_wrong_is_said() -> None:
    model = MLP(2, [3, 1])
    history, other = trained(model), trained(MLP(2, [1]), snapshots=False)
    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: film(predict, history), r"film shows the training of a Module, as in film\(model, history\), not of <function predict"),
        (lambda: film(model, [0.5]), r"film needs the history that fit has returned, as in film\(model, history\), not \[0\.5\]"),
        (
            lambda: film(model, other),
            r"this history has no snapshots: train with fit\(model, X, y, snapshots=True\), and pass what it returns",
        ),
        (
            lambda: film(MLP(2, [4, 1]), history),
            r"the snapshot of epoch 0 has 13 parameters, and this MLP has 17: pass the model of this history",
        ),
        (
            lambda: film(Linear(12, 1), history),
            r"the snapshot of epoch 0 has 13 parameters, and this Linear has 13 with other names: pass the",
        ),
        (lambda: film(model, history, y=SIDES), r"film needs the samples of these targets: write film\(model, history, X, y\)"),
        (lambda: film(model, history, POINTS, SIDES[:3]), r"film needs as many targets as samples, at least one: 60 samples, 3 targets"),
        (lambda: film(model, history, image=(3, 3)), r"image=\(3, 3\) is an image of 9 pixels, and the samples are of 2 numbers"),
        (lambda: film(model, history, image=8), r"image must be the height and the width of the inputs, as in image=\(28, 28\), not 8"),
        (lambda: film(model, history, []), r"film needs at least one sample"),
        (lambda: Film("x", {}, None), r"a film is made by film, as in film\(model, history\), not from 'x'"),
    ]
    for call, message in cases:
        with pytest.raises(InputError, match=f"^{message}"):
            call()


def test_a_model_that_grew_is_refused() -> None:
    model = Sequential(Linear(2, 1))

    def grow(history: History) -> None:
        if len(history.loss) == 4:
            model.layers.append(Linear(1, 1))

    history = trained(model, y=[[side] for side in SIDES], callbacks=[grow])
    with pytest.raises(InputError, match="the snapshot of epoch 0 has 3 parameters, and this Sequential has 5"):
        film(model, history)


def test_content_is_json_of_moderate_depth() -> None:
    model = MLP(2, [3, 1])
    text = json.dumps(page_of(model, trained(model)).scene)
    assert "NaN" not in text
    assert "Infinity" not in text
