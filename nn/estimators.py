"""scikit-learn's manner: `Classifier` and `Regressor`, multi-layer perceptrons that stand in its pipelines and searches.

They need scikit-learn, and are imported by themselves: ``from nn.estimators import Classifier``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

from autograd._runtime.coercion import refuse_masked
from autograd.errors import InputError, MissingPackageError
from autograd.value import Value
from nn.activations import Activation
from nn.checks import fraction, has_length, not_negative
from nn.history import History
from nn.inference import predict
from nn.layers.neurons import MLP
from nn.losses import Loss, Penalty, binary_cross_entropy_with_logits, cross_entropy, l2, mse
from nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.training import fit

try:
    from scipy.special import softmax
    from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise MissingPackageError("nn.estimators needs scikit-learn: pip install 'scalar-autograd[sklearn]'") from error

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}
"""The optimizers by name."""


class _Perceptron(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """What both estimators share: the settings, and training by `fit`."""

    def __init__(
        self,
        hidden_sizes: Sequence[int] | int = (16,),
        activation: str | Activation = "relu",
        *,
        optimizer: str | Callable[..., Optimizer] = "adam",
        lr: float = 0.01,
        optimizer_settings: dict[str, Any] | None = None,
        epochs: int = 100,
        batch_size: int | None = 32,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        penalty: float | Penalty = 0.0,
        executor: str = "auto",
        random_state: Any = None,
        progress: bool = False,
    ) -> None:
        self.hidden_sizes = hidden_sizes
        self.activation = activation
        self.optimizer = optimizer
        self.lr = lr
        self.optimizer_settings = optimizer_settings
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.penalty = penalty
        self.executor = executor
        self.random_state = random_state
        self.progress = progress

    def _train(self, X: Array, y: Array, outputs: int, loss: Loss, classes: Array | None = None, **learnt: Any) -> None:
        """Train a new model. All attributes are set at the end, or none where it is interrupted.

        Args:
            X, y: samples and targets, checked.
            outputs: how many the model has.
            loss: of an output and a target.
            classes: those of the samples, of which the validation data shall have the same shares.
            learnt: more attributes.
        """
        source = check_random_state(self.random_state)
        rng = random.Random(int(source.randint(2**31 - 1)))
        held_out, validation = fraction("validation_fraction", self.validation_fraction), None
        if held_out:
            X, X_held_out, y, y_held_out = train_test_split(X, y, test_size=held_out, random_state=source, stratify=classes)
            validation = X_held_out, y_held_out
        sizes: Any = [self.hidden_sizes] if isinstance(self.hidden_sizes, Integral) else self.hidden_sizes
        if not has_length(sizes):
            raise InputError(f"hidden_sizes must be the numbers of neurons of the hidden layers, as in (16, 16), not {sizes!r}")
        model = MLP(X.shape[1], [*sizes, outputs], self.activation, rng=rng)
        history = fit(
            *(model, X, y),
            loss=loss,
            optimizer=self._optimizer(model),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation=validation,
            metrics=None if classes is not None else (),
            penalty=self._penalty(),
            patience=self.patience,
            executor=self.executor,
            rng=rng,
            progress=self.progress,
        )
        if len(history.loss) < self.epochs and not _ran_out_of_patience(history, self.patience):
            raise KeyboardInterrupt  # `fit` has ended early, but the search that this may be a part of should end too
        self.__dict__.update(learnt, model_=model, history_=history, n_iter_=len(history.loss))

    def _optimizer(self, model: MLP) -> Optimizer:
        make = OPTIMIZERS.get(self.optimizer) if isinstance(self.optimizer, str) else self.optimizer
        if not callable(make):
            raise InputError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, or a class such as nn.Adam, not {self.optimizer!r}")
        settings = {} if self.optimizer_settings is None else self.optimizer_settings
        if not isinstance(settings, dict) or "lr" in settings:
            raise InputError(f"optimizer_settings must be a dict of settings besides lr, as in {{'momentum': 0.9}}, not {settings!r}")
        return make(model.parameters(), lr=self.lr, **settings)

    def _penalty(self) -> Penalty | None:
        if callable(self.penalty):
            return self.penalty
        strength = not_negative("penalty", self.penalty)
        return partial(_decay, strength=strength) if strength else None

    def _answers(self, X: Any) -> Array:
        """The outputs of the model for each sample, in an array of two axes."""
        check_is_fitted(self, "model_")
        X = _validated(self, X, dtype=np.float64, reset=False)
        return np.array(predict(self.model_, X)).reshape(len(X), -1)


class Classifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """A multi-layer perceptron that tells classes apart, as an estimator of scikit-learn.

    For two classes it has one output, the logit of the second, and learns by `binary_cross_entropy_with_logits`; for more it has an output
    for each, and learns by `cross_entropy`. Inputs should be of similar size: put a StandardScaler before it.

    There is no `sample_weight`. scikit-learn asks that a sample of weight 2 counts as the same sample twice, which does not hold for
    training in batches that are shuffled.

    Args:
        hidden_sizes: the number of neurons of each hidden layer; one number for one layer, () for none, which is logistic regression.
        activation: of the hidden layers; see `Neuron`.
        optimizer: "sgd", "adam", "adamw", "rmsprop"; or a class, or a function of the parameters and `lr`.
        lr: the learning rate.
        optimizer_settings: more arguments of the optimizer, such as ``{"momentum": 0.9}``.
        epochs: how often to go through the data, at most.
        batch_size: how many samples a step takes; None for all of them.
        validation_fraction: the share of the samples that is held out, in [0, 1), with the same share of each class. On them the loss is
            measured after each epoch.
        patience: stop when the loss of the samples that are held out (of the others, if there are none) has not improved for this
            number of epochs; see `fit`. None for never.
        penalty: a number for ½ · penalty · Σ w² over the weights without the biases; or a function of the model. It is added to the mean
            loss of each batch. The `alpha` of scikit-learn's MLPClassifier is this number times the number of samples in a batch.
        executor: see `fit`.
        random_state: for the first weights, the samples that are held out, and the order of the samples; as everywhere in scikit-learn
            a whole number, a RandomState of NumPy's, or None for its global one.
        progress: whether to print a line for each epoch.

    Attributes:
        classes_: the labels of the classes, sorted; they may be numbers or strings.
        model_: the `MLP`. `draw` and `save` take it, for example.
        history_: the `History` of the training.
        n_iter_: the number of epochs.
        n_features_in_, feature_names_in_: the number of inputs, and the names of a frame's columns.

    `fit` raises a ValueError if the data are not what scikit-learn takes, or are of one class only; an InputError if a setting is out of
    its range; a TrainingError as `nn.fit` does. Ctrl-C ends it by a KeyboardInterrupt, and the estimator keeps the model it had.

    Source: scikit-learn, "Developing scikit-learn estimators" (its guide for developers).

    Example:
        >>> corners, kinds = [[0, 0], [0, 1], [1, 0], [1, 1]], ["equal", "different", "different", "equal"]
        >>> classifier = Classifier([8], "tanh", lr=0.1, batch_size=None, random_state=0).fit(corners, kinds)
        >>> classifier.predict(corners).tolist()
        ['equal', 'different', 'different', 'equal']
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new model on samples and the labels of their classes."""
        X, y = _validated(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        labels, indices = np.unique(y, return_inverse=True)
        if len(labels) < 2:
            raise ValueError(f"a classifier needs samples of two classes at least, but y has one class only: {labels.tolist()}")
        if len(labels) == 2:
            self._train(X, indices.astype(float), 1, binary_cross_entropy_with_logits, indices, classes_=labels)
        else:
            self._train(X, indices, len(labels), cross_entropy, indices, classes_=labels)
        return self

    def decision_function(self, X: Any) -> Array:
        """The logits: of two classes one number for each sample, which is positive for the second class; of more, one for each class."""
        logits = self._answers(X)
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> Array:
        """For each sample the probabilities of the classes, in the order of `classes_`."""
        logits = self._answers(X)
        if len(self.classes_) == 2:
            logits = np.hstack([np.zeros_like(logits), logits])
        probabilities: Array = softmax(logits, axis=1)
        return probabilities

    def predict(self, X: Any) -> Array:
        """For each sample the label of the most probable class."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: Array = self.classes_[best]
        return labels


