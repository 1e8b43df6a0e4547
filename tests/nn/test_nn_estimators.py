"""scikit-learn's manner: its own checks of estimators, its pipelines and searches, and its linear models, which are networks of no hidden layer."""

import math
import pickle
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import parametrize_with_checks

import nn
from autograd.errors import InputError
from nn import SGD, losses, predict
from nn.estimators import Classifier, Regressor

FLOWERS, KINDS = load_iris(return_X_y=True)
FLOWERS = scale(FLOWERS)
NAMES = np.array(["setosa", "versicolor", "virginica"])[KINDS]


def quick(estimator: type, **settings: Any) -> Any:
    return estimator(**{"hidden_sizes": (6,), "epochs": 12, "lr": 0.03, "random_state": 0, **settings})


@parametrize_with_checks([quick(Classifier, epochs=20), quick(Regressor, hidden_sizes=(16,), epochs=20)])
def test_the_checks_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# -- what is learnt ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [2, 3])
def test_without_hidden_layers_it_is_logistic_regression(kinds: int) -> None:
    X, y = FLOWERS[KINDS < kinds], NAMES[KINDS < kinds]
    ours = Classifier((), lr=0.3, epochs=800, batch_size=None, penalty=0.05, random_state=0).fit(X, y)
    theirs = LogisticRegression(C=1.0 / (0.05 * len(X)), tol=1e-8, max_iter=1000).fit(X, y)
    assert ours.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-4)
    logits, expected = ours.decision_function(X), theirs.decision_function(X)
    if kinds == 3:  # a number that is added to all logits of a sample changes nothing
        logits, expected = (z - z.mean(axis=1, keepdims=True) for z in (logits, expected))
    assert logits == pytest.approx(expected, abs=2e-3)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    assert ours.score(X, y) == theirs.score(X, y)


@pytest.mark.parametrize("targets", [1, 2])
def test_without_hidden_layers_it_is_ridge_regression(targets: int) -> None:
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X)[:100, :4], scale(np.column_stack([y, y**2]))[:100, :targets]
    y = y[:, 0] if targets == 1 else y
    strength = 0.1 / targets  # the loss is the mean over the targets
    ours = Regressor((), lr=0.05, epochs=600, batch_size=None, penalty=strength, random_state=0).fit(X, y)
    theirs = Ridge(alpha=0.1 * len(X) / 2.0).fit(X, y)
    assert ours.predict(X).shape == y.shape
    assert ours.predict(X) == pytest.approx(theirs.predict(X), abs=1e-5)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-6)


def test_a_column_of_targets_gives_a_column() -> None:
    X, y = FLOWERS[:30, :2], FLOWERS[:30, 2]
    row, column = quick(Regressor).fit(X, y), quick(Regressor).fit(X, y[:, None])
    assert column.predict(X).shape == (30, 1)
    assert column.predict(X)[:, 0].tolist() == row.predict(X).tolist()


@pytest.mark.parametrize("kinds", [2, 3])
def test_answers_are_those_of_the_model(kinds: int) -> None:
    X, y = FLOWERS[KINDS < kinds][::3], NAMES[KINDS < kinds][::3]
    classifier = quick(Classifier).fit(X, y)
    outputs = np.array(predict(classifier.model_, X))
    assert classifier.classes_.tolist() == sorted(set(y))
    assert classifier.decision_function(X).tolist() == outputs.tolist()
    probabilities = classifier.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1.0, rel=1e-14)
    if kinds == 2:
        assert probabilities[:, 1] == pytest.approx([1.0 / (1.0 + math.exp(-z)) for z in outputs], rel=1e-12)
    assert classifier.predict(X).tolist() == [classifier.classes_[k] for k in probabilities.argmax(axis=1)]


