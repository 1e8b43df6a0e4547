"""Optimizers: how parameters follow their gradients.

The formula of an optimizer is written once, on NumPy arrays. `step` takes the numbers out of the Values, and puts the new ones in; who has
them in arrays already, as compiled training has, calls `update`. Both go on from the same state.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autograd._runtime.bulk import gradients_of, numbers_of, set_gradients, set_numbers
from autograd._runtime.coercion import real
from autograd.errors import InputError
from autograd.value import Value

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


class Optimizer:
    """The base: holds the parameters, and clips their gradients.

    An optimizer of your own defines `rule`, a formula of arrays. One that works on the Values themselves defines `step` instead, which
    `fit` then calls after each batch as a loop by hand would: with the gradients in the `.grad` of the parameters, whose new `.data` it
    sets. In compiled training that costs a trip of all numbers from arrays to Values and back.

    Args:
        parameters: the Values to update. One that is given twice is updated once, and counts once in a norm.
        lr: the learning rate, positive. It may be set later, as schedules do.
        clipvalue: cut each gradient off at ± this.
        global_clipnorm: scale all gradients down together, where the norm of all of them is larger than this.

    Raises:
        InputError: there are no parameters, or a setting cannot work, or is none.

    Example:
        >>> class SignDescent(Optimizer):
        ...     def rule(self, parameters, gradients):
        ...         return parameters - self.lr * (gradients > 0.0) + self.lr * (gradients < 0.0)
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> SignDescent([p], lr=0.25).step()
        >>> p.data
        0.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float,
        *,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        **unknown: object,
    ) -> None:
        for name in unknown:
            raise InputError(_unknown(type(self), name))
        self.parameters = _listed(parameters, f"{type(self).__name__}(model.parameters(), lr={lr!r})")
        self.lr = _positive("the learning rate", lr)
        if clipvalue is not None and global_clipnorm is not None:
            raise InputError(f"give clipvalue or global_clipnorm, not both: {clipvalue!r} and {global_clipnorm!r}")
        self.clipvalue = None if clipvalue is None else _bound("clipvalue", clipvalue)
        self.global_clipnorm = None if global_clipnorm is None else _bound("global_clipnorm", global_clipnorm)

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        set_gradients(self.parameters, [0.0] * len(self.parameters))

    def step(self) -> None:
        """Update every parameter from its gradient.

        Raises:
            InputError: a gradient is a Value, after `backward(create_graph=True)`; nothing was changed.
        """
        import numpy as np

        new = self.update(np.array(numbers_of(self.parameters)), _gradients(self.parameters))
        set_numbers(self.parameters, new.tolist())

    def update(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step. Inf and nan follow IEEE 754, without warnings.

        Args:
            parameters: the numbers of the parameters, in one array, in their order. It is left as it is.
            gradients: their gradients, as many.

        Raises:
            InputError: the arrays are of another length than the parameters, or what `rule` returns is.
        """
        import numpy as np

        if not parameters.shape == gradients.shape == (len(self.parameters),):
            raise InputError(
                f"update needs arrays of one number for each of the {len(self.parameters)} parameters, "
                f"not of the shapes {parameters.shape} and {gradients.shape}"
            )
        with np.errstate(all="ignore"):
            if self.clipvalue is not None:
                gradients = _clipped_by_value(gradients, self.clipvalue)
            if self.global_clipnorm is not None:
                gradients, _ = _clipped_by_norm(gradients, self.global_clipnorm)
            new = np.asarray(self.rule(parameters, gradients), np.float64)
        if new.shape != parameters.shape:
            raise InputError(
                f"the rule of {type(self).__name__} must return one number for each of the {len(parameters)} parameters, "
                f"not an array of the shape {new.shape}"
            )
        return new

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The formula: the parameters after a step, by clipped gradients. What it remembers between steps it keeps in attributes."""
        raise NotImplementedError(f"{type(self).__name__} does not define rule(parameters, gradients)")


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − lr · v, where v ← momentum · v + g; with Nesterov's momentum p ← p − lr · (g + momentum · v).

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        momentum: how much of the last step to keep, in [0, 1).
        weight_decay: g is the gradient + weight_decay · p; the same as adding `losses.l2` of that strength to the loss.
        nesterov: take the gradient into account twice; needs momentum.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting cannot work.

    Source: Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); Nesterov, "A method for solving the convex
    programming problem with convergence rate O(1/k²)" (1983); the form is PyTorch's.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> SGD([p], lr=0.25).step()
        >>> p.data
        0.5
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        momentum: float = 0.0,
        *,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        self.momentum = _fraction("momentum", momentum)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        if nesterov and momentum == 0.0:
            raise InputError("nesterov needs momentum: write SGD(parameters, momentum=0.9, nesterov=True)")
        self.nesterov = nesterov
        self.velocity: Array | float = 0.0

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        g = _with_decay(gradients, self.weight_decay, parameters)
        if not self.momentum:
            return parameters - self.lr * g
        self.velocity = self.momentum * self.velocity + g
        return parameters - self.lr * (g + self.momentum * self.velocity if self.nesterov else self.velocity)


