"""Reverse-mode automatic differentiation on scalars you can read, at the speed of tensors.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> y = x**2 + 1
    >>> y.backward()
    >>> x.grad
    6.0

`NATIVE` tells whether the compiled core is loaded; the environment variable ``SCALAR_AUTOGRAD_PLAIN=1`` forces the plain
Python one, which behaves the same.
"""

from autograd._choose import choose_core

NATIVE: bool = choose_core(__path__[0])

from autograd.errors import AutogradError
from autograd.functions import exp, log, log_softmax, relu, sigmoid, softmax, tanh, where
from autograd.value import Value, dot
