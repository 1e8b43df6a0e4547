"""`predict` and `evaluate`."""

from typing import Any

import numpy as np
import pytest
from nn_xor import CLASSES, XOR, xor_model

from autograd import Value
from autograd.errors import InputError
from nn import MLP, Module, cross_entropy, evaluate, fit, mse, predict
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, hinge


def test_predictions_are_numbers() -> None:
    assert [type(out) for out in predict(MLP(2, [3, 1]), XOR)] == [float] * 4
    outputs = predict(MLP(2, [3]), np.array(XOR))
    assert [[type(o) for o in out] for out in outputs] == [[float] * 3] * 4
    assert predict(MLP(2, [3]), []) == []
    with pytest.raises(InputError, match=r"a list of numbers, not one number: write predict\(model, \[x\]\) for one sample x"):
        predict(MLP(2, [3]), [1.0, 2.0])


class Echo(Module):
    """Its outputs are its parameters."""

    def __init__(self, *outputs: float) -> None:
        self.outputs = [Value(x) for x in outputs]

    def __call__(self, x: Any) -> Any:
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs


@pytest.mark.parametrize(
    ("outputs", "target", "loss", "accuracy"),
    [
        ((1.0, 3.0, 2.0), 1, cross_entropy, 1.0),
        ((1.0, 3.0, 2.0), 2, cross_entropy, 0.0),
        ((1.0, 3.0, 2.0), [0.0, 1.0, 0.0], cross_entropy, 1.0),
        ((1.0, 3.0, 2.0), np.array([0.3, 0.3, 0.4]), cross_entropy, 0.0),
        ((1.0, 1.0), 0, cross_entropy, 1.0),  # of equal outputs the first counts
        ((0.7,), True, mse, 1.0),  # a truth is one of 0 and 1
        ((0.7,), -1, mse, 0.0),
        ((-0.7,), -1, mse, 1.0),
        ((-0.7,), 0, mse, 1.0),
    ],
)
def test_accuracy(outputs: tuple[float, ...], target: Any, loss: Any, accuracy: float) -> None:
    model = Echo(*outputs)
    result = evaluate(model, [[0.0]], [target], loss=loss)
    assert result == {"loss": loss(model([0.0]), target).data, "accuracy": accuracy}
    history = fit(model, [[0.0]], [target], loss=loss, epochs=1, progress=False)
    assert history.accuracy == [accuracy]


class Scored(Module):
    """Returns its input."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        return self.w * x


@pytest.mark.parametrize(("loss", "accuracy"), [(hinge, 1.0), (binary_cross_entropy_with_logits, 1.0), (binary_cross_entropy, 0.5)])
def test_the_loss_says_whether_an_output_is_a_logit(loss: Any, accuracy: float) -> None:
    """0.1 is class 1 if it is a logit, and class 0 if it is a probability; of a part of the data too, in which all are of one class."""
    assert evaluate(Scored(), [0.1, 0.9], [1, 1], loss=loss)["accuracy"] == accuracy


def test_whole_numbers_are_classes_only_where_there_are_two() -> None:
    model = Scored()
    assert fit(model, [1.0, 2.0], [3, 7], loss=mse, epochs=1, progress=False).metrics == {}
    assert evaluate(model, [1.0], [2], loss=mse).keys() == {"loss"}
    assert evaluate(model, [1.0], [0.5], loss=mse).keys() == {"loss"}
    assert evaluate(model, [1.0], [True], loss=mse).keys() == {"loss", "accuracy"}


def test_metrics_by_name_and_by_function(capsys: pytest.CaptureFixture[str]) -> None:
    def worst(outputs: Any, targets: Any) -> Any:
        return np.max(np.abs(np.array(outputs) - np.array(targets)))

    X, y = [0.0, 1.0, 2.0], [0.5, 1.0, 1.0]
    result = evaluate(Scored(), X, y, loss=mse, metrics=["mean_absolute_error", "r2_score", worst])
    assert result == {"loss": 1.25 / 3.0, "mean_absolute_error": 0.5, "r2_score": pytest.approx(1.0 - 1.25 / (1.0 / 6.0)), "worst": 1.0}
    assert type(result["worst"]) is float
    assert evaluate(Scored(), X, y, loss=mse, metrics="r2_score").keys() == {"loss", "r2_score"}
    assert evaluate(Scored(), X, y, loss=mse, metrics=worst).keys() == {"loss", "worst"}
    history = fit(Scored(), X, y, loss=mse, metrics=["r2_score", worst], validation=(X, y), epochs=2)
    assert list(history.metrics) == ["r2_score", "worst", "validation_r2_score", "validation_worst"]
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("epoch 1/2: loss 0.4167, training r2 score -6.5, training worst 1, validation loss 0.4")
    assert ", validation r2 score -6." in line


def test_a_metric_must_be_one_number() -> None:
    def table(outputs: Any, targets: Any) -> Any:
        return [[1, 0]]

    def validation_worst(outputs: Any, targets: Any) -> float:
        return 0.0

    with pytest.raises(InputError, match=r"the metric 'table' must return a number, not \[\[1, 0\]\]"):
        evaluate(Scored(), [0.0], [0.0], loss=mse, metrics=table)
    with pytest.raises(InputError, match="the history already has a curve 'validation_worst'"):
        evaluate(Scored(), [0.0], [0.0], loss=mse, metrics=validation_worst)


def test_evaluate_needs_targets() -> None:
    with pytest.raises(InputError, match="evaluate needs as many targets as samples"):
        evaluate(xor_model(), XOR, [0])
    with pytest.raises(InputError, match="loss must be a function of an output and a target"):
        evaluate(xor_model(), XOR, CLASSES, loss="mse")  # type: ignore[arg-type]
