"""A training as a page: `film`."""

from __future__ import annotations

import html

from autograd.errors import InputError
from autograd.render.lettering import shown
from autograd.render.page import HtmlPage, fill, safe_json
from nn.checks import paired
from nn.data.rows import Rows
from nn.engine.samples import Samples
from nn.films.frames import frames_of, inputs_of
from nn.films.reel import Reel
from nn.films.scenes import scenes_of
from nn.films.views import Scene
from nn.history import History
from nn.module import Module
from nn.snapshots import Snapshots, form_of, some_of

HEIGHT = 760
"""The height of a notebook's frame, in pixels."""


def film(model: Module, history: History, X: Rows | None = None, y: Rows | None = None, *, image: tuple[int, int] | None = None) -> Film:
    """A training as one page, from the snapshots that ``fit(…, snapshots=True)`` has kept: what the network did, epoch by epoch.

    A slider goes over the epochs. The page shows

    - the network with its weights as lines: blue if positive, vermilion if negative; the larger, the thicker;
    - for two inputs, each neuron's output as a picture of the plane, the decision boundary, and the samples; for one input the curve;
    - for images, such as 8 × 8 or 28 × 28 pixels, the weights of each neuron of the first layer as an image, and what the model answers
      for some of the samples;
    - the curve of the loss, with a marker.

    It shows this of an `MLP`, a `Sequential`, and any other chain of dense layers. Of another model it shows what there is: the loss, the
    weights as tables, and the boundary or the answers. Of a layer of more than 16 neurons the first 15 are shown. In a notebook the result
    shows itself; elsewhere ``.save("film.html")`` writes a page that needs nothing else. Parameters, gradients and modes of the model are
    afterwards what they were.

    Args:
        model: the model that was trained, with its layers as they were; also one made the same way.
        history: what `fit` has returned, with ``history.snapshots``.
        X, y: samples and targets to show, by default up to 500 of those of the training, which were kept with the snapshots.
        image: the height and the width, where the inputs are the pixels of an image. By default samples that are nested as images are
            images, and so are square numbers of 64 inputs or more.

    Raises:
        InputError: there are no snapshots, they are of another model, or the samples do not fit.

    Source: the playground of Smilkov, Carter, Sculley, Viégas, Wattenberg, "Direct-manipulation visualization of deep networks" (2017),
    from which the neurons' pictures of the plane are known.

    Example:
        >>> from nn import MLP, fit
        >>> model = MLP(2, [3, 2], "tanh")
        >>> corners, classes = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        >>> history = fit(model, corners, classes, epochs=20, snapshots=True, progress=False)
        >>> film(model, history)
        <Film of 20 epochs in 21 frames: in a notebook it shows itself, elsewhere .save("film.html") writes its page>
    """
    snapshots = _snapshots(model, history)
    if X is not None:
        shown_samples = Samples(X, y)
        if y is not None:
            paired("film", shown_samples.X, shown_samples.y)
        if not len(shown_samples):
            raise InputError("film needs at least one sample")
        samples, targets = some_of(shown_samples)
    elif y is not None:
        raise InputError("film needs the samples of these targets: write film(model, history, X, y)")
    else:
        samples, targets = snapshots.X, snapshots.y
    frames = frames_of(model, snapshots, inputs_of(samples, targets, _image(image)))
    sizes = [] if frames.chain is None else [len(frames.chain.layers[0].rows[0]), *(len(layer.rows) for layer in frames.chain.layers)]
    about = f" {' – '.join(map(str, sizes))}" if sizes else f", {len(snapshots[0].numbers):,} parameters"
    return Film(f"{type(model).__name__}{about}", *scenes_of(model, frames, history))


class Film(HtmlPage):
    """A page that shows a training. Made by `film`."""

    _kind, _file = "film", "film.html"

    def __init__(self, title: str, scene: Scene, reel: Reel) -> None:
        if not isinstance(reel, Reel):
            raise InputError(f"a film is made by film, as in film(model, history), not from {title!r:.60}")
        last = scene["frames"][-1]["epoch"]
        self._summary = f"{last} epoch{'s' * (last != 1)} in {reel.frames} frame{'s' * (reel.frames != 1)}"
        content = safe_json({"title": shown(title), **scene, "sections": reel.sections})
        page = fill("nn.films", "film.html", "frame", html.escape(f"{shown(title)}, a training"), SCENES=content, REEL=reel.text())
        super().__init__(page, "Film of a training", HEIGHT)

    def __repr__(self) -> str:
        return f'<Film of {self._summary}: in a notebook it shows itself, elsewhere .save("film.html") writes its page>'


def _snapshots(model: object, history: object) -> Snapshots:
    """The snapshots of a history, if they are of this model.

    Raises:
        InputError: there are none, or they are of another one.
    """
    if not isinstance(model, Module):
        raise InputError(f"film shows the training of a Module, as in film(model, history), not of {model!r:.60}")
    if not isinstance(history, History):
        raise InputError(f"film needs the history that fit has returned, as in film(model, history), not {history!r:.60}")
    snapshots = history.snapshots
    if snapshots is None or not snapshots:
        raise InputError("this history has no snapshots: train with fit(model, X, y, snapshots=True), and pass what it returns to film")
    form, count = form_of(model), len(model.parameters())
    for snapshot in snapshots:
        if snapshot.form != form:
            raise InputError(
                f"the snapshot of epoch {snapshot.epoch} has {len(snapshot.numbers):,} parameters, and this {type(model).__name__} has "
                f"{count:,}{' with other names' if count == len(snapshot.numbers) else ''}: pass the model of this history"
            )
    return snapshots


def _image(image: object) -> tuple[int, int] | None:
    """The height and the width that a user has given.

    Raises:
        InputError: it is something else.
    """
    if image is None:
        return None
    if not isinstance(image, (tuple, list)) or len(image) != 2 or not all(type(x) is int and x > 0 for x in image):
        raise InputError(f"image must be the height and the width of the inputs, as in image=(28, 28), not {image!r}")
    return image[0], image[1]
