"""What a notebook shows for a Value."""

from drawable import chain, expression

from autograd import Value
from autograd.render.picture.notebook import at_most, notebook_bundle


def test_a_small_graph_is_a_picture_beside_its_text():
    y = expression()
    bundle = notebook_bundle(y)
    assert list(bundle) == ["text/html", "image/svg+xml", "text/plain"]
    assert '<img src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert "tanh" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == repr(y)


def test_more_than_50_nodes_are_a_text():
    assert len(notebook_bundle(chain(50))) == 3
    y = chain(51)
    assert notebook_bundle(y) == {"text/plain": repr(y)}


def test_what_is_not_wanted_is_left_out():
    y = expression()
    assert list(notebook_bundle(y, include=["text/plain"])) == ["text/plain"]
    assert list(notebook_bundle(y, exclude={"text/plain", "text/html"})) == ["image/svg+xml"]
    assert notebook_bundle(chain(60), exclude=["text/plain"]) == {}


def test_counting_stops_early():
    looked_at = []

    class Endless:
        @property
        def _prev(self):
            looked_at.append(self)
            return (Endless(), Endless())

    assert not at_most(Endless(), 50)
    assert len(looked_at) < 50
    x = Value(1.0)
    assert at_most(x * x, 2)
    assert not at_most(x * x, 1)