class Regressor(RegressorMixin, MultiOutputMixin, _Perceptron):  # type: ignore[misc]
    """A multi-layer perceptron that estimates one number or several, as an estimator of scikit-learn. It learns by `mse`.

    Inputs and targets should be of size 1 or so: put a StandardScaler before it, and it into a TransformedTargetRegressor.

    Args:
        hidden_sizes: see `Classifier`; () is linear regression.
        activation, optimizer, lr, optimizer_settings, epochs, batch_size, patience, penalty, executor, random_state, progress: see
            `Classifier`.
        validation_fraction: the share of the samples that is held out, in [0, 1). On them the loss is measured after each epoch.

    Attributes:
        model_, history_, n_iter_, n_features_in_, feature_names_in_: see `Classifier`.

    `fit` raises what that of `Classifier` does.

    Example:
        >>> X = [[-1.0], [-0.5], [0.0], [0.5], [1.0]]
        >>> regressor = Regressor(8, "tanh", lr=0.05, batch_size=None, epochs=300, random_state=0).fit(X, [1.0, 0.25, 0.0, 0.25, 1.0])
        >>> regressor.score(X, [1.0, 0.25, 0.0, 0.25, 1.0]) > 0.99
        True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train a new model on samples and their targets: a number for each sample, or a row of numbers."""
        X, y = _validated(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        y = y.astype(float)
        self._train(X, y, y.shape[1] if y.ndim == 2 else 1, mse, _axes=y.shape[1:])
        return self

    def predict(self, X: Any) -> Array:
        """For each sample the estimate, in the form of the targets of `fit`."""
        answers = self._answers(X)
        return answers.reshape(len(answers), *self._axes)


def _validated(estimator: Any, *data: Any, **checks: Any) -> Any:
    """The data as arrays, after scikit-learn's checks, which also note or compare the names and the number of the features."""
    for array in data:
        refuse_masked(array)
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:  # before version 1.6
        return estimator._validate_data(*data, **checks)
    return validate_data(estimator, *data, **checks)


def _decay(model: MLP, strength: float) -> Value:
    """½ · strength · Σ w², over the weights without the biases."""
    return l2([w for layer in model.layers for neuron in layer.neurons for w in neuron.w], strength)


def _ran_out_of_patience(history: History, patience: int | None) -> bool:
    losses = history.validation_loss or history.loss
    return patience is not None and bool(losses) and len(losses) - 1 - losses.index(min(losses)) >= patience
