# Written by `python -m build_tools.stubs` from functions.py and the op table.
from collections.abc import Callable, Iterable
from typing import Any, SupportsIndex, TypeVar, overload

import numpy.typing as npt

from autograd._runtime.observed import _Real
from autograd.namespaces import Namespace, Truth
from autograd.ops import Operation
from autograd.value import Value

_A = TypeVar("_A")
_B = TypeVar("_B")

def call(operation: Operation, *operands: Any, checked: bool = True) -> Any: ...
def function_of(operation: Operation) -> Callable[..., Any]: ...

NUMPY_NAMES: dict[str, str]

class Graphs:
    inf: float
    nan: float
    def __getattr__(self, name: str) -> Callable[..., Any]: ...
    @staticmethod
    def isinf(a: Any) -> Truth: ...
    @staticmethod
    def equal(a: Any, b: Any) -> Truth: ...
    @staticmethod
    def where(condition: Truth, a: Any, b: Any) -> Any: ...

GRAPHS: Namespace

@overload
def where(condition: Truth, a: Callable[[], _A], b: Callable[[], _B]) -> _A | _B: ...
@overload
def where(condition: Truth, a: Callable[[], _A], b: _B) -> _A | _B: ...
@overload
def where(condition: Truth, a: _A, b: Callable[[], _B]) -> _A | _B: ...
@overload
def where(condition: Truth, a: _A, b: _B) -> _A | _B: ...
@overload
def leaky_relu(x: Value, negative_slope: Value | _Real = 0.01) -> Value: ...
@overload
def leaky_relu(x: _Real, negative_slope: Value) -> Value: ...
@overload
def leaky_relu(x: _Real, negative_slope: _Real = 0.01) -> float: ...
@overload
def elu(x: Value, alpha: Value | _Real = 1.0) -> Value: ...
@overload
def elu(x: _Real, alpha: Value) -> Value: ...
@overload
def elu(x: _Real, alpha: _Real = 1.0) -> float: ...
@overload
def gelu(x: Value, approximate: str = "none") -> Value: ...
@overload
def gelu(x: _Real, approximate: str = "none") -> float: ...
@overload
def polygamma(n: SupportsIndex, x: Value) -> Value: ...
@overload
def polygamma(n: SupportsIndex, x: _Real) -> float: ...
@overload
def softmax(logits: npt.NDArray[Any]) -> list[Any]: ...
@overload
def softmax(logits: Iterable[_Real]) -> list[float]: ...
@overload
def softmax(logits: Iterable[Value]) -> list[Value]: ...
@overload
def softmax(logits: Iterable[Value | _Real]) -> list[Any]: ...
@overload
def log_softmax(logits: npt.NDArray[Any]) -> list[Any]: ...
@overload
def log_softmax(logits: Iterable[_Real]) -> list[float]: ...
@overload
def log_softmax(logits: Iterable[Value]) -> list[Value]: ...
@overload
def log_softmax(logits: Iterable[Value | _Real]) -> list[Any]: ...
def hardmax(logits: Iterable[Value | _Real]) -> list[float]: ...

METHODS: tuple[Callable[..., Any], ...]
OTHER_NAMES: dict[str, str]

@overload
def pow(a: Value, b: Value | _Real, /) -> Value:
    """pow(a, b): a to the power of b."""

@overload
def pow(a: _Real, b: Value, /) -> Value: ...
@overload
def pow(a: _Real, b: _Real, /) -> float: ...
@overload
def remainder(a: Value, b: Value | _Real, /) -> Value:
    """remainder(a, b): a - b · floor(a / b), of the sign of b."""

@overload
def remainder(a: _Real, b: Value, /) -> Value: ...
@overload
def remainder(a: _Real, b: _Real, /) -> float: ...
@overload
def abs(x: Value) -> Value:
    """abs(a): the absolute value; its derivative at 0 is 0."""

@overload
def abs(x: _Real) -> float: ...
@overload
def sign(x: Value) -> Value:
    """sign(a): -1, 0 or 1."""

@overload
def sign(x: _Real) -> float: ...
@overload
def floor(x: Value) -> Value:
    """floor(a): the largest whole number that is not above a."""

@overload
def floor(x: _Real) -> float: ...
@overload
def ceil(x: Value) -> Value:
    """ceil(a): the smallest whole number that is not below a."""

@overload
def ceil(x: _Real) -> float: ...
@overload
def exp(x: Value) -> Value:
    """exp(a): e to the power of a."""

