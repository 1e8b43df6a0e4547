"""The base of all optimizers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from functools import partial
from typing import Any

from autograd._runtime.bulk import numbers_of, set_gradients, set_numbers
from autograd._runtime.coercion import real
from autograd._runtime.temporary import unless_done
from autograd.errors import InputError
from autograd.value import Value
from nn.array_type import Array
from nn.checks import positive
from nn.optimizers.clipping import clip_bound, clipped_by_norm, clipped_by_value, distinct, gradients_in


class Optimizer:
    """The base: it holds the parameters and clips their gradients.

    An optimizer of your own defines `rule`, a formula on arrays. One that works on the Values themselves defines `step` instead: `fit`
    calls it after each batch, as a loop by hand does. It finds the gradients in the `.grad` of the parameters and sets their `.data`.
    In compiled training all numbers are then copied from arrays to Values and back at each step.

    Args:
        parameters: the Values to update. One that is given twice is updated once, and counts once in a norm.
        lr: the learning rate, positive. It may be set later, as schedules do.
        clipvalue: each gradient is clipped to ± this number.
        global_clipnorm: if the norm of all gradients together is larger than this, all are scaled down to it.

    Raises:
        InputError: there are no parameters, or a setting is out of its range or unknown.

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
            raise InputError(self._advice(name))
        self.parameters = distinct(parameters, f"{type(self).__name__}(model.parameters(), lr={lr!r})")
        self.lr = positive("the learning rate", lr)
        if clipvalue is not None and global_clipnorm is not None:
            raise InputError(f"give clipvalue or global_clipnorm, not both: {clipvalue!r} and {global_clipnorm!r}")
        self.clipvalue = None if clipvalue is None else clip_bound("clipvalue", clipvalue)
        self.global_clipnorm = None if global_clipnorm is None else clip_bound("global_clipnorm", global_clipnorm)

    def zero_grad(self) -> None:
        """Set every gradient to 0."""
        set_gradients(self.parameters, [0.0] * len(self.parameters))

    def step(self) -> None:
        """Update every parameter from its gradient. If this is interrupted, parameters and moments are as they were before.

        Raises:
            InputError: a gradient is a Value, as after `backward(create_graph=True)`; nothing was changed.
        """
        import numpy as np

        numbers = numbers_of(self.parameters)
        with unless_done(partial(self._return_to, numbers, self._state())) as done:
            set_numbers(self.parameters, self.update(np.array(numbers), gradients_in(self.parameters)).tolist())
            done()

    def _state(self) -> dict[str, Any]:
        """The attributes, with copies of arrays, which a rule may change in place."""
        return {name: item.copy() if type(item).__name__ == "ndarray" else item for name, item in vars(self).items()}

    def _return_to(self, numbers: list[float], state: dict[str, Any]) -> None:
        set_numbers(self.parameters, numbers)
        for name in vars(self).keys() - state.keys():  # made in this step
            delattr(self, name)
        vars(self).update(state)

    def update(self, parameters: Array, gradients: Array) -> Array:
        """The numbers of the parameters after a step. Infinity and nan follow IEEE 754, without warnings.

        Args:
            parameters: the numbers of the parameters in one array, in their order. It is not changed.
            gradients: their gradients, an array of the same length.

        Raises:
            InputError: an array, or the result of `rule`, does not have one number for each parameter; or `lr` was set to something that
                is not a number.
        """
        from autograd.compiled.floating_errors import quietly

        if not parameters.shape == gradients.shape == (len(self.parameters),):
            raise InputError(
                f"update needs arrays of one number for each of the {len(self.parameters)} parameters, "
                f"not of the shapes {parameters.shape} and {gradients.shape}"
            )
        self.lr = real(self.lr)  # it may have been set to anything
        new = quietly(self._ruled, parameters, gradients)
        if new.shape != parameters.shape:
            raise InputError(
                f"the rule of {type(self).__name__} must return one number for each of the {len(parameters)} parameters, "
                f"not an array of the shape {new.shape}"
            )
        return new

    def _ruled(self, parameters: Array, gradients: Array) -> Array:
        import numpy as np

        if self.clipvalue is not None:
            gradients = clipped_by_value(gradients, self.clipvalue)
        if self.global_clipnorm is not None:
            gradients, _ = clipped_by_norm(gradients, self.global_clipnorm)
        return np.asarray(self.rule(parameters, gradients), np.float64)

    def rule(self, parameters: Array, gradients: Array) -> Array:
        """The formula: the numbers of the parameters after a step. What it remembers between steps stands in attributes.

        Args:
            parameters: the numbers of the parameters.
            gradients: their gradients, clipped.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define rule(parameters, gradients)")

    @classmethod
    def _advice(cls, name: str) -> str:
        """What a user who passed a setting of this name should write; the settings that exist, unless a class knows better."""
        keys = [key for owner in (cls, Optimizer) for key in inspect.signature(owner).parameters if key not in ("clipping", "unknown")]
        known = list(dict.fromkeys(keys))[1:]  # the first are the parameters
        return f"{cls.__name__} has no setting {name!r}: write one of {', '.join(known)}"


def with_decay(gradients: Array, weight_decay: float, parameters: Array) -> Array:
    """The gradients of a loss to which ½ · weight_decay · Σ p² is added.

    Example:
        >>> import numpy as np
        >>> with_decay(np.array([1.0]), 0.5, np.array([4.0])).tolist()
        [3.0]
    """
    return gradients + weight_decay * parameters if weight_decay else gradients
