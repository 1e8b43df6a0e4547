"""Schedules: how the learning rate changes from epoch to epoch.

A schedule holds an optimizer. Its `step` is called once after each epoch, and sets the `lr` of the optimizer. The rate is computed from the
number of epochs, and from the rate that the optimizer had when the schedule was made; a rate that is set by hand in between is replaced.
"""

from __future__ import annotations

import math

from autograd.errors import InputError
from nn.checks import not_negative, positive, whole
from nn.optimizers import Optimizer


class Schedule:
    """The base: it counts the epochs. A schedule of your own defines `rate`.

    Args:
        optimizer: the one whose `lr` is set.

    Raises:
        InputError: `optimizer` is something else.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise InputError(f"{type(self).__name__} needs an optimizer, as in {type(self).__name__}(optimizer, …), not {optimizer!r}")
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.epoch = 0

    def step(self) -> None:
        """Count an epoch, and set the rate for the next one."""
        rate = self.rate(self.epoch + 1)
        self.epoch, self.optimizer.lr = self.epoch + 1, rate  # in one statement without a call, which no interrupt halves

    def rate(self, epoch: int) -> float:
        """The learning rate after this number of epochs."""
        raise NotImplementedError(f"{type(self).__name__} does not define rate(epoch)")


class StepLR(Schedule):
    """lr · gamma^⌊epoch / step_size⌋: the rate drops every `step_size` epochs.

    Args:
        optimizer: the one whose `lr` is set.
        step_size: in epochs, at least 1.
        gamma: the factor, positive.

    Raises:
        InputError: a setting is out of its range.

    Example:
        >>> from nn import SGD
        >>> schedule = StepLR(SGD([Value(0.0)], lr=0.5), step_size=10)
        >>> [schedule.rate(epoch) for epoch in (0, 9, 10, 20)]
        [0.5, 0.5, 0.05, 0.005000000000000001]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size = whole("step_size", step_size)
        self.gamma = positive("gamma", gamma)

    def rate(self, epoch: int) -> float:
        """The learning rate after this number of epochs."""
        return self.base_lr * self.gamma ** (epoch // self.step_size)


class ExponentialLR(Schedule):
    """lr · gamma^epoch: the rate shrinks by the same factor every epoch.

    Args:
        optimizer: the one whose `lr` is set.
        gamma: the factor, positive.

    Raises:
        InputError: a setting is out of its range.

    Example:
        >>> from nn import SGD
        >>> optimizer = SGD([Value(0.0)], lr=1.0)
        >>> schedule = ExponentialLR(optimizer, gamma=0.5)
        >>> schedule.step()
        >>> schedule.step()
        >>> optimizer.lr
        0.25
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer)
        self.gamma = positive("gamma", gamma)

    def rate(self, epoch: int) -> float:
        """The learning rate after this number of epochs."""
        return self.base_lr * self.gamma**epoch


class CosineAnnealingLR(Schedule):
    """eta_min + ½ (lr − eta_min) (1 + cos(π · epoch / T_max)): the rate falls to `eta_min` in `T_max` epochs, slowly at both ends.

    After `T_max` epochs the rate rises again, and after 2 · T_max it is `lr` again.

    Args:
        optimizer: the one whose `lr` is set.
        T_max: in epochs, at least 1.
        eta_min: the lowest rate, not negative.

    Raises:
        InputError: a setting is out of its range.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), formula 5; without the restarts.

    Example:
        >>> from nn import SGD
        >>> schedule = CosineAnnealingLR(SGD([Value(0.0)], lr=1.0), T_max=10)
        >>> [round(schedule.rate(epoch), 3) for epoch in (0, 5, 10)]
        [1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        super().__init__(optimizer)
        self.T_max = whole("T_max", T_max)
        self.eta_min = not_negative("eta_min", eta_min)

    def rate(self, epoch: int) -> float:
        """The learning rate after this number of epochs."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1.0 + math.cos(math.pi * epoch / self.T_max)) / 2.0
