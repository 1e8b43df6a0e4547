"""Every operation at its special points: value and derivatives, or the exception."""

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd import Value, exp, log, log_softmax, relu, sigmoid, softmax, tanh, where
from autograd.errors import DomainError, PoleError
from autograd.functions import call
from autograd.ops import OPERATIONS, Operation

from points import ROWS  # isort: skip

inf, nan = math.inf, math.nan

POINTS: list[tuple[str, Callable[..., Any], tuple[float, ...], float, tuple[float, ...]]] = [
    ("x**0 at 0", lambda x: x**0, (0.0,), 1.0, (0.0,)),
    ("0**1", lambda x: x**1, (0.0,), 0.0, (1.0,)),
    ("0**2", lambda x: x**2, (0.0,), 0.0, (0.0,)),
    ("0**0, both Values", lambda x, y: x**y, (0.0, 0.0), 1.0, (0.0, 0.0)),
    ("0**0.5", lambda x: x**0.5, (0.0,), 0.0, (inf,)),
    ("(-2)**Value(2)", lambda x, y: x**y, (-2.0, 2.0), 4.0, (-4.0, nan)),
    ("0**2, both Values", lambda x, y: x**y, (0.0, 2.0), 0.0, (0.0, 0.0)),
    ("exp(1000)", exp, (1000.0,), inf, (inf,)),
    ("exp(-1000)", exp, (-1000.0,), 0.0, (0.0,)),
    ("10.0**400", lambda x: x**400, (10.0,), inf, (inf,)),
    ("(-10.0)**401", lambda x: x**401, (-10.0,), -inf, (inf,)),
    ("10.0**Value(400)", lambda y: 10.0**y, (400.0,), inf, (inf,)),
    ("relu'(0)", relu, (0.0,), 0.0, (0.0,)),
    ("relu(-0.0)", relu, (-0.0,), 0.0, (0.0,)),
    ("relu(inf)", relu, (inf,), inf, (1.0,)),
    ("tanh'(20)", tanh, (20.0,), math.tanh(20.0), (1.6993417021166355e-17,)),
    ("tanh(1000)", tanh, (1000.0,), 1.0, (0.0,)),
    ("tanh(-1000)", tanh, (-1000.0,), -1.0, (0.0,)),
    ("sigmoid'(30)", sigmoid, (30.0,), 0.9999999999999064, (9.357622968838425e-14,)),
    ("sigmoid'(-30)", sigmoid, (-30.0,), 9.357622968839299e-14, (9.357622968838425e-14,)),
    ("sigmoid(1000)", sigmoid, (1000.0,), 1.0, (0.0,)),
    ("sigmoid(-1000)", sigmoid, (-1000.0,), 0.0, (0.0,)),
    ("log(inf)", log, (inf,), inf, (0.0,)),
    ("log(5e-324)", log, (5e-324,), math.log(5e-324), (inf,)),
    ("inf - inf", lambda x, y: x - y, (inf, inf), nan, (1.0, -1.0)),
    ("0 * inf", lambda x, y: x * y, (0.0, inf), nan, (inf, 0.0)),
    ("overflow", lambda x, y: x * y, (1e300, 1e300), inf, (1e300, 1e300)),
    ("where, selected", lambda x: where(x > 0, lambda: log(x), lambda: 0.0) + 0 * x, (2.0,), math.log(2.0), (0.5,)),
    ("where, guarded", lambda x: where(x > 0, lambda: log(x), lambda: 3.0) + 0 * x, (-2.0,), 3.0, (0.0,)),
    ("sqrt(relu(x)), a slope that selects", lambda x: ag.sqrt(relu(x)), (-1.0,), 0.0, (0.0,)),
    ("acos(minimum(x, 1)), a slope that selects", lambda x: ag.acos(ag.minimum(x, 1.0)), (1.0000001,), 0.0, (0.0,)),
    ("asin(clip(x, -1, 1)), a slope that selects", lambda x: ag.asin(ag.clip(x, -1.0, 1.0)), (2.0,), math.pi / 2, (0.0,)),
    ("sqrt(maximum(x, 0)), a slope that selects", lambda x: ag.sqrt(ag.maximum(x, 0.0)), (-1.0,), 0.0, (0.0,)),
    ("sqrt(floor(x)), a slope that selects", lambda x: ag.sqrt(ag.floor(x)), (0.5,), 0.0, (0.0,)),
    ("sqrt(ceil(x)), a slope that selects", lambda x: ag.sqrt(ag.ceil(x)), (-0.5,), 0.0, (0.0,)),
    ("sqrt(sign(x)), a slope that selects", lambda x: ag.sqrt(ag.sign(x)), (0.0,), 0.0, (0.0,)),
    ("sqrt(a * 0), a slope that is 0 by value", lambda x: ag.sqrt(x * 0.0), (2.0,), 0.0, (nan,)),
    ("relu(sqrt(x) - 1), a gradient of 0 meets an infinite slope", lambda x: relu(ag.sqrt(x) - 1.0), (0.0,), 0.0, (nan,)),
    ("sqrt where x > 0", lambda x: where(x > 0, lambda: ag.sqrt(x), lambda: 0.0) + 0 * x, (-1.0,), 0.0, (0.0,)),
    ("sqrt(0)", ag.sqrt, (0.0,), 0.0, (inf,)),
    ("sqrt(-0.0)", ag.sqrt, (-0.0,), -0.0, (inf,)),
    ("cbrt(0)", ag.cbrt, (0.0,), 0.0, (inf,)),
    ("abs'(0)", ag.abs, (0.0,), 0.0, (0.0,)),
    ("sign'", ag.sign, (-3.0,), -1.0, (0.0,)),
    ("sign(0)", ag.sign, (0.0,), 0.0, (0.0,)),
    ("floor'", ag.floor, (2.5,), 2.0, (0.0,)),
    ("floor(-inf)", ag.floor, (-inf,), -inf, (0.0,)),
    ("ceil(-0.5)", ag.ceil, (-0.5,), -0.0, (0.0,)),
    ("leaky_relu'(0)", ag.leaky_relu, (0.0,), 0.0, (0.01,)),
    ("leaky_relu with a Value", ag.leaky_relu, (-2.0, 0.1), -0.2, (0.1, -2.0)),
    ("elu(-1000)", ag.elu, (-1000.0,), -1.0, (0.0,)),
    ("maximum, tie", ag.maximum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("minimum, tie", ag.minimum, (2.0, 2.0), 2.0, (0.5, 0.5)),
    ("maximum(x, nan)", ag.maximum, (1.0, nan), nan, (0.0, 0.0)),
    ("maximum(nan, x)", ag.maximum, (nan, 1.0), nan, (0.0, 0.0)),
    ("minimum(nan, x)", ag.minimum, (nan, 1.0), nan, (0.0, 0.0)),
    ("clip at its lower bound", lambda x: ag.clip(x, 1.0, 2.0), (1.0,), 1.0, (1.0,)),
    ("clip at its upper bound", lambda x: ag.clip(x, 1.0, 2.0), (2.0,), 2.0, (1.0,)),
    ("clip, bounds that are Values", ag.clip, (5.0, 1.0, 2.0), 2.0, (0.0, 0.0, 1.0)),
    ("clip at its lower bound, a Value", ag.clip, (1.0, 1.0, 2.0), 1.0, (1.0, 0.0, 0.0)),
    ("clip at its upper bound, a Value", ag.clip, (2.0, 1.0, 2.0), 2.0, (1.0, 0.0, 0.0)),
    ("clip, equal bounds", ag.clip, (0.0, 1.0, 1.0), 1.0, (0.0, 1.0, 0.0)),
    ("clip, a bound is nan", ag.clip, (0.0, nan, 1.0), nan, (1.0, 0.0, 0.0)),
    ("where, the row, not 0", lambda c, a, b: call(OPERATIONS["where"], c, a, b), (-0.5, 3.0, 4.0), 3.0, (0.0, 1.0, 0.0)),
    ("where, the row, 1", lambda c, a, b: call(OPERATIONS["where"], c, a, b), (1.0, 3.0, 4.0), 3.0, (0.0, 1.0, 0.0)),
    ("where, the row, 0", lambda c, a, b: call(OPERATIONS["where"], c, a, b), (0.0, 3.0, 4.0), 4.0, (0.0, 0.0, 1.0)),
    ("elu'(0), alpha 2", ag.elu, (0.0, 2.0), 0.0, (2.0, 0.0)),
    ("0.1**2 has the slope 2 * 0.1 to the last bit", lambda x: x**2, (0.1,), 0.1**2, (0.2,)),
    ("7**3 is exact", lambda x: x**3, (7.0,), 343.0, (147.0,)),
    ("x**0.1 at a tiny x", lambda x: x**0.1, (1e-200,), 1e-200**0.1, (1e-200**0.1 * 0.1 / 1e-200,)),
    ("x**0.1 that underflows", lambda x: x**3.1, (1e-200,), 0.0, (0.0,)),
    ("x**1.03 that overflows, with a finite slope", lambda x: x**1.03, (1e300,), inf, (1.03 * 1e300 ** (1.03 - 1.0),)),
    ("softplus(20.5)", ag.softplus, (20.5,), 20.50000000125016, (0.9999999987498471,)),
    ("softplus(1000)", ag.softplus, (1000.0,), 1000.0, (1.0,)),
    ("softplus(-1000)", ag.softplus, (-1000.0,), 0.0, (0.0,)),
    (
        "logsumexp at 1e8",
        lambda a, b: ag.logsumexp([a, b]),
        (1e8, 1e8 - 1.0),
        1e8 + 0.31326168751822286,
        (0.7310585786300049, 0.2689414213699951),
    ),
    ("logsumexp, one -inf", lambda a, b: ag.logsumexp([a, b]), (1.0, -inf), 1.0, (1.0, 0.0)),
    ("logsumexp at 1e308", lambda a, b: ag.logsumexp([a, b]), (1e308, -1e308), 1e308, (1.0, 0.0)),
    ("take(…, -0.0)", lambda i, a, b: ag.take([a, b], i), (-0.0, -0.0, 3.0), -0.0, (0.0, 1.0, 0.0)),
    ("take, beside inf and nan", lambda i, a, b, c: ag.take([a, b, c], i), (1.0, inf, 2.0, nan), 2.0, (0.0, 0.0, 1.0, 0.0)),
    ("take, the index is nan", lambda i, a, b: ag.take([a, b], i), (nan, 1.0, 2.0), nan, (0.0, 0.0, 0.0)),
    ("take, a gradient of 0 meets an infinite slope", lambda a, b: ag.take([ag.sqrt(a), b], ag.floor(b)), (0.0, 1.5), 1.5, (nan, 1.0)),
    ("atan2(0, 0)", ag.atan2, (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("atan2, huge", ag.atan2, (1e300, 1e300), math.pi / 4, (5e-301, -5e-301)),
    ("hypot(0, 0)", ag.hypot, (0.0, 0.0), 0.0, (0.0, 0.0)),
    ("hypot, huge", ag.hypot, (3e300, 4e300), 5e300, (0.6, 0.8)),
    ("erf(0)", ag.erf, (0.0,), 0.0, (1.1283791670955126,)),
    ("erf(1000)", ag.erf, (1000.0,), 1.0, (0.0,)),
    ("erfc(1000)", ag.erfc, (1000.0,), 0.0, (0.0,)),
    ("sinh(1000)", ag.sinh, (1000.0,), inf, (inf,)),
    ("sinh(-1000)", ag.sinh, (-1000.0,), -inf, (inf,)),
    ("cosh(-1000)", ag.cosh, (-1000.0,), inf, (-inf,)),
    ("expm1(1000)", ag.expm1, (1000.0,), inf, (inf,)),
    ("expm1(-1000)", ag.expm1, (-1000.0,), -1.0, (0.0,)),
    ("asin(1)", ag.asin, (1.0,), math.pi / 2, (inf,)),
    ("acos(-1)", ag.acos, (-1.0,), math.pi, (-inf,)),
    ("acosh(1)", ag.acosh, (1.0,), 0.0, (inf,)),
    ("acosh(1e300)", ag.acosh, (1e300,), math.acosh(1e300), (1e-300,)),
    ("asinh(1e300)", ag.asinh, (1e300,), math.asinh(1e300), (1e-300,)),
    ("atan(inf)", ag.atan, (inf,), math.pi / 2, (0.0,)),
    ("sin(inf)", ag.sin, (inf,), nan, (nan,)),
    ("-7 % 3", lambda a, b: a % b, (-7.0, 3.0), 2.0, (1.0, 3.0)),
    ("fmod(-7, 3)", ag.fmod, (-7.0, 3.0), -1.0, (1.0, 2.0)),
    ("fmod(7, -3)", ag.fmod, (7.0, -3.0), 1.0, (1.0, 2.0)),
    ("fmod(5, inf)", ag.fmod, (5.0, inf), 5.0, (1.0, 0.0)),
    ("fmod(-0.0, 3)", ag.fmod, (-0.0, 3.0), -0.0, (1.0, 0.0)),
    ("fmod(inf, 3)", ag.fmod, (inf, 3.0), nan, (1.0, nan)),
    ("trunc(-2.5)", ag.trunc, (-2.5,), -2.0, (0.0,)),
    ("trunc(-0.5)", ag.trunc, (-0.5,), -0.0, (0.0,)),
    ("trunc(inf)", ag.trunc, (inf,), inf, (0.0,)),
    ("sqrt(trunc(x)), a slope that selects", lambda x: ag.sqrt(ag.trunc(x)), (-0.5,), -0.0, (0.0,)),
    ("copysign(3, -0.0)", ag.copysign, (3.0, -0.0), -3.0, (-1.0, 0.0)),
    ("copysign(-3, 0.0)", ag.copysign, (-3.0, 0.0), 3.0, (-1.0, 0.0)),
    ("copysign(-3, -inf)", ag.copysign, (-3.0, -inf), -3.0, (1.0, 0.0)),
    ("copysign'(0)", ag.copysign, (0.0, -2.0), -0.0, (0.0, 0.0)),
    ("logaddexp(inf, inf)", ag.logaddexp, (inf, inf), inf, (0.5, 0.5)),
    ("logaddexp(-inf, -inf)", ag.logaddexp, (-inf, -inf), -inf, (0.5, 0.5)),
    ("logaddexp(inf, -inf)", ag.logaddexp, (inf, -inf), inf, (1.0, 0.0)),
    ("logaddexp(-inf, 2)", ag.logaddexp, (-inf, 2.0), 2.0, (0.0, 1.0)),
    ("logaddexp(nan, inf)", ag.logaddexp, (nan, inf), nan, (nan, nan)),
    ("logaddexp(1000, 1000)", ag.logaddexp, (1000.0, 1000.0), 1000.6931471805599, (0.5, 0.5)),
    ("logaddexp(1e308, -1e308)", ag.logaddexp, (1e308, -1e308), 1e308, (1.0, 0.0)),
    ("ndtr(40)", ag.ndtr, (40.0,), 1.0, (0.0,)),
    ("ndtr(-40)", ag.ndtr, (-40.0,), 0.0, (0.0,)),
    ("ndtr(-37)", ag.ndtr, (-37.0,), 5.725571222524577e-300, (2.1200065515246056e-298,)),
    ("ndtr(0)", ag.ndtr, (0.0,), 0.5, (0.3989422804014327,)),
    ("ndtr(inf)", ag.ndtr, (inf,), 1.0, (0.0,)),
    ("ndtr(-inf)", ag.ndtr, (-inf,), 0.0, (0.0,)),
    ("log_ndtr(-1e5)", ag.log_ndtr, (-1e5,), -5000000012.431864, (100000.00001,)),
    ("log_ndtr(-1e200)", ag.log_ndtr, (-1e200,), -inf, (1e200,)),
    ("log_ndtr(-inf)", ag.log_ndtr, (-inf,), -inf, (inf,)),
    ("log_ndtr(40)", ag.log_ndtr, (40.0,), 0.0, (0.0,)),
    ("log_ndtr(inf)", ag.log_ndtr, (inf,), 0.0, (0.0,)),
    ("log_ndtr(0)", ag.log_ndtr, (0.0,), -math.log(2.0), (math.sqrt(2.0 / math.pi),)),
    ("erfinv(0)", ag.erfinv, (0.0,), 0.0, (math.sqrt(math.pi) / 2.0,)),
    ("erfinv(-0.0)", ag.erfinv, (-0.0,), -0.0, (math.sqrt(math.pi) / 2.0,)),
    ("erfinv, the last point", ag.erfinv, (1.0 - 2.0**-53,), 5.863584748755168, (757347920544974.0,)),
    ("lgamma(1)", ag.lgamma, (1.0,), 0.0, (-0.5772156649015329,)),
    ("lgamma(2)", ag.lgamma, (2.0,), 0.0, (0.42278433509846714,)),
    ("lgamma next to 1", ag.lgamma, (1.0 + 2.0**-52,), -1.2816762426960008e-16, (-0.5772156649015329,)),
    ("lgamma(0.5)", ag.lgamma, (0.5,), 0.5 * math.log(math.pi), (-1.9635100260214235,)),
    ("lgamma(-0.5)", ag.lgamma, (-0.5,), 1.2655121234846454, (0.03648997397857652,)),
    ("lgamma(1e300)", ag.lgamma, (1e300,), 6.897755278982137e302, (690.7755278982137,)),
    ("lgamma that overflows", ag.lgamma, (1e306,), inf, (704.591038456178,)),
    ("lgamma(inf)", ag.lgamma, (inf,), inf, (inf,)),
    ("lgamma(-inf), as math.lgamma", ag.lgamma, (-inf,), inf, (nan,)),
    ("lgamma(5e-324)", ag.lgamma, (5e-324,), 744.4400719213812, (-inf,)),
    ("lgamma next to a pole", ag.lgamma, (math.nextafter(-3.0, 0.0),), 33.55874673932916, (-2251799813685246.8,)),
    ("lgamma(-2**52 + 0.5)", ag.lgamma, (0.5 - 2.0**52,), -1.5782258434492883e17, (36.04365338911715,)),
    ("digamma(1)", ag.digamma, (1.0,), -0.5772156649015329, (math.pi**2 / 6.0,)),
    ("digamma at the float next to its zero", ag.digamma, (1.4616321449683622,), -9.241265521729427e-17, (0.9676722454476212,)),
    ("digamma(-inf), which is nowhere", ag.digamma, (-inf,), nan, (nan,)),
    ("digamma(inf)", ag.digamma, (inf,), inf, (0.0,)),
    ("polygamma(1, 0.5)", lambda x: ag.polygamma(1, x), (0.5,), math.pi**2 / 2.0, (-16.82879664423432,)),
    ("polygamma(1, inf)", lambda x: ag.polygamma(1, x), (inf,), 0.0, (-0.0,)),
    ("polygamma(1, -0.5)", lambda x: ag.polygamma(1, x), (-0.5,), 8.934802200544679, (-0.82879664423432,)),
    ("polygamma(0, x) is digamma(x)", lambda x: ag.polygamma(0, x), (2.0,), 0.42278433509846714, (0.6449340668482264,)),
    ("product with zeros", lambda a, b, c: a * b * c, (0.0, 2.0, 0.0), 0.0, (0.0, 0.0, 0.0)),
    ("dot with zeros", lambda a, b: ag.dot([a, b], [b, 0.0]), (0.0, 2.0), 0.0, (2.0, 0.0)),
    ("1/tiny", lambda x: 1 / x, (5e-324,), inf, (-inf,)),
]


def same(a: float, b: float) -> bool:
    if a == b or (a != a and b != b):
        return True
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 4 * math.ulp(max(abs(a), abs(b)))


@pytest.mark.parametrize(("name", "f", "point", "value", "slopes"), POINTS, ids=[row[0] for row in POINTS])
def test_value_and_derivatives(name: str, f: Callable[..., Any], point: tuple[float, ...], value: float, slopes: tuple[float, ...]) -> None:
    inputs = [Value(x) for x in point]
    y = f(*inputs)
    y.backward()
    assert same(y.data, value), name
    results = [x.grad for x in inputs]
    assert all(map(same, results, slopes)), (name, results, slopes)
    if "to the last bit" in name:
        assert results == list(slopes)


RAISES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("1/0", lambda: 1 / Value(0.0, label="speed"), PoleError, r"b = 0\.0 \(label 'speed'\)"),
    ("0/0", lambda: Value(0.0) / 0, PoleError, "needs b ≠ 0"),
    ("1/-0.0", lambda: Value(1.0) / Value(-0.0), PoleError, "b = -0.0"),
    ("0**-1", lambda: Value(0.0, label="x") ** -1, PoleError, r"a = 0\.0 \(label 'x'\), b = -1\.0"),
    ("0**Value(-1)", lambda: Value(0.0) ** Value(-1.0), PoleError, "pow"),
    ("(-2)**0.5", lambda: Value(-2.0) ** 0.5, DomainError, "needs a > 0, or b an integer"),
    ("(-2)**Value(0.5)", lambda: Value(-2.0) ** Value(0.5), DomainError, "where"),
    ("log(0)", lambda: log(Value(0.0)), DomainError, "log.a. needs a > 0, but a = 0.0"),
    ("log(-1)", lambda: Value(-1.0).log(), DomainError, "lambda: log"),  # type: ignore[attr-defined]
    ("log(-1), a number", lambda: log(-1.0), DomainError, "a = -1.0"),
    ("log1p(-1)", lambda: ag.log1p(Value(-1.0)), DomainError, "needs a > -1"),
    ("log2(0)", lambda: ag.log2(Value(0.0)), DomainError, "needs a > 0"),
    ("sqrt(-1)", lambda: ag.sqrt(Value(-1.0)), DomainError, "needs a ≥ 0"),
    ("asin(2)", lambda: ag.asin(Value(2.0)), DomainError, "needs -1 ≤ a ≤ 1"),
    ("acosh(0.5)", lambda: ag.acosh(Value(0.5)), DomainError, "needs a ≥ 1"),
    ("atanh(1)", lambda: ag.atanh(Value(1.0)), DomainError, "needs -1 < a < 1"),
    ("5 % 0", lambda: 5 % Value(0.0), PoleError, "needs b ≠ 0"),
    ("clip, bounds crossed", lambda: ag.clip(Value(1.0), 2.0, 1.0), DomainError, "needs b ≤ c, but a = 1.0, b = 2.0, c = 1.0"),
    ("log(-inf)", lambda: log(Value(-inf)), DomainError, "a = -inf"),
    ("erfinv(1)", lambda: ag.erfinv(Value(1.0)), DomainError, "erfinv.a. needs -1 < a < 1, but a = 1.0"),
    ("lgamma(0)", lambda: ag.lgamma(Value(0.0, label="shape")), DomainError, r"needs a neither 0 nor a .*, but a = 0\.0 \(label 'shape'\)"),
    ("lgamma(-2), a number", lambda: ag.lgamma(-2.0), DomainError, r"needs a neither 0 nor a negative whole number, but a = -2\.0"),
    ("lgamma(-1e300), which is whole", lambda: ag.lgamma(Value(-1e300)), DomainError, r"a = -1e\+300"),
    ("digamma(-3)", lambda: ag.digamma(Value(-3.0)), DomainError, "digamma.a. needs a neither 0"),
    ("polygamma(2, -1)", lambda: ag.polygamma(2, Value(-1.0)), DomainError, r"polygamma\(a, b\) needs .*, but a = -1\.0, b = 2\.0"),
    ("fmod(5, 0)", lambda: ag.fmod(5.0, Value(0.0)), DomainError, "fmod.a, b. needs b ≠ 0, but a = 5.0, b = 0.0"),
]


@pytest.mark.parametrize(("name", "f", "error", "message"), RAISES, ids=[row[0] for row in RAISES])
def test_poles_and_domains_raise_what_a_float_would(name: str, f: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        f()
    builtin = ZeroDivisionError if error is PoleError else ValueError
    with pytest.raises(builtin):
        f()


def after(x: float, towards: float) -> float:
    return math.nextafter(x, towards)


DOMAINS: dict[str, tuple[list[tuple[float, ...]], list[tuple[float, ...]]]] = {
    "div": ([(1.0, 5e-324), (0.0, -1.0)], [(1.0, 0.0), (nan, 0.0), (0.0, -0.0)]),
    "remainder": ([(1.0, 5e-324), (0.0, -1.0)], [(1.0, 0.0), (1.0, -0.0)]),
    "log": ([(5e-324,), (1.0,), (inf,)], [(0.0,), (-0.0,), (-5e-324,), (-inf,)]),
    "log2": ([(5e-324,), (1.0,), (inf,)], [(0.0,), (-5e-324,)]),
    "log10": ([(5e-324,), (1.0,), (inf,)], [(0.0,), (-5e-324,)]),
    "log1p": ([(after(-1.0, 0.0),), (0.0,), (inf,)], [(-1.0,), (after(-1.0, -2.0),)]),
    "sqrt": ([(0.0,), (-0.0,), (5e-324,), (inf,)], [(-5e-324,), (-inf,)]),
    "asin": ([(1.0,), (-1.0,), (0.0,)], [(after(1.0, 2.0),), (after(-1.0, -2.0),), (inf,)]),
    "acos": ([(1.0,), (-1.0,), (0.0,)], [(after(1.0, 2.0),), (after(-1.0, -2.0),), (-inf,)]),
    "acosh": ([(1.0,), (inf,)], [(after(1.0, 0.0),), (-1.0,)]),
    "atanh": ([(after(1.0, 0.0),), (after(-1.0, 0.0),), (0.0,)], [(1.0,), (-1.0,), (2.0,)]),
    "clip": ([(0.0, 1.0, 1.0), (0.0, -inf, inf)], [(0.0, after(1.0, 2.0), 1.0)]),
    "fmod": ([(1.0, 5e-324), (0.0, -1.0), (1.0, inf)], [(1.0, 0.0), (1.0, -0.0)]),
    "erfinv": ([(after(1.0, 0.0),), (after(-1.0, 0.0),), (0.0,)], [(1.0,), (-1.0,), (inf,)]),
    **dict.fromkeys(
        ("lgamma", "digamma", "polygamma"),
        (
            [(5e-324,), (-5e-324,), (after(-1.0, 0.0),), (after(-7.0, -8.0),), (0.5 - 2.0**52,), (inf,), (-inf,)],
            [(0.0,), (-0.0,), (-1.0,), (-7.0,), (-(2.0**52),), (-1e300,)],
        ),
    ),
    "take": (
        [(0.0, 5.0), (-0.0, 5.0), (1.0, 5.0, -inf), (2.0, 5.0, 6.0, inf)],
        [(1.0, 5.0), (-1.0, 5.0, 6.0), (5e-324, 5.0, 6.0), (after(1.0, 0.0), 5.0, 6.0), (2.0, 5.0, 6.0), (inf, 5.0), (-inf, 5.0)],
    ),
    "pow": (
        [(0.0, 0.0), (0.0, 0.5), (-0.0, 2.0), (-2.0, 3.0), (-2.0, -1.0), (-2.0, inf), (-inf, 0.5), (5e-324, -0.5), (2.0, 0.5)],
        [(0.0, -1.0), (-0.0, -0.5), (0.0, -inf), (-2.0, 0.5), (-5e-324, 1.5)],
    ),
}


@pytest.mark.parametrize("row", [row for row in ROWS if row.domain or row.pole], ids=lambda row: row.name)
def test_domains_end_exactly_where_they_should(row: Operation) -> None:
    inside, beyond = DOMAINS[row.name]
    for point in inside:
        call(row, *point)
        call(row, *map(Value, point))
    for point in beyond:
        for inputs in (point, tuple(map(Value, point))):
            with pytest.raises((DomainError, PoleError)):
                call(row, *inputs)


def test_nan_and_infinity_pass_through() -> None:
    assert math.isnan(relu(Value(nan)).data)
    assert math.isnan(log(Value(nan)).data)
    assert math.isnan((Value(nan) ** 0.5).data)
    assert (Value(-inf) ** 0.5).data == inf


def test_backward_never_raises_for_an_infinite_slope() -> None:
    x = Value(0.0)
    (x**0.5).backward()
    assert x.grad == inf


def test_softmax_is_stable() -> None:
    assert softmax([1e4, -1e4]) == [1.0, 0.0]
    assert softmax([Value(1e308), Value(-1e308)])[0].data == 1.0
    assert log_softmax([0.0, -1000.0]) == [0.0, -1000.0]
    logits = [Value(1e4), Value(-1e4), Value(1e4)]
    log_softmax(logits)[0].backward()
    assert [z.grad for z in logits] == [0.5, 0.0, -0.5]
    assert softmax([Value(1.0), Value(-inf)])[1].data == 0.0
