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

# ruff: noqa: E402 - the core is chosen before it is imported

from inspect import signature
from typing import TYPE_CHECKING, Any

from autograd._runtime.choose_build import choose_core

NATIVE: bool = choose_core(__path__[0])

from autograd import supervision  # noqa: F401 - installs the hooks of the core
from autograd._runtime.attributes import delete_attribute
from autograd.checking import assert_gradients, check_gradients
from autograd.contexts import detect_anomaly, enable_grad, no_grad, scope
from autograd.custom import define
from autograd.errors import AutogradError
from autograd.functions import abs as abs
from autograd.functions import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    copysign,
    cos,
    cosh,
    digamma,
    elu,
    erf,
    erfc,
    erfinv,
    exp,
    expm1,
    floor,
    fmod,
    gelu,
    hardmax,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_ndtr,
    log_softmax,
    logaddexp,
    logsumexp,
    maximum,
    minimum,
    ndtr,
    peak,
    polygamma,
    relu,
    remainder,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    tan,
    tanh,
    trunc,
    where,
)
from autograd.functions import pow as pow
from autograd.functions import sum as sum
from autograd.implicit import implicit
from autograd.interop import numpy_protocol, pickling  # noqa: F401 - teach Value the protocols of NumPy and of pickle
from autograd.lookup import interp, take
from autograd.looping import scan, while_loop
from autograd.recording import drawn
from autograd.sparse import Sparse, sparse_hessian, sparse_jacobian
from autograd.transforms import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.value import Value, dot

if TYPE_CHECKING:
    __version__: str
    from autograd.compiled.api.compile import compile as compile
    from autograd.compiled.api.explain import explain
    from autograd.compiled.api.function import Function
    from autograd.compiled.api.replay import Program
    from autograd.compiled.backends.llvm.code_cache import clear_cache
    from autograd.compiled.export.c.c_function import to_c
    from autograd.compiled.export.jax_function import to_jax
    from autograd.interop.torch_graph import compare_with_torch
    from autograd.render.formula.latex import to_latex
    from autograd.render.formula.paths import paths
    from autograd.render.picture.draw import Drawing, draw
    from autograd.render.player.play import Player, play

# what would shadow a builtin (abs, compile, pow, sum) can be imported by name, and stays out of this list
__all__ = [
    "NATIVE",
    "AutogradError",
    "Drawing",
    "Function",
    "Player",
    "Program",
    "Sparse",
    "Value",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "assert_gradients",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "check_gradients",
    "clear_cache",
    "clip",
    "compare_with_torch",
    "copysign",
    "cos",
    "cosh",
    "define",
    "derivative",
    "detect_anomaly",
    "digamma",
    "dot",
    "draw",
    "drawn",
    "elu",
    "enable_grad",
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "explain",
    "expm1",
    "floor",
    "fmod",
    "gelu",
    "grad",
    "hardmax",
    "hessian",
    "hvp",
    "hypot",
    "implicit",
    "interp",
    "jacobian",
    "jvp",
    "leaky_relu",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_ndtr",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "maximum",
    "minimum",
    "ndtr",
    "no_grad",
    "paths",
    "peak",
    "play",
    "polygamma",
    "relu",
    "remainder",
    "scan",
    "scope",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sparse_hessian",
    "sparse_jacobian",
    "sqrt",
    "take",
    "tan",
    "tanh",
    "to_c",
    "to_jax",
    "to_latex",
    "trunc",
    "value_and_grad",
    "vjp",
    "where",
    "while_loop",
]

_LAZY = {
    "Function": "autograd.compiled.api.function",
    "Program": "autograd.compiled.api.replay",
    "compile": "autograd.compiled.api.compile",
    "explain": "autograd.compiled.api.explain",
    "clear_cache": "autograd.compiled.backends.llvm.code_cache",
    "compare_with_torch": "autograd.interop.torch_graph",
    "Drawing": "autograd.render.picture.draw",
    "draw": "autograd.render.picture.draw",
    "paths": "autograd.render.formula.paths",
    "Player": "autograd.render.player.play",
    "play": "autograd.render.player.play",
    "to_c": "autograd.compiled.export.c.c_function",
    "to_jax": "autograd.compiled.export.jax_function",
    "to_latex": "autograd.render.formula.latex",
}
"""What needs NumPy or graphviz is imported at its first use, so that `import autograd` needs nothing but Python."""


def _at_first_use(name: str) -> Any:
    if name == "__version__":
        from autograd._runtime.version import package_version

        value: Any = package_version()
    elif name in _LAZY:
        from importlib import import_module

        value = getattr(import_module(_LAZY[name]), name)
    else:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    globals()[name] = value
    return value


if not TYPE_CHECKING:  # to a type checker, any name would be one of the package
    __getattr__ = _at_first_use


def _repr_mimebundle_(self: Value, include: Any = None, exclude: Any = None) -> dict[str, str]:
    from autograd.render.picture.notebook import notebook_bundle

    return notebook_bundle(self, include, exclude)


Value._repr_mimebundle_ = _repr_mimebundle_  # type: ignore[attr-defined] # what a notebook shows; render stands above Value
Value.__signature__ = signature(lambda data, _children=(), _op="", label="": None)  # type: ignore[attr-defined] # what users may pass
if NATIVE:  # in plain Python, a Value has a `__dict__` for attributes of the user's own
    Value.__setattr__ = Value._assign  # type: ignore[assignment]
    Value.__delattr__ = delete_attribute  # type: ignore[assignment]


def __dir__() -> list[str]:
    return sorted({*__all__, "__all__", "__doc__", "__name__", "__version__", "abs", "compile", "pow", "sum"})
