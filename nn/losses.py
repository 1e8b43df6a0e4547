"""Losses, each of one sample: a function of the model's output and the target that returns a Value; and penalties.

The target may be a Value too, so that a compiled loss takes another target at every run. Outputs and targets are checked by comparisons of
Values, not of their numbers, so that a compiled function repeats the check at every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
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
from nn.checks import differentiable, has_length, listed, not_negative, positive

Number = float | Value
Numbers = Number | Iterable[Number]
"""One number, or several: lists, tuples and arrays. Each may be a Value."""

Loss = Callable[[Any, Any], Value]
"""A function of the output and the target of one sample."""

Penalty = Callable[[Any], Value]
"""A function of the model."""

# -- of numbers ---------------------------------------------------------------------------------------------------------


def mse(output: Numbers, target: Numbers) -> Value:
    """The mean of the squared differences.

    Args:
        output: a Value, or several.
        target: a number, or one for each output.

    Raises:
        InputError: the lengths differ, or there is no output.

    Example:
        >>> mse([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        2.5
    """
    differences = _differences("mse", output, target)
    result: Value = dot(differences, differences) / len(differences)
    return result


def quadratic(output: Numbers, target: Numbers) -> Value:
    """½ ‖target − output‖²: half the sum of the squared differences. Its derivative with respect to an output is the difference.

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
    result: Value = dot(differences, differences) / 2.0
    return result


def mae(output: Numbers, target: Numbers) -> Value:
    """The mean of the absolute differences. Where a difference is 0, its derivative is 0.

    Args:
        output, target: as for `mse`.

    Raises:
        InputError: the lengths differ, or there is no output.

    Example:
        >>> mae([Value(1.0), Value(4.0)], [0.0, 2.0]).data
        1.5
    """
    return mean([absolute(d) for d in _differences("mae", output, target)])


def huber(output: Numbers, target: Numbers, delta: float = 1.0) -> Value:
    """The mean of ½d² for differences d up to ±`delta`, and of delta · (|d| − ½ delta) for larger ones.

    So the derivative with respect to an outlier is bounded by `delta`.

    Args:
        output, target: as for `mse`.
        delta: where the parabola continues as a straight line; positive, in the unit of the output.

    Raises:
        InputError: the lengths differ, there is no output, or `delta` is not positive.

    Source: Huber, "Robust estimation of a location parameter" (1964); the form is PyTorch's.

    Example:
        >>> huber([Value(0.5), Value(3.0)], [0.0, 0.0]).data
        1.3125
    """
    delta = positive("delta", delta)
    terms = []
    for d in _differences("huber", output, target):
        near = clip(d, -delta, delta)
        terms.append(near * (d - near / 2.0))  # both formulas at once: near is d within delta, and ±delta beyond
    return mean(terms)


# -- of classes ---------------------------------------------------------------------------------------------------------


def hinge(output: Numbers, target: Numbers) -> Value:
    """max(0, 1 − target · score): it is 0 if the score is on the right side by a margin of 1.

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
    result: Value = relu(1.0 - y * scores[0])
    return result


def binary_cross_entropy(output: Numbers, target: Numbers) -> Value:
    """−(y log p + (1 − y) log(1 − p)), or the mean of it over several outputs; 0 · log 0 is 0.

    In a compiled function, a loss that is not defined raises an error for a single sample. For arrays there is a warning, as with any
    operation, and the loss is infinite or nan; in `fit` it is an error.

    Args:
        output: the probability p that the target is 1, as a sigmoid gives it: a Value, or several.
        target: y, which is 0, 1 or a probability in between; one for each output.

    Raises:
        DomainError: an output is not a probability, or it is exactly 0 or 1 and the target differs: the loss would be infinite.
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
        else:  # a branch must not depend on a random number; operations with the same domain are checked at every run
            low, high = call(CLIP, p, 0.0, p), call(CLIP, p, p, 1.0)
        # if the weight is 0, the argument of the logarithm is replaced by 1
        if_one, if_zero = -log(call(WHERE, y, high, 1.0)), -log1p(-call(WHERE, 1.0 - y, low, 0.0))
        terms.append(y * if_one + (1.0 - y) * if_zero)
    return mean(terms)


def binary_cross_entropy_with_logits(output: Numbers, target: Numbers) -> Value:
    """`binary_cross_entropy` of sigmoid(output), or the mean of it over several outputs. It is stable for logits of any size.

    It uses log(sigmoid(z)) = −softplus(−z) and log(1 − sigmoid(z)) = −softplus(z), in which nothing cancels.

    Args:
        output: the model's output without a sigmoid: a Value, or several.
        target: 0, 1 or a probability in between; one for each output.

    Raises:
        InputError: the lengths differ, there is no output, or a target is not between 0 and 1.

    Example:
        >>> binary_cross_entropy_with_logits(Value(-1000.0), 1).data
        1000.0
    """
    pairs = _with_probabilities("binary_cross_entropy_with_logits", output, target)
    return mean([y * softplus(-z) + (1.0 - y) * softplus(z) for z, y in pairs])


def cross_entropy(logits: Numbers, target: Numbers) -> Value:
    """−Σ yⱼ log softmax(logits)ⱼ: minus the logarithm of the probability that the model gives to the target.

    Args:
        logits: the model's outputs without a softmax, one for each class. They may be of any size.
        target: the index of the right class, or a probability for each class.

    Raises:
        InputError: there is a single logit or no such class, or the number of probabilities is not that of logits.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).

    Example:
        >>> loss = cross_entropy([Value(0.1), Value(10.0), Value(0.1)], 1)
        >>> round(loss.data, 6)
        0.0001
    """
    if isinstance(logits, Value):
        raise InputError(
            "cross_entropy needs a logit for each class: give the model as many outputs as there are classes; "
            "or, if the targets are numbers rather than classes, write fit(model, X, y, loss=mse)"
        )
    log_probabilities = log_softmax(cast("Iterable[Number]", logits))
    if isinstance(target, str):
        raise _no_class(target, len(log_probabilities))
    if isinstance(target, Sized) and has_length(target):
        if len(target) != len(log_probabilities):
            raise InputError(f"cross_entropy needs as many probabilities as logits: {len(target)} and {len(log_probabilities)}")
        return -dot(cast("Iterable[Number]", target), log_probabilities)
    if isinstance(target, Value):
        return -_at_class(target, log_probabilities)
    index = real(target)
    if index not in range(len(log_probabilities)):
        raise _no_class(target, len(log_probabilities))
    result: Value = -log_probabilities[int(index)]
    return result


# -- of batches and parameters --------------------------------------------------------------------------------------------


def mean(losses: Sequence[Value]) -> Value:
    """The mean of the losses of a batch.

    Args:
        losses: Values, at least one.

    Raises:
        InputError: `losses` is not a list of Values, or it is empty.

    Example:
        >>> mean([mse(Value(x), 1.0) for x in (1.0, 2.0, 4.0)]).data == 10 / 3
        True
    """
    if not has_length(losses):
        raise InputError(f"mean takes a list of losses, as in mean([loss(model(x), y) for x, y in zip(X, Y)]), not {losses!r}")
    if not len(losses):
        raise InputError("the mean of no losses is not defined: give at least one")
    for loss in losses:
        differentiable("a loss", loss, "the model's output")
    result: Value = total(losses) / len(losses)
    return result


def l1(parameters: Iterable[Value], strength: float) -> Value:
    """strength · Σ |w|: a penalty to add to a loss. It drives weights to exactly 0.

    Args:
        parameters: those that are to stay small: `model.parameters()`, or the weights among them.
        strength: the factor of the penalty, not negative.

    Raises:
        InputError: there are no parameters, or the strength is negative.

    Source: Goodfellow, Bengio, Courville, "Deep learning" (2016), section 7.1.2.

    Example:
        >>> l1([Value(3.0), Value(-4.0)], strength=0.5).data
        3.5
    """
    parameters, strength = _penalised("l1", parameters, strength)
    result: Value = total([absolute(w) for w in parameters]) * strength
    return result


def l2(parameters: Iterable[Value], strength: float) -> Value:
    """½ · strength · Σ w²: a penalty to add to a loss. Its derivative with respect to w is strength · w, so weights decay.

    With the ½, `strength` is the `weight_decay` of SGD. For λ/2n · Σ w² in other texts, it is λ/n; for λ · Σ w², as in Keras, it is 2λ.

    Args:
        parameters: those that are to stay small: `model.parameters()`, or the weights among them.
        strength: the factor of the penalty, not negative.

    Raises:
        InputError: there are no parameters, or the strength is negative.

    Source: Goodfellow, Bengio, Courville, "Deep learning" (2016), section 7.1.1.

    Example:
        >>> l2([Value(3.0), Value(-4.0)], strength=0.5).data
        6.25
    """
    parameters, strength = _penalised("l2", parameters, strength)
    result: Value = dot(parameters, parameters) * (strength / 2.0)
    return result


# -- what they share ------------------------------------------------------------------------------------------------------


def _paired(name: str, output: Numbers, target: Numbers) -> tuple[list[Value], list[Number]]:
    """The outputs as Values, and the targets as Values or floats, one for each output."""
    outputs, targets = [list(x) if hasattr(x, "__iter__") and getattr(x, "ndim", None) != 0 else [x] for x in (output, target)]
    if len(outputs) != len(targets) or not outputs:
        raise InputError(f"{name} needs as many targets as outputs, at least one: {len(outputs)} outputs, {len(targets)} targets")
    return cast("list[Value]", values(outputs)), [t if isinstance(t, Value) else real(t) for t in targets]


def _differences(name: str, output: Numbers, target: Numbers) -> list[Value]:
    outputs, targets = _paired(name, output, target)
    return [o - t for o, t in zip(outputs, targets, strict=True)]


def _with_probabilities(name: str, output: Numbers, target: Numbers) -> list[tuple[Value, Number]]:
    """Pairs of an output and a target between 0 and 1."""
    outputs, targets = _paired(name, output, target)
    for y in targets:
        if (y < 0.0) | (y > 1.0):
            raise InputError(f"{name} needs targets between 0 and 1, not {number_of(y)!r}: write (target + 1) / 2 for targets of -1 and 1")
    return list(zip(outputs, targets, strict=True))


def _check_finite(p: Value, y: Any) -> None:
    """Raise an error unless the output p is a probability with a finite loss. It lets nan pass."""
    instead = "leave the sigmoid out of the model, and write binary_cross_entropy_with_logits(output, target)"
    if (p < 0.0) | (p > 1.0):
        raise DomainError(f"binary_cross_entropy needs probabilities, not {number_of(p)!r}: if that is a logit, {instead}")
    if (p <= 0.0) & (y > 0.0) | (p >= 1.0) & (y < 1.0):
        raise DomainError(f"binary_cross_entropy of the output {number_of(p)!r} and the target {number_of(y)!r} is infinite: {instead}")


def _at_class(index: Value, items: Sequence[Any]) -> Value:
    """The item at an index that may change from run to run."""
    chosen = total([call(WHERE, index - j, 0.0, item) for j, item in enumerate(items)])
    matches = total([call(WHERE, index - j, 0.0, 1.0) for j in range(len(items))])
    if not matches >= 1.0:
        raise _no_class(number_of(index), len(items))
    matches.label = "number of classes that the target is"
    result: Value = chosen / matches  # a compiled graph does not repeat the check: there, 0/0 is the error
    return result


def _no_class(target: Any, classes: int) -> InputError:
    return InputError(f"target {target!r} is not a class: with {classes} logits, classes are 0 to {classes - 1}")


def _penalised(name: str, parameters: Iterable[Value], strength: float) -> tuple[list[Value], float]:
    """Parameters as a list, and the strength as a float."""
    parameters = listed(parameters, f"{name} needs Values to penalise: write {name}(model.parameters(), strength=0.01)")
    return parameters, not_negative(f"the strength of {name}", strength)