def test_large_logits_are_probabilities() -> None:
    classifier = quick(Classifier, hidden_sizes=()).fit(FLOWERS, NAMES)
    for layer in classifier.model_.layers:
        for p in layer.parameters():
            p.data *= 1e6
    probabilities = classifier.predict_proba(FLOWERS)
    assert np.isfinite(probabilities).all()
    assert set(probabilities.ravel()) == {0.0, 1.0}


# -- settings ----------------------------------------------------------------------------------------------------------------


def answers(**settings: Any) -> list[Any]:
    answer: list[Any] = quick(Classifier, epochs=3, **settings).fit(FLOWERS, NAMES).predict_proba(FLOWERS).tolist()
    return answer


def test_a_seed_decides_everything() -> None:
    again = {"validation_fraction": 0.2, "patience": 1}
    assert answers(**again) == answers(**again)
    assert answers(random_state=1) != answers()
    assert answers(random_state=np.random.RandomState(5)) == answers(random_state=np.random.RandomState(5))
    np.random.seed(7)
    first = answers(random_state=None), answers(random_state=None)
    np.random.seed(7)
    assert (answers(random_state=None), answers(random_state=None)) == first
    assert first[0] != first[1]
    random.seed(1)
    before = answers()
    random.seed(2)
    assert answers() == before, "Python's generator has no part in it"


def test_each_setting_has_its_effect() -> None:
    default = answers()
    for name, setting in {
        "hidden_sizes": 5,
        "activation": "tanh",
        "optimizer": "rmsprop",
        "lr": 0.1,
        "optimizer_settings": {"betas": (0.5, 0.9)},
        "epochs": None,
        "batch_size": 10,
        "validation_fraction": 0.5,
        "penalty": 1.0,
    }.items():
        if name != "epochs":
            assert answers(**{name: setting}) != default, name
    assert answers(hidden_sizes=[6]) == answers(hidden_sizes=np.array([6])) == answers(hidden_sizes=6) == default
    assert answers(optimizer=nn.Adam) == answers(optimizer=lambda parameters, lr: nn.Adam(parameters, lr)) == default
    assert answers(batch_size=None) == answers(batch_size=150)
    assert answers(executor="eager") == pytest.approx(np.array(answers(executor="numpy")), abs=1e-12)


@pytest.mark.parametrize("strength", [0.5, 0.0])
def test_a_penalty_is_a_strength_or_a_function(strength: float) -> None:
    def of_weights(model: Any) -> Any:
        return losses.l2([w for layer in model.layers for neuron in layer.neurons for w in neuron.w], strength)

    assert np.array(answers(penalty=strength)) == pytest.approx(np.array(answers(penalty=of_weights)), abs=1e-12)


def test_training_ends_when_patience_is_lost() -> None:
    classifier = quick(Classifier, epochs=300, lr=0.3, validation_fraction=0.2, patience=3).fit(FLOWERS, NAMES)
    losses_of_validation = classifier.history_.validation_loss
    assert classifier.n_iter_ == len(losses_of_validation) < 300
    assert losses_of_validation.index(min(losses_of_validation)) == classifier.n_iter_ - 4
    assert len(classifier.history_.validation_accuracy) == classifier.n_iter_
    regressor = quick(Regressor, epochs=5, validation_fraction=0.2).fit(FLOWERS, KINDS)
    assert (len(regressor.history_.validation_loss), regressor.n_iter_, regressor.history_.metrics) == (5, 5, {})