class RMSprop(Optimizer):
    """p ← p − lr · g / (√v + eps), where v ← alpha · v + (1 − alpha) · g²: the step is scaled by the recent size of the gradient.

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        alpha: how much of v to keep, in [0, 1).
        eps: keeps the divisor from 0, positive.
        weight_decay: g is the gradient + weight_decay · p.
        momentum: in [0, 1); the step is lr · u then, where u ← momentum · u + g / (√v + eps).
        centered: v is the variance of the recent gradients, their mean taken off.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting cannot work.

    Source: Tieleman and Hinton, "Lecture 6.5: RMSprop" (2012); centered: Graves, "Generating sequences with recurrent neural networks"
    (2013), formulas 38 to 41; the form is PyTorch's.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> RMSprop([p], lr=0.01).step()
        >>> round(p.data, 6)
        0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        self.alpha = _fraction("alpha", alpha)
        self.eps = _positive("eps", eps)
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.momentum = _fraction("momentum", momentum)
        self.centered = centered
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0
        self.velocity: Array | float = 0.0

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        import numpy as np

        alpha = self.alpha
        g = _with_decay(gradients, self.weight_decay, parameters)
        if self.centered:
            # the mean of the squares less the square of the mean, which would cancel, and can come out below 0
            deviation = g - self.mean
            self.square = alpha * self.square + alpha * (1.0 - alpha) * deviation * deviation
            self.mean = self.mean + (1.0 - alpha) * deviation
        else:
            self.square = alpha * self.square + (1.0 - alpha) * g * g
        direction = g / (np.sqrt(self.square) + self.eps)
        if not self.momentum:
            return parameters - self.lr * direction
        self.velocity = self.momentum * self.velocity + direction
        return parameters - self.lr * self.velocity


class Adam(Optimizer):
    """Adaptive moment estimation: p ← p − lr · m̂ / (√v̂ + eps), the step is scaled by the recent size of the gradient.

    m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² start at 0, for which m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) make up.

    Args:
        parameters: the Values to update.
        lr: the learning rate, positive.
        betas: β₁ and β₂, in [0, 1).
        eps: keeps the divisor from 0, positive.
        weight_decay: g is the gradient + weight_decay · p.
        clipping: `clipvalue` or `global_clipnorm`, see `Optimizer`.

    Raises:
        InputError: there are no parameters, or a setting cannot work.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.

    Example:
        >>> p = Value(1.0)
        >>> (p * p).backward()
        >>> Adam([p], lr=0.1).step()
        >>> round(p.data, 6)
        0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, **clipping)
        if not hasattr(betas, "__len__") or len(betas) != 2 or not all(0.0 <= real(beta) < 1.0 for beta in betas):
            raise InputError(f"betas must be two numbers in [0, 1), not {betas!r}")
        self.betas = betas
        self.eps = _positive("eps", eps)  # 0 would divide by 0 where a parameter has never had a gradient
        self.weight_decay = _not_negative("weight_decay", weight_decay)
        self.steps = 0
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        return parameters - self._stride(_with_decay(gradients, self.weight_decay, parameters))

    def _stride(self, g: Array) -> Array:
        """lr · m̂ / (√v̂ + eps)."""
        import numpy as np

        self.steps += 1
        beta1, beta2 = self.betas
        self.mean = beta1 * self.mean + (1.0 - beta1) * g
        self.square = beta2 * self.square + (1.0 - beta2) * g * g
        rate = self.lr / (1.0 - beta1**self.steps)
        correction = math.sqrt(1.0 - beta2**self.steps)
        return rate * self.mean / (np.sqrt(self.square) / correction + self.eps)


class AdamW(Adam):
    """Adam, with a weight decay of its own: p ← (1 − lr · weight_decay) · p − lr · m̂ / (√v̂ + eps).

    In `Adam` the decay is a part of the gradient, and so is scaled with it: parameters with large gradients hardly decay.

    Args:
        parameters, lr, betas, eps, clipping: as for `Adam`.
        weight_decay: by how much a parameter shrinks at each step, in units of the learning rate.

    Raises:
        InputError: there are no parameters, or a setting cannot work.

    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.

    Example:
        >>> p = Value(1.0)
        >>> AdamW([p], lr=0.5, weight_decay=0.5).step()
        >>> p.data
        0.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        **clipping: float | None,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, **clipping)

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The parameters after a step."""
        return (1.0 - self.lr * self.weight_decay) * parameters - self._stride(gradients)


# -- clipping ---------------------------------------------------------------------------------------------------------------