@overload
def exp(x: _Real) -> float: ...
@overload
def expm1(x: Value) -> Value:
    """expm1(a): exp(a) - 1, exact near 0."""

@overload
def expm1(x: _Real) -> float: ...
@overload
def log(x: Value) -> Value:
    """log(a): the natural logarithm."""

@overload
def log(x: _Real) -> float: ...
@overload
def log1p(x: Value) -> Value:
    """log1p(a): log(1 + a), exact near 0."""

@overload
def log1p(x: _Real) -> float: ...
@overload
def log2(x: Value) -> Value:
    """log2(a): the logarithm to base 2."""

@overload
def log2(x: _Real) -> float: ...
@overload
def log10(x: Value) -> Value:
    """log10(a): the logarithm to base 10."""

@overload
def log10(x: _Real) -> float: ...
@overload
def sqrt(x: Value) -> Value:
    """sqrt(a): the square root."""

@overload
def sqrt(x: _Real) -> float: ...
@overload
def cbrt(x: Value) -> Value:
    """cbrt(a): the cube root."""

@overload
def cbrt(x: _Real) -> float: ...
@overload
def hypot(a: Value, b: Value | _Real, /) -> Value:
    """hypot(a, b): √(a² + b²), without overflow."""

@overload
def hypot(a: _Real, b: Value, /) -> Value: ...
@overload
def hypot(a: _Real, b: _Real, /) -> float: ...
@overload
def erf(x: Value) -> Value:
    """erf(a): the error function, 2/√π ∫₀ᵃ exp(-t²) dt."""

@overload
def erf(x: _Real) -> float: ...
@overload
def erfc(x: Value) -> Value:
    """erfc(a): 1 - erf(a), exact where that cancels."""

@overload
def erfc(x: _Real) -> float: ...
@overload
def erfinv(x: Value) -> Value:
    """erfinv(a): the inverse of erf."""

@overload
def erfinv(x: _Real) -> float: ...
@overload
def ndtr(x: Value) -> Value:
    """ndtr(a): Φ(a), the distribution function of the standard normal."""

@overload
def ndtr(x: _Real) -> float: ...
@overload
def log_ndtr(x: Value) -> Value:
    """log_ndtr(a): log(Φ(a)), exact where Φ(a) is too small for a float."""

@overload
def log_ndtr(x: _Real) -> float: ...
@overload
def lgamma(x: Value) -> Value:
    """lgamma(a): log |Γ(a)|, the logarithm of the gamma function, as `math.lgamma`; SciPy's `gammaln`."""

@overload
def lgamma(x: _Real) -> float: ...
@overload
def digamma(x: Value) -> Value:
    """digamma(a): ψ(a), the derivative of lgamma."""

@overload
def digamma(x: _Real) -> float: ...
@overload
def trunc(x: Value) -> Value:
    """trunc(a): the whole number next to a on the side of 0."""

@overload
def trunc(x: _Real) -> float: ...
@overload
def fmod(a: Value, b: Value | _Real, /) -> Value:
    """fmod(a, b): a - b · trunc(a / b), of the sign of a."""

@overload
def fmod(a: _Real, b: Value, /) -> Value: ...
@overload
def fmod(a: _Real, b: _Real, /) -> float: ...
@overload
def copysign(a: Value, b: Value | _Real, /) -> Value:
    """copysign(a, b): |a| with the sign of b, also of -0; its derivative with respect to a is 0 at a = 0, as that of abs."""

@overload
def copysign(a: _Real, b: Value, /) -> Value: ...
@overload
def copysign(a: _Real, b: _Real, /) -> float: ...
@overload
def logaddexp(a: Value, b: Value | _Real, /) -> Value:
    """logaddexp(a, b): log(exp(a) + exp(b)), without overflow."""

@overload
def logaddexp(a: _Real, b: Value, /) -> Value: ...
@overload
def logaddexp(a: _Real, b: _Real, /) -> float: ...
@overload
def sin(x: Value) -> Value:
    """sin(a): the sine of an angle in radians."""

@overload
def sin(x: _Real) -> float: ...
@overload
def cos(x: Value) -> Value:
    """cos(a): the cosine of an angle in radians."""

@overload
def cos(x: _Real) -> float: ...
@overload
def tan(x: Value) -> Value:
    """tan(a): the tangent of an angle in radians."""

@overload
def tan(x: _Real) -> float: ...
@overload
def asin(x: Value) -> Value:
    """asin(a): the angle whose sine is a, in [-π/2, π/2]."""