def test_each_class_has_its_share_of_the_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    import nn.estimators

    seen: dict[str, Any] = {}

    def seeing(model: Any, X: Any, y: Any, **settings: Any) -> Any:
        seen.update(settings, y=y)
        return nn.training.fit(model, X, y, **settings)

    monkeypatch.setattr(nn.estimators, "fit", seeing)
    quick(Classifier, epochs=1, validation_fraction=0.2).fit(FLOWERS, NAMES)
    assert (np.bincount(seen["y"]).tolist(), np.bincount(seen["validation"][1]).tolist()) == ([40] * 3, [10] * 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "lbfgs"}, r"optimizer must be one of sgd, adam, adamw, rmsprop, or a class such as nn.Adam, not 'lbfgs'$"),
        ({"optimizer": None}, "optimizer must be one of"),
        ({"optimizer_settings": {"lr": 0.1}}, r"must be a dict of settings besides lr, as in \{'momentum': 0.9\}, not \{'lr': 0.1\}$"),
        ({"optimizer_settings": 0.1}, "must be a dict of settings"),
        ({"optimizer_settings": {"momentum": 0.9}}, "Adam has no momentum"),
        ({"hidden_sizes": None}, r"hidden_sizes must be the numbers of neurons of the hidden layers, as in \(16, 16\), not None$"),
        ({"hidden_sizes": (0,)}, "whole number of at least 1"),
        ({"activation": "softmaxx"}, "there is no activation"),
        ({"epochs": 0}, "epochs must be"),
        ({"validation_fraction": 1.0}, r"validation_fraction must be in \[0, 1\), not 1.0"),
        ({"penalty": -1.0}, "penalty must be finite and not negative"),
        ({"lr": 0.0}, "learning rate must be positive"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, Any], message: str) -> None:
    estimator = quick(Classifier, **settings)  # which says nothing yet, as scikit-learn wants it
    with pytest.raises(InputError, match=message):
        estimator.fit(FLOWERS, NAMES)


# -- data --------------------------------------------------------------------------------------------------------------------


def test_names_of_columns_are_kept_and_compared() -> None:
    frame = pd.DataFrame(FLOWERS, columns=["a", "b", "c", "d"])
    classifier = quick(Classifier).fit(frame, pd.Series(NAMES))
    assert (classifier.feature_names_in_.tolist(), classifier.n_features_in_) == (["a", "b", "c", "d"], 4)
    assert classifier.predict_proba(frame).tolist() == quick(Classifier).fit(FLOWERS, NAMES).predict_proba(FLOWERS).tolist()
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("estimator", [Classifier, Regressor])
def test_data_that_are_refused(estimator: type) -> None:
    model = quick(estimator, epochs=1)
    with pytest.raises(NotFittedError):
        model.predict(FLOWERS)
    with pytest.raises(TypeError, match="[Ss]parse"):
        model.fit(csr_array(FLOWERS), KINDS)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(FLOWERS > 2.0, np.nan, FLOWERS), KINDS)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(FLOWERS, KINDS[:-1])
    model.fit(FLOWERS, KINDS)
    with pytest.raises(ValueError, match="3 features, but .* is expecting 4 features"):
        model.predict(FLOWERS[:, :3])


def test_classes_that_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs samples of two classes at least, but y has one class only: \['setosa'\]$"):
        quick(Classifier).fit(FLOWERS[:50], NAMES[:50])
    with pytest.raises(ValueError, match="Unknown label type"):
        quick(Classifier).fit(FLOWERS, FLOWERS[:, 0])


# -- in scikit-learn's company ------------------------------------------------------------------------------------------------


def test_in_a_pipeline_that_is_cross_validated() -> None:
    X, _ = load_iris(return_X_y=True)
    scores = cross_val_score(make_pipeline(StandardScaler(), quick(Classifier, epochs=30)), X, NAMES, cv=3)
    assert scores.mean() > 0.9
    y = X @ [1.0, -2.0, 3.0, 0.5] * 100.0 + 1000.0
    regressor = TransformedTargetRegressor(quick(Regressor, epochs=30), transformer=StandardScaler())
    folds = KFold(3, shuffle=True, random_state=0)
    assert cross_val_score(make_pipeline(StandardScaler(), regressor), X, y, cv=folds).mean() > 0.9