def clip_grad_value_(parameters: Iterable[Value], clip_value: float) -> None:
    """Cut the gradient of each parameter off at ±`clip_value`. Call it between `backward` and `step`.

    Args:
        parameters: Values; their `.grad` is changed.
        clip_value: positive, in the unit of the gradients.

    Raises:
        InputError: there are no parameters, or the value is not positive.

    Example:
        >>> p = Value(1.0)
        >>> p.grad = -30.0
        >>> clip_grad_value_([p], 1.0)
        >>> p.grad
        -1.0
    """
    listed = _listed(parameters, "clip_grad_value_(model.parameters(), 1.0)")
    bound = _bound("clip_value", clip_value)
    set_gradients(listed, _clipped_by_value(_gradients(listed), bound).tolist())


def clip_grad_norm_(parameters: Iterable[Value], max_norm: float) -> float:
    """Scale all gradients down together, where the norm of all of them is larger than `max_norm`: their direction stays.

    As in PyTorch, a gradient that is inf or nan makes others 0 or nan: look at what it returns.

    Args:
        parameters: Values; their `.grad` is changed. One that is given twice counts once.
        max_norm: positive; inf leaves the gradients alone, for who only wants the norm.

    Returns:
        The norm √(Σ gradient²) before clipping.

    Raises:
        InputError: there are no parameters, or the norm is not positive.

    Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks" (2013), algorithm 1.

    Example:
        >>> p, q = Value(1.0), Value(1.0)
        >>> p.grad, q.grad = 30.0, 40.0
        >>> clip_grad_norm_([p, q], 1.0)
        50.0
        >>> round(p.grad, 6), round(q.grad, 6)
        (0.6, 0.8)
    """
    import numpy as np

    listed = _listed(parameters, "clip_grad_norm_(model.parameters(), 1.0)")
    bound = _bound("max_norm", max_norm)
    with np.errstate(all="ignore"):
        clipped, norm = _clipped_by_norm(_gradients(listed), bound)
    set_gradients(listed, clipped.tolist())
    return norm


def _clipped_by_value(gradients: Array, bound: float) -> Array:
    import numpy as np

    return np.clip(gradients, -bound, bound)


def _clipped_by_norm(gradients: Array, bound: float) -> tuple[Array, float]:
    """The gradients, and their norm before."""
    norm = _norm(gradients)
    factor = bound / (norm + 1e-6)  # PyTorch's
    return (gradients if factor >= 1.0 else factor * gradients), norm


def _norm(gradients: Array) -> float:
    """√(Σ g²); the square of a large or a small number is no float, so that of g / max |g| is taken."""
    import numpy as np

    largest = float(np.max(np.abs(gradients)))
    if not 0.0 < largest < math.inf:
        return largest
    scaled = gradients / largest
    return largest * math.sqrt(float(scaled @ scaled))


# -- what they share ----------------------------------------------------------------------------------------------------------


def _gradients(parameters: list[Value]) -> Array:
    import numpy as np

    return np.fromiter(gradients_of(parameters), np.float64, len(parameters))


def _with_decay(gradients: Array, weight_decay: float, parameters: Array) -> Array:
    return gradients + weight_decay * parameters if weight_decay else gradients


def _listed(parameters: Iterable[Value], right: str) -> list[Value]:
    """Each parameter once, where it comes first, as in `Module.parameters`."""
    listed = list(parameters) if hasattr(parameters, "__iter__") else []
    if not listed or not all(isinstance(p, Value) for p in listed):
        raise InputError(f"parameters must be Values, at least one: write {right}")
    return list(dict.fromkeys(listed))


def _unknown(optimizer: type, name: str) -> str:
    """What to say to a setting that there is not."""
    if name == "momentum" and issubclass(optimizer, Adam):
        return f"{optimizer.__name__} has no momentum, but two betas, of which the first is one: write betas=(0.9, 0.999)"
    own = [key for cls in (optimizer, Optimizer) for key in inspect.signature(cls).parameters if key not in ("clipping", "unknown")]
    known = list(dict.fromkeys(own))[1:]  # the first are the parameters
    return f"{optimizer.__name__} has no setting {name!r}: write one of {', '.join(known)}"


def _positive(name: str, number: float) -> float:
    if not 0.0 < real(number) < math.inf:
        raise InputError(f"{name} must be positive, not {number!r}")
    return real(number)


def _bound(name: str, number: float) -> float:
    if not real(number) > 0.0:
        raise InputError(f"{name} must be positive, not {number!r}")
    return real(number)


def _not_negative(name: str, number: float) -> float:
    if not 0.0 <= real(number) < math.inf:
        raise InputError(f"{name} must not be negative, nor infinite: {number!r}")
    return real(number)


def _fraction(name: str, number: float) -> float:
    if not 0.0 <= real(number) < 1.0:
        raise InputError(f"{name} must be in [0, 1), not {number!r}")
    return real(number)
