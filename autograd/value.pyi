# Written by `python -m build_tools.stubs` from value.py and the op table.
from collections.abc import Collection, Iterable
from typing import Any, Final, final, overload

import numpy.typing as npt

from autograd._runtime.observed import Observed, _Real
from autograd._runtime.vectors import Vector
from autograd.graph import Extra, Node
from autograd.ops import Operation

LEAF: Final[Operation]
CONSTANT: Final[Operation]
ADD: Final[Operation]
SUB: Final[Operation]
MUL: Final[Operation]
DIV: Final[Operation]
NEG: Final[Operation]
POW: Final[Operation]
DOT: Final[Operation]
SQUARE: Final[Operation]
RELU: Final[Operation]
ROW: Final[type]
COMPUTED: Final[object]
NO_LABEL: Final[str]

@final
class Value(Observed):
    @overload
    def __init__(self, data: _Real, _children: Collection[Value] = (), _op: str = "", label: str = "") -> None: ...
    @overload
    def __init__(
        self,
        data: object,
        _children: Node | None,
        _op: Operation,
        _right: Node | None = None,
        _dleft: float = 0.0,
        _dright: float = 0.0,
        _extra: Extra | None = None,
        _number: float = 0.0,
        *,
        label: object = "",
    ) -> None: ...
    @property
    def _prev(self) -> tuple[Value, ...]: ...
    def backward(self, create_graph: bool = False) -> None: ...
    def __radd__(self, other: _Real) -> Value: ...
    def __rsub__(self, other: _Real) -> Value: ...
    def __rmul__(self, other: _Real) -> Value: ...
    def __rtruediv__(self, other: _Real) -> Value: ...
    def __rpow__(self, other: _Real) -> Value: ...
    @overload
    def __mod__(self, other: Value | _Real) -> Value: ...
    @overload
    def __mod__(self, other: npt.NDArray[Any]) -> Any: ...
    def __rmod__(self, other: _Real) -> Value: ...
    def __pos__(self) -> Value: ...
    @overload
    def __add__(self, other: Value | _Real) -> Value: ...
    @overload
    def __add__(self, other: npt.NDArray[Any]) -> Any: ...
    @overload
    def __sub__(self, other: Value | _Real) -> Value: ...
    @overload
    def __sub__(self, other: npt.NDArray[Any]) -> Any: ...
    @overload
    def __mul__(self, other: Value | _Real) -> Value: ...
    @overload
    def __mul__(self, other: npt.NDArray[Any]) -> Any: ...
    @overload
    def __truediv__(self, other: Value | _Real) -> Value: ...
    @overload
    def __truediv__(self, other: npt.NDArray[Any]) -> Any: ...
    def __neg__(self) -> Value: ...
    @overload
    def __pow__(self, other: Value | _Real, modulo: None = None) -> Value: ...
    @overload
    def __pow__(self, other: npt.NDArray[Any], modulo: None = None) -> Any: ...
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any: ...
    def exp(self) -> Value:
        """exp(a): e to the power of a."""
    def expm1(self) -> Value:
        """expm1(a): exp(a) - 1, exact near 0."""
    def log(self) -> Value:
        """log(a): the natural logarithm."""
    def log1p(self) -> Value:
        """log1p(a): log(1 + a), exact near 0."""
    def log2(self) -> Value:
        """log2(a): the logarithm to base 2."""
    def log10(self) -> Value:
        """log10(a): the logarithm to base 10."""
    def sqrt(self) -> Value:
        """sqrt(a): the square root."""
    def cbrt(self) -> Value:
        """cbrt(a): the cube root."""
    def sin(self) -> Value:
        """sin(a): the sine of an angle in radians."""
    def cos(self) -> Value:
        """cos(a): the cosine of an angle in radians."""
    def tan(self) -> Value:
        """tan(a): the tangent of an angle in radians."""
    def asin(self) -> Value:
        """asin(a): the angle whose sine is a, in [-π/2, π/2]."""
    def arcsin(self) -> Value:
        """asin(a): the angle whose sine is a, in [-π/2, π/2]."""
    def acos(self) -> Value:
        """acos(a): the angle whose cosine is a, in [0, π]."""
    def arccos(self) -> Value:
        """acos(a): the angle whose cosine is a, in [0, π]."""
    def atan(self) -> Value:
        """atan(a): the angle whose tangent is a, in (-π/2, π/2)."""
    def arctan(self) -> Value:
        """atan(a): the angle whose tangent is a, in (-π/2, π/2)."""
    def atan2(self, b: Value | _Real, /) -> Value:
        """atan2(a, b): the angle of the point (x, y) = (b, a), in [-π, π]."""
    def arctan2(self, b: Value | _Real, /) -> Value:
        """atan2(a, b): the angle of the point (x, y) = (b, a), in [-π, π]."""
    def hypot(self, b: Value | _Real, /) -> Value:
        """hypot(a, b): √(a² + b²), without overflow."""
    def sinh(self) -> Value:
        """sinh(a): the hyperbolic sine."""
    def cosh(self) -> Value:
        """cosh(a): the hyperbolic cosine."""
    def tanh(self) -> Value:
        """tanh(a): the hyperbolic tangent, a sigmoid in (-1, 1)."""
    def asinh(self) -> Value:
        """asinh(a): the inverse of sinh."""
    def arcsinh(self) -> Value:
        """asinh(a): the inverse of sinh."""
    def acosh(self) -> Value:
        """acosh(a): the inverse of cosh, not negative."""
    def arccosh(self) -> Value:
        """acosh(a): the inverse of cosh, not negative."""
    def atanh(self) -> Value:
        """atanh(a): the inverse of tanh."""
    def arctanh(self) -> Value:
        """atanh(a): the inverse of tanh."""
    def erf(self) -> Value:
        """erf(a): the error function, 2/√π ∫₀ᵃ exp(-t²) dt."""
    def erfc(self) -> Value:
        """erfc(a): 1 - erf(a), exact where that cancels."""
    def erfinv(self) -> Value:
        """erfinv(a): the inverse of erf."""
    def ndtr(self) -> Value:
        """ndtr(a): Φ(a), the distribution function of the standard normal."""
    def log_ndtr(self) -> Value:
        """log_ndtr(a): log(Φ(a)), exact where Φ(a) is too small for a float."""
    def lgamma(self) -> Value:
        """lgamma(a): log |Γ(a)|, the logarithm of the gamma function, as `math.lgamma`; SciPy's `gammaln`."""
    def digamma(self) -> Value:
        """digamma(a): ψ(a), the derivative of lgamma."""
    def logaddexp(self, b: Value | _Real, /) -> Value:
        """logaddexp(a, b): log(exp(a) + exp(b)), without overflow."""
    def abs(self) -> Value:
        """abs(a): the absolute value; its derivative at 0 is 0."""
    def __abs__(self) -> Value:
        """abs(a): the absolute value; its derivative at 0 is 0."""
    def sign(self) -> Value:
        """sign(a): -1, 0 or 1."""
    def floor(self) -> Value:
        """floor(a): the largest whole number that is not above a."""
    def __floor__(self) -> Value:
        """floor(a): the largest whole number that is not above a."""
    def ceil(self) -> Value:
        """ceil(a): the smallest whole number that is not below a."""
    def __ceil__(self) -> Value:
        """ceil(a): the smallest whole number that is not below a."""
    def trunc(self) -> Value:
        """trunc(a): the whole number next to a on the side of 0."""
    def __trunc__(self) -> Value:
        """trunc(a): the whole number next to a on the side of 0."""
    def copysign(self, b: Value | _Real, /) -> Value:
        """copysign(a, b): |a| with the sign of b, also of -0; its derivative with respect to a is 0 at a = 0, as that of abs."""
    def maximum(self, b: Value | _Real, /) -> Value:
        """maximum(a, b): the larger one; equal inputs share the derivative."""
    def minimum(self, b: Value | _Real, /) -> Value:
        """minimum(a, b): the smaller one; equal inputs share the derivative."""
    def clip(self, b: Value | _Real, c: Value | _Real, /) -> Value:
        """clip(a, b, c): a, kept between the bounds b and c; its derivative at a bound is 1."""
    def pow(self, b: Value | _Real, /) -> Value:
        """pow(a, b): a to the power of b."""
    def remainder(self, b: Value | _Real, /) -> Value:
        """remainder(a, b): a - b · floor(a / b), of the sign of b."""
    def fmod(self, b: Value | _Real, /) -> Value:
        """fmod(a, b): a - b · trunc(a / b), of the sign of a."""
    def relu(self) -> Value:
        """relu(a): max(0, a); its derivative at 0 is 0."""
    def leaky_relu(self, negative_slope: Value | _Real = 0.01) -> Value:
        """x, or negative_slope · x where x is not positive: a ReLU that cannot die."""
    def elu(self, alpha: Value | _Real = 1.0) -> Value:
        """x, or alpha · (exp(x) - 1) where x is not positive."""
    def gelu(self, approximate: str = "none") -> Value:
        """x · Φ(x), where Φ is the distribution function of the standard normal; or, with ``approximate="tanh"``, close to it."""
    def silu(self) -> Value:
        """silu(a): a · sigmoid(a)."""
    def sigmoid(self) -> Value:
        """sigmoid(a): 1 / (1 + exp(-a))."""
    def softplus(self) -> Value:
        """softplus(a): log(1 + exp(a)), without overflow."""

def apply_one(operation: Operation, x: Value) -> Value: ...
def dot(xs: Iterable[Node | _Real], ys: Iterable[Node | _Real]) -> Value: ...
def apply(operation: Operation, inputs: list[Value], checked: bool = True) -> Value: ...
def node_of(operation: Operation, inputs: list[Value], y: float, slopes: list[float]) -> Value: ...
def operand(other: object) -> Value | None: ...
def values(items: object) -> list[Node]: ...
def vector(items: object, last: Vector | None = None) -> Vector: ...