def test_in_a_search() -> None:
    grid = {"hidden_sizes": [(), (4, 4)], "optimizer_settings": [None, {"momentum": 0.9}], "lr": [1e-6, 0.1]}
    search = GridSearchCV(quick(Classifier, optimizer="sgd", epochs=5), grid, cv=2).fit(FLOWERS, NAMES)
    assert search.best_params_["lr"] == 0.1
    assert search.best_score_ > 0.8
    assert len(set(search.cv_results_["mean_test_score"])) > 2
    assert search.best_estimator_.optimizer_settings == search.best_params_["optimizer_settings"]


@pytest.mark.slow
def test_in_a_search_of_several_processes() -> None:
    grid = {"hidden_sizes": [(), (8,)]}
    one, two = (GridSearchCV(quick(Classifier), grid, cv=2, n_jobs=n).fit(FLOWERS, NAMES) for n in (1, 2))
    assert one.cv_results_["mean_test_score"].tolist() == two.cv_results_["mean_test_score"].tolist()


def test_clones_and_pickles() -> None:
    settings = {"optimizer": SGD, "optimizer_settings": {"momentum": 0.5}, "activation": nn.Tanh(), "hidden_sizes": [3, 2]}
    fitted = quick(Classifier, **settings).fit(FLOWERS, NAMES)
    other = clone(fitted)
    assert not hasattr(other, "model_")
    assert other.get_params()["optimizer_settings"] == {"momentum": 0.5}
    assert other.fit(FLOWERS, NAMES).predict_proba(FLOWERS).tolist() == fitted.predict_proba(FLOWERS).tolist()
    again = pickle.loads(pickle.dumps(fitted))
    assert again.predict_proba(FLOWERS).tolist() == fitted.predict_proba(FLOWERS).tolist()
    assert again.history_ == fitted.history_


def test_ctrl_c_ends_more_than_this_training(monkeypatch: pytest.MonkeyPatch) -> None:
    import nn.training

    classifier = quick(Classifier).fit(FLOWERS, NAMES)
    before, model, calls = classifier.predict(FLOWERS).tolist(), classifier.model_, 0
    real_epoch = nn.training.run_epoch

    def interrupted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real_epoch(*arguments)

    monkeypatch.setattr(nn.training, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(clone(classifier), {"lr": [0.1, 0.2]}, cv=2).fit(FLOWERS, NAMES)
    assert calls == 3
    calls = 0
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(FLOWERS, KINDS)
    assert (classifier.predict(FLOWERS).tolist(), classifier.model_) == (before, model)


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    quick(Classifier, epochs=2).fit(FLOWERS, NAMES)
    assert capsys.readouterr() == ("", "")
    quick(Classifier, epochs=2, progress=True).fit(FLOWERS, NAMES)
    assert "epoch 2/2" in "".join(capsys.readouterr())


# -- the import ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (
            "import sys, nn; print('sklearn' in sys.modules, nn.estimators.Regressor(), 'sklearn' in sys.modules); from nn import estimators",
            "False Regressor() True",
        ),
        (
            "import sys; sys.modules['sklearn'] = None\nfrom nn import *\nimport nn\ntry:\n    nn.estimators\nexcept ImportError as error:\n    print(error)",
            "nn.estimators needs scikit-learn: pip install 'scalar-autograd[sklearn]'",
        ),
    ],
    ids=["there", "missing"],
)
def test_nn_itself_needs_no_scikit_learn(code: str, answer: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, answer), done.stderr


def test_other_names_of_the_package() -> None:
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'estimator'"):
        nn.estimator  # type: ignore[attr-defined]


def test_masked_numbers_are_refused() -> None:
    X = np.arange(8.0).reshape(4, 2) / 8.0
    masked = np.ma.array(X, mask=X > 0.5)
    with pytest.raises(InputError, match="numbers of a masked array are masked"):
        Regressor(4, epochs=1).fit(masked, [0.0, 1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="numbers of a masked array are masked"):
        Regressor(4, epochs=1).fit(X, [0.0, 1.0, 2.0, 3.0]).predict(masked)
