"""Losses, each of one sample: a function of the model's output and the target that returns a Value; and penalties.

The target may be a Value too, so that a compiled loss takes another target at every run. What must hold for outputs and targets
is asked of the Values themselves, not of their numbers, so that a compiled function asks it again at every run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

from autograd import abs as absolute
from autograd import clip, log, log1p, log_softmax, relu, softplus
from autograd import sum as total
from autograd._runtime.coercion import number_of, real
from autograd.errors import DomainError, InputError
from autograd.functions import call
from autograd.ops import CLIP, WHERE
from autograd.recording import recorder
from autograd.value import Value, dot, values

# -- of numbers ---------------------------------------------------------------------------------------------------------


def mse(output: Any, target: Any) -> Value:
    """The mean of the squared differences.

    Args:
        output: a Value, or a sequence of them.
        target: a number, or as many numbers.

    Raises:
        InputError: the lengths differ, or there is no output.

    Example:
        >>> mse([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        2.5
    """
    differences = _differences("mse", output, target)
    return dot(differences, differences) / len(differences)  # type: ignore[no-any-return]


def quadratic(output: Any, target: Any) -> Value:
    """½ ‖target − output‖²: half the sum of the squared differences. Its derivative by an output is the difference.

    Args:
        output, target: as for `mse`.

    Raises:
        InputError: the lengths differ, or there is no output.

    Source: Nielsen, "Neural networks and deep learning" (2015), chapter 2.

    Example:
        >>> quadratic([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        2.5
    """
    differences = _differences("quadratic", output, target)
    return dot(differences, differences) / 2.0  # type: ignore[no-any-return]


def mae(output: Any, target: Any) -> Value:
    """The mean of the absolute differences. Its derivative where the difference is 0 is 0.

    Args:
        output, target: as for `mse`.

    Raises:
        InputError: the lengths differ, or there is no output.

    Example:
        >>> mae([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        1.5
    """
    return mean([absolute(d) for d in _differences("mae", output, target)])


def huber(output: Any, target: Any, delta: float = 1.0) -> Value:
    """The mean of ½d² where the difference d is at most `delta` in size, and of delta · (|d| − ½ delta) beyond.

    So outliers pull with the same force, however far out they lie.

    Args:
        output, target: as for `mse`.
        delta: where the parabola goes over into straight lines; positive, in the unit of the output.

    Raises:
        InputError: the lengths differ, there is no output, or `delta` is not positive.

    Source: Huber, "Robust estimation of a location parameter" (1964); the form is PyTorch's.

    Example:
        >>> huber([Value(0.5), Value(3.0)], [0.0, 0.0]).data
        1.3125
    """
    if not 0.0 < real(delta) < math.inf:
        raise InputError(f"delta must be positive, not {delta!r}")
    terms = []
    for d in _differences("huber", output, target):
        near = clip(d, -delta, delta)
        terms.append(near * (d - near / 2.0))  # both formulas at once: near is d within delta, and ±delta beyond
    return mean(terms)


# -- of classes ---------------------------------------------------------------------------------------------------------


def hinge(output: Any, target: Any) -> Value:
    """max(0, 1 − target · score): 0 once the score is on the right side, by a margin of 1.

    Args:
        output: one score, a Value: positive for one class, negative for the other.
        target: −1 or 1.

    Raises:
        InputError: there are several scores, or the target is another number.

    Source: Cortes and Vapnik, "Support-vector networks" (1995).

    Example:
        >>> hinge(Value(0.25), 1).data, hinge(Value(0.25), -1).data, hinge(Value(-3.0), -1).data
        (0.75, 1.25, 0.0)
    """
    scores, targets = _paired("hinge", output, target)
    if len(scores) != 1:
        raise InputError(f"hinge takes one score, not {len(scores)}: for several classes write cross_entropy(logits, target)")
    y = targets[0]
    if not ((y >= 1.0) & (y <= 1.0) | (y >= -1.0) & (y <= -1.0)):
        raise InputError(f"hinge needs a target of -1 or 1, not {number_of(y)!r}: write 2 * target - 1 for targets of 0 and 1")
    return relu(1.0 - y * scores[0])  # type: ignore[no-any-return]


def binary_cross_entropy(output: Any, target: Any) -> Value:
    """−(y log p + (1 − y) log(1 − p)), and the mean of it over several outputs; 0 · log 0 is 0.

    In a function that `compile` made of it, a loss that is not defined is an error for a single sample; for arrays it is a warning, as
    with any operation, and the loss there is infinite or nan. `fit` takes it for the error that it is.

    Args:
        output: the probability p that the target is 1, as a sigmoid gives it: a Value, or a sequence of them.
        target: y, 0 or 1 or a probability between; as many as outputs.

    Raises:
        DomainError: an output is no probability, or it is exactly 0 or 1 and the target says otherwise: the loss would be infinite.
        InputError: the lengths differ, there is no output, or a target is not between 0 and 1.

    Source: Good, "Rational decisions" (1952).

    Example:
        >>> round(binary_cross_entropy(Value(0.8), 1).data, 6)
        0.223144
    """
    terms = []
    for p, y in _with_probabilities("binary_cross_entropy", output, target):
        if recorder() is None:
            _check_finite(p, y)
            low = high = p
        else:  # no branch, which must not depend on a random number: operations with the same domain, which every run is asked for
            low, high = call(CLIP, p, 0.0, p), call(CLIP, p, p, 1.0)
        # where the weight is 0, the logarithm is taken of 1
        if_one, if_zero = -log(call(WHERE, y, high, 1.0)), -log1p(-call(WHERE, 1.0 - y, low, 0.0))
        terms.append(y * if_one + (1.0 - y) * if_zero)
    return mean(terms)


def binary_cross_entropy_with_logits(output: Any, target: Any) -> Value:
    """`binary_cross_entropy` of sigmoid(output), and the mean of it over several outputs. Stable for logits of any size.

    log(sigmoid(z)) is −softplus(−z), and log(1 − sigmoid(z)) is −softplus(z); taken like this nothing cancels.

    Args:
        output: the model's output, without sigmoid: a Value, or a sequence of them.
        target: 0 or 1 or a probability between; as many as outputs.

    Raises:
        InputError: the lengths differ, there is no output, or a target is not between 0 and 1.

    Example:
        >>> binary_cross_entropy_with_logits(Value(-1000.0), 1).data
        1000.0
    """
    pairs = _with_probabilities("binary_cross_entropy_with_logits", output, target)
    return mean([y * softplus(-z) + (1.0 - y) * softplus(z) for z, y in pairs])


def cross_entropy(logits: Sequence[Value], target: Any) -> Value:
    """−Σ yⱼ log softmax(logits)ⱼ: minus the logarithm of the probability that the model gives to the target.

    Args:
        logits: the model's output, without softmax; any size of numbers is safe.
        target: the index of the right class, or a probability for each class.

    Raises:
        InputError: no such class, or not as many probabilities as logits.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> loss = cross_entropy([Value(0.1), Value(10.0), Value(0.1)], 1)
        >>> round(loss.data, 6)
        0.0001
    """
    if isinstance(logits, Value):
        raise InputError("cross_entropy needs a logit for each class; give the model as many outputs as there are classes")
    log_probabilities = log_softmax(logits)
    if isinstance(target, str):
        raise _no_class(target, len(log_probabilities))
    if hasattr(target, "__len__"):
        if len(target) != len(log_probabilities):
            raise InputError(f"cross_entropy needs as many probabilities as logits: {len(target)} and {len(log_probabilities)}")
        return -dot(target, log_probabilities)
    if isinstance(target, Value):
        return -_at_class(target, log_probabilities)
    if real(target) not in range(len(log_probabilities)):
        raise _no_class(target, len(log_probabilities))
    return -log_probabilities[int(target)]  # type: ignore[no-any-return]


# -- of batches and parameters --------------------------------------------------------------------------------------------


def mean(losses: Sequence[Value]) -> Value:
    """The mean: of the losses of a batch, one loss.

    Args:
        losses: Values, at least one.

    Raises:
        InputError: it is no list of losses, there are none, or one is no Value, so that it has no gradient.

    Example:
        >>> mean([mse(Value(x), 1.0) for x in (1.0, 2.0, 4.0)]).data == 10 / 3
        True
    """
    if not hasattr(losses, "__len__"):
        raise InputError(f"mean takes a list of losses, as in mean([loss(model(x), y) for x, y in zip(X, Y)]), not {losses!r}")
    if not len(losses):
        raise InputError("the mean of no losses is not defined: give at least one")
    for loss in losses:
        if not isinstance(loss, Value):
            raise InputError(f"a loss must be a Value, which has a gradient, not {loss!r}: compute it from the model's output")
    return total(losses) / len(losses)  # type: ignore[no-any-return]


def l1(parameters: Iterable[Value], strength: float) -> Value:
    """strength · Σ |w|: a penalty to add to a loss. It drives weights to exactly 0.

    Args:
        parameters: those to keep small: `model.parameters()`, or the weights among them.
        strength: of the penalty, not negative.

    Raises:
        InputError: there are no parameters, or the strength is negative.

    Source: Goodfellow, Bengio, Courville, "Deep learning" (2016), section 7.1.2.

    Example:
        >>> l1([Value(3.0), Value(-4.0)], strength=0.5).data
        3.5
    """
    parameters, strength = _penalised("l1", parameters, strength)
    return total([absolute(w) for w in parameters]) * strength  # type: ignore[no-any-return]


def l2(parameters: Iterable[Value], strength: float) -> Value:
    """½ · strength · Σ w²: a penalty to add to a loss. Its derivative by w is strength · w, so that weights decay.

    With the ½, `strength` is the `weight_decay` of SGD. Where a text has λ/2n · Σ w², it is λ/n; where it has λ · Σ w²
    (as Keras does), it is 2λ.

    Args:
        parameters: those to keep small: `model.parameters()`, or the weights among them.
        strength: of the penalty, not negative.

    Raises:
        InputError: there are no parameters, or the strength is negative.

    Source: Goodfellow, Bengio, Courville, "Deep learning" (2016), section 7.1.1.

    Example:
        >>> l2([Value(3.0), Value(-4.0)], strength=0.5).data
        6.25
    """
    parameters, strength = _penalised("l2", parameters, strength)
    return dot(parameters, parameters) * (strength / 2.0)  # type: ignore[no-any-return]


# -- what they share ------------------------------------------------------------------------------------------------------


def _paired(name: str, output: Any, target: Any) -> tuple[list[Value], list[Any]]:
    """The outputs as Values, and as many targets: Values as they are, all else as floats."""
    outputs, targets = [list(x) if hasattr(x, "__iter__") else [x] for x in (output, target)]
    if len(outputs) != len(targets) or not outputs:
        raise InputError(f"{name} needs as many targets as outputs, at least one: {len(outputs)} outputs, {len(targets)} targets")
    return cast("list[Value]", values(outputs)), [t if isinstance(t, Value) else real(t) for t in targets]


def _differences(name: str, output: Any, target: Any) -> list[Value]:
    outputs, targets = _paired(name, output, target)
    return [o - t for o, t in zip(outputs, targets, strict=True)]


def _with_probabilities(name: str, output: Any, target: Any) -> list[tuple[Value, Any]]:
    """Pairs of an output and a target, which is between 0 and 1."""
    outputs, targets = _paired(name, output, target)
    for y in targets:
        if (y < 0.0) | (y > 1.0):
            raise InputError(f"{name} needs targets between 0 and 1, not {number_of(y)!r}: write (target + 1) / 2 for targets of -1 and 1")
    return list(zip(outputs, targets, strict=True))


def _check_finite(p: Value, y: Any) -> None:
    """That the output p is a probability, and the loss finite there (a nan passes through)."""
    instead = "leave the sigmoid out of the model, and write binary_cross_entropy_with_logits(output, target)"
    if (p < 0.0) | (p > 1.0):
        raise DomainError(f"binary_cross_entropy needs probabilities, not {number_of(p)!r}: if that is a logit, {instead}")
    if (p <= 0.0) & (y > 0.0) | (p >= 1.0) & (y < 1.0):
        raise DomainError(f"binary_cross_entropy of the output {number_of(p)!r} and the target {number_of(y)!r} is infinite: {instead}")


def _at_class(index: Value, items: Sequence[Any]) -> Value:
    """The item at an index that may change while the graph stays."""
    chosen = total([call(WHERE, index - j, 0.0, item) for j, item in enumerate(items)])
    matches = total([call(WHERE, index - j, 0.0, 1.0) for j in range(len(items))])
    if not matches >= 1.0:
        raise _no_class(number_of(index), len(items))
    matches.label = "number of classes that the target is"
    return chosen / matches  # type: ignore[no-any-return] # a graph that is compiled does not ask again: there, 0/0 is the error


def _no_class(target: Any, classes: int) -> InputError:
    return InputError(f"target {target!r} is no class: with {classes} logits, classes are 0 to {classes - 1}")


def _penalised(name: str, parameters: Iterable[Value], strength: float) -> tuple[list[Value], float]:
    """Parameters as a list, and the strength as a float."""
    listed = list(parameters) if hasattr(parameters, "__iter__") else []
    if not listed or not all(isinstance(w, Value) for w in listed):
        raise InputError(f"{name} needs Values to penalise: write {name}(model.parameters(), strength=0.01)")
    if not 0.0 <= real(strength) < math.inf:
        raise InputError(f"the strength of {name} must not be negative, nor infinite: {strength!r}")
    return listed, real(strength)