@overload
def asin(x: _Real) -> float: ...
@overload
def acos(x: Value) -> Value:
    """acos(a): the angle whose cosine is a, in [0, π]."""

@overload
def acos(x: _Real) -> float: ...
@overload
def atan(x: Value) -> Value:
    """atan(a): the angle whose tangent is a, in (-π/2, π/2)."""

@overload
def atan(x: _Real) -> float: ...
@overload
def atan2(a: Value, b: Value | _Real, /) -> Value:
    """atan2(a, b): the angle of the point (x, y) = (b, a), in [-π, π]."""

@overload
def atan2(a: _Real, b: Value, /) -> Value: ...
@overload
def atan2(a: _Real, b: _Real, /) -> float: ...
@overload
def sinh(x: Value) -> Value:
    """sinh(a): the hyperbolic sine."""

@overload
def sinh(x: _Real) -> float: ...
@overload
def cosh(x: Value) -> Value:
    """cosh(a): the hyperbolic cosine."""

@overload
def cosh(x: _Real) -> float: ...
@overload
def tanh(x: Value) -> Value:
    """tanh(a): the hyperbolic tangent, a sigmoid in (-1, 1)."""

@overload
def tanh(x: _Real) -> float: ...
@overload
def asinh(x: Value) -> Value:
    """asinh(a): the inverse of sinh."""

@overload
def asinh(x: _Real) -> float: ...
@overload
def acosh(x: Value) -> Value:
    """acosh(a): the inverse of cosh, not negative."""

@overload
def acosh(x: _Real) -> float: ...
@overload
def atanh(x: Value) -> Value:
    """atanh(a): the inverse of tanh."""

@overload
def atanh(x: _Real) -> float: ...
@overload
def maximum(a: Value, b: Value | _Real, /) -> Value:
    """maximum(a, b): the larger one; equal inputs share the derivative."""

@overload
def maximum(a: _Real, b: Value, /) -> Value: ...
@overload
def maximum(a: _Real, b: _Real, /) -> float: ...
@overload
def minimum(a: Value, b: Value | _Real, /) -> Value:
    """minimum(a, b): the smaller one; equal inputs share the derivative."""

@overload
def minimum(a: _Real, b: Value, /) -> Value: ...
@overload
def minimum(a: _Real, b: _Real, /) -> float: ...
@overload
def clip(a: Value, b: Value | _Real, c: Value | _Real, /) -> Value:
    """clip(a, b, c): a, kept between the bounds b and c; its derivative at a bound is 1."""

@overload
def clip(a: _Real, b: Value, c: Value | _Real, /) -> Value: ...
@overload
def clip(a: _Real, b: _Real, c: Value, /) -> Value: ...
@overload
def clip(a: _Real, b: _Real, c: _Real, /) -> float: ...
@overload
def relu(x: Value) -> Value:
    """relu(a): max(0, a); its derivative at 0 is 0."""

@overload
def relu(x: _Real) -> float: ...
@overload
def silu(x: Value) -> Value:
    """silu(a): a · sigmoid(a)."""

@overload
def silu(x: _Real) -> float: ...
@overload
def sigmoid(x: Value) -> Value:
    """sigmoid(a): 1 / (1 + exp(-a))."""

@overload
def sigmoid(x: _Real) -> float: ...
@overload
def softplus(x: Value) -> Value:
    """softplus(a): log(1 + exp(a)), without overflow."""

@overload
def softplus(x: _Real) -> float: ...
@overload
def sum(items: npt.NDArray[Any]) -> Any:
    """sum(items): a₁ + a₂ + …, from left to right."""

@overload
def sum(items: Iterable[_Real]) -> float: ...
@overload
def sum(items: Iterable[Value]) -> Value: ...
@overload
def sum(items: Iterable[Value | _Real]) -> Any: ...
@overload
def logsumexp(items: npt.NDArray[Any]) -> Any:
    """logsumexp(items): log(exp(a₁) + exp(a₂) + …), without overflow."""

@overload
def logsumexp(items: Iterable[_Real]) -> float: ...
@overload
def logsumexp(items: Iterable[Value]) -> Value: ...
@overload
def logsumexp(items: Iterable[Value | _Real]) -> Any: ...
@overload
def peak(items: npt.NDArray[Any]) -> Any:
    """peak(items): the largest input as a whole number, floor(max(a₁, a₂, …)); 0 where that is infinite."""

@overload
def peak(items: Iterable[_Real]) -> float: ...
@overload
def peak(items: Iterable[Value]) -> Value: ...
@overload
def peak(items: Iterable[Value | _Real]) -> Any: ...
