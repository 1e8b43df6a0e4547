"""The elementary functions of kernels: against exact numbers, at their special points, and wherever a number stands in an array."""

import ctypes
import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from executors import EXECUTORS
from test_accuracy import EXACT, inverse_mills

import autograd
from autograd import compile
from autograd.compiled.backends.llvm.machine_code import address_of, lanes
from autograd.compiled.backends.numpy.arrays import ARRAYS
from autograd.functions import function_of
from autograd.namespaces import FLOATS
from autograd.ops import OPERATIONS

if "native" not in EXECUTORS:
    pytest.skip("needs llvmlite", allow_module_level=True)

from autograd.compiled.backends.llvm import elementary
from autograd.compiled.backends.llvm.lanes import LIBRARY, Lanes
from autograd.compiled.backends.llvm.text import FLOAT, Function, Module, Number

Array = Any
RNG = np.random.default_rng(0)
VECTORS = sorted({1, lanes()})


ORDERS = {"polygamma": (2.0,)}
"""What comes last among the arguments of a function, as a constant."""


def module_of(name: str, inputs: int, width: int) -> Module:
    """A module whose function "kernel" computes a function of namespaces for one vector: of the addresses of its inputs and of the result."""
    module = Module(width)
    f: Function = module.function("kernel", [*[f"ptr %in{k}" for k in range(inputs)], "ptr %out"])
    vectors = [f.number(f"load {f.type(FLOAT)}, ptr %in{k}, align 8", FLOAT, pure=False) for k in range(inputs)]
    result: Number = getattr(Lanes(f), name)(*vectors, *ORDERS.get(name, ()))
    f.line(f"store {f.type(FLOAT)} {result.name}, ptr %out, align 8")
    f.end()
    return module


def apply(name: str, *inputs: Array, width: int | None = None) -> Array:
    """A function of namespaces, computed by a kernel with vectors of so many lanes, one vector after the other."""
    width = width or lanes()
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(inputs) + 1))(address_of(module_of(name, len(inputs), width)))
    count = len(inputs[0])
    padded = [np.ascontiguousarray(np.pad(np.asarray(x, dtype=float), (0, -count % width))) for x in inputs]
    result = np.zeros(len(padded[0]))
    for first in range(0, len(result), width):
        call(*[x.ctypes.data + 8 * first for x in (*padded, result)])
    return result[:count]


# -- those that kernels compute as vectors --------------------------------------------------------------------------------

NEAR_1 = np.concatenate([1.0 + RNG.normal(size=1000) * 1e-6, RNG.uniform(0.5, 2.0, 2000), RNG.uniform(0.999, 1.001, 1000)])
TINY = 10.0 ** RNG.uniform(-300.0, 0.0, 500)
SMALL = np.concatenate([TINY, -TINY])
MULTIPLES = np.concatenate([np.arange(1, 300), RNG.integers(300, 63600, 700)]) * (math.pi / 2.0)
ANGLES = [
    *(RNG.normal(size=1500), RNG.uniform(-7.0, 7.0, 1500), RNG.uniform(-1e5, 1e5, 1500), SMALL),
    *(MULTIPLES, -MULTIPLES, np.nextafter(MULTIPLES, 0.0), MULTIPLES + RNG.normal(size=len(MULTIPLES)) * 1e-9),
    *([99999.9999, 1e5, np.nextafter(1e5, 2e5), -1e5, -np.nextafter(1e5, 2e5)], 10.0 ** RNG.uniform(5.0, 300.0, 500)),
]


def gaussian(a: Any) -> Any:
    return mp.exp(-(a * a))


CASES: dict[str, tuple[Callable[[Any], Any], float, list[Any]]] = {
    "exp": (mp.exp, 1.0, [RNG.normal(size=1000) * 3.0, np.linspace(-745.1, 709.78, 3000), RNG.uniform(-1.0, 1.0, 2000), SMALL]),
    "log": (mp.log, 1.0, [np.exp(RNG.normal(size=1500) * 50.0), NEAR_1, 5e-324 * RNG.integers(1, 10**6, 500), TINY]),
    "expm1": (mp.expm1, 2.5, [RNG.normal(size=1500), RNG.uniform(-0.51, 0.51, 3000), np.linspace(-40.0, 709.78, 1500), SMALL]),
    "log1p": (mp.log1p, 2.5, [NEAR_1 - 1.0, RNG.uniform(-1.0, 1.0, 2000), 10.0 ** RNG.uniform(0.0, 308.0, 500), SMALL[SMALL > -1.0]]),
    "tanh": (mp.tanh, 2.5, [RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 3000), RNG.uniform(-25.0, 25.0, 1000), SMALL]),
    "erf": (mp.erf, 2.5, [RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 3000), RNG.uniform(-6.5, 6.5, 2000), SMALL]),
    "gaussian": (gaussian, 2.5, [RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 1000), RNG.uniform(-26.0, 26.0, 3000), SMALL]),
    "sin": (mp.sin, 2.5, ANGLES),
    "cos": (mp.cos, 2.5, ANGLES),
    "lgamma": (
        EXACT["lgamma"],
        4.0,
        [RNG.uniform(0.0, 20.0, 2000), NEAR_1, NEAR_1 + 1.0, TINY, 10.0 ** RNG.uniform(0.0, 300.0, 300), SMALL * 0.5],
    ),
    "digamma": (
        EXACT["digamma"],
        4.0,
        [RNG.uniform(0.0, 20.0, 2000), 1.46163 + RNG.normal(size=500) * 1e-5, TINY, 10.0 ** RNG.uniform(0.0, 300.0, 300)],
    ),
    "polygamma": (
        lambda a: EXACT["polygamma"](a, 2),
        4.0,
        [RNG.uniform(0.0, 20.0, 1000), 10.0 ** RNG.uniform(-90.0, 90.0, 300), RNG.uniform(-8.4, -8.1, 99)],
    ),
    "ndtr": (EXACT["ndtr"], 4.0, [RNG.normal(size=2000), RNG.uniform(-37.0, 10.0, 2000), SMALL]),
    "log_ndtr": (
        EXACT["log_ndtr"],
        4.0,
        [RNG.normal(size=1000), RNG.uniform(-40.0, 37.0, 1000), -(10.0 ** RNG.uniform(0.0, 150.0, 300)), SMALL],
    ),
    "inverse_mills": (
        inverse_mills,
        4.0,
        [RNG.normal(size=1000) * 2.0, RNG.uniform(-40.0, 37.0, 1000), -(10.0 ** RNG.uniform(0.0, 300.0, 300)), SMALL],
    ),
    "erfinv": (EXACT["erfinv"], 4.0, [RNG.uniform(-1.0, 1.0, 1000), 1.0 - 10.0 ** RNG.uniform(-15.9, -1.0, 500), SMALL]),
}
"""The exact function, a bound for the error in units in the last place, and the arguments."""


def errors(exact: Callable[[Any], Any], x: Array, y: Array) -> list[float]:
    """In units in the last place of the result. Exact numbers are rounded at 1,200 bits, because angles are as large as 10³⁰⁰."""
    off = []
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        with mp.workprec(1200 if abs(a) > 1e6 else 160):
            off.append(float(abs(mp.mpf(b) - exact(mp.mpf(a))) / mp.mpf(math.ulp(b))))
    return off


def test_all_functions_of_vectors_have_a_case() -> None:
    assert CASES.keys() == elementary.FUNCTIONS.keys()


@pytest.mark.parametrize("width", VECTORS)
@pytest.mark.parametrize("name", CASES)
def test_errors_in_units_in_the_last_place(name: str, width: int) -> None:
    exact, bound, parts = CASES[name]
    x = np.concatenate(parts)
    x = x if width > 1 else x[::5]
    y = apply(name, x, width=width)
    off = errors(exact, x, y)
    worst = max(range(len(off)), key=off.__getitem__)
    assert off[worst] <= bound, (x[worst], y[worst], off[worst])


def test_the_slope_of_erf() -> None:
    """2/√π exp(-a²), of which kernels compute the second factor in one piece; also where it is next to 0."""
    x = np.concatenate([RNG.normal(size=2000), RNG.uniform(-0.6, 0.6, 1000), RNG.uniform(-26.0, 26.0, 3000), SMALL])
    gradient = compile(autograd.erf, executor="native").value_and_grad(x, wrt=0)[1]
    assert max(errors(lambda a: 2.0 / mp.sqrt(mp.pi) * gaussian(a), x, gradient)) <= 4.0
    special = np.array([0.0, -0.0, 27.2, -27.3, 28.0, -28.1, 1e300, math.inf, -math.inf, math.nan])
    actual, expected = (compile(autograd.erf, executor=name).value_and_grad(special, wrt=0)[1] for name in ("native", "numpy"))
    np.testing.assert_allclose(actual, expected, rtol=1e-15, atol=1e-323)


POINTS = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2250738585072014e-308, 2e-308, 1.0, -1.0, 0.5, -0.5]
POINTS += [1.7976931348623157e308, -1.7976931348623157e308, 709.782712893384, 709.7827128933841, 709.79, 1e5, -1e5, 1e22]
POINTS += [-708.5, -745.13, -745.2, 19.0, 22.5, -22.5, 0.03125, 0.09375, -0.09375, 5.9375, 5.97, 6.0, -6.1, -2.0, 27.3]


@pytest.mark.parametrize("width", VECTORS)
@pytest.mark.parametrize("name", CASES)
def test_special_points_are_those_of_the_library(name: str, width: int) -> None:
    """Also the signs of zeros, infinities and not-a-numbers where they have one."""
    actual = apply(name, np.array(POINTS), width=width)
    for a, b in zip(POINTS, actual.tolist(), strict=True):
        with mp.workprec(160):
            c = float(gaussian(mp.mpf(a))) if name == "gaussian" else getattr(FLOATS, name)(a, *ORDERS.get(name, ()))
        assert (math.isnan(b) and math.isnan(c)) or (b == pytest.approx(c, rel=9e-16, abs=5e-324)), (a, b, c)
        assert math.isnan(b) or math.copysign(1.0, b) == math.copysign(1.0, c), (a, b, c)


NEIGHBOURS = [0.0, 1.0, -3.0, math.nan, math.inf, -math.inf, 1e300, 5e-324, 123456.75]


@pytest.mark.parametrize("name", CASES)
def test_a_number_is_the_same_wherever_it_stands(name: str) -> None:
    """In every lane, and whatever its neighbours are: also those for which the C library is called."""
    numbers = np.concatenate([part[:4] for part in CASES[name][2]])
    for x in numbers.tolist():
        alone = apply(name, np.full(lanes(), x))
        assert (alone == alone[0]).all()
        for lane in range(lanes()):
            for neighbour in NEIGHBOURS:
                around = np.full(lanes(), neighbour)
                around[lane] = x
                assert apply(name, around)[lane] == alone[0], (x, lane, neighbour)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("gaussian", "inverse_mills")])
def test_a_number_is_the_same_in_an_array_of_any_length(name: str) -> None:
    row = OPERATIONS[name].bind(*ORDERS[name]) if name in ORDERS else OPERATIONS[name]
    f = compile(function_of(row), executor="native")
    x = np.abs(np.concatenate([part[:8] for part in CASES[name][2]]))[:37]
    x = x if name != "expm1" else np.minimum(x, 100.0)
    whole, gradient = f.value_and_grad(x, wrt=0)
    for n in (1, 2, 3, 5, 8, 9, 13, 16, 17):
        assert np.array_equal(f(x[:n]), whole[:n])
        value, part = f.value_and_grad(x[-n:], wrt=0)
        assert np.array_equal(value, whole[-n:])
        assert np.array_equal(part, gradient[-n:])
    assert [f(a) for a in x.tolist()] == pytest.approx(whole.tolist(), rel=1e-15)


# -- those of the C library, which are called for each lane ----------------------------------------------------------------

GRID = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, 7.25, -7.25, 1e-300, -1e-300, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan]
PAIRS = np.array([(a, b) for a in GRID for b in GRID]).T


def assert_same(actual: Array, expected: Array, *inputs: Array, bound: float = 4.0) -> None:
    """Equal within some units in the last place, infinities and signs of zeros exactly."""
    for place, (b, c) in enumerate(zip(actual.tolist(), expected.tolist(), strict=True)):
        where = [x[place] for x in inputs], b, c
        if math.isnan(c) or math.isinf(c) or c == 0.0:
            assert (math.isnan(b) and math.isnan(c)) or (b == c and math.copysign(1.0, b) == math.copysign(1.0, c)), where
        else:
            assert abs(b - c) <= bound * math.ulp(c), where


NAMES = {"atan2": 2, "hypot": 2, "pow": 2}


@pytest.mark.parametrize("width", VECTORS)
@pytest.mark.parametrize("name", [name for name in LIBRARY if name != "pow"])
def test_functions_of_the_library(name: str, width: int) -> None:
    inputs = list(PAIRS) if name in NAMES else [np.concatenate([GRID, RNG.uniform(-1.0, 1.0, 200), RNG.normal(size=200) * 30.0])]
    expected = np.array([getattr(FLOATS, name)(*x) for x in zip(*[x.tolist() for x in inputs], strict=True)])
    assert_same(apply(name, *inputs, width=width), expected, *inputs)


@pytest.mark.parametrize("width", VECTORS)
def test_remainders_have_the_sign_of_the_divisor(width: int) -> None:
    a, b = np.concatenate([PAIRS, RNG.normal(size=(2, 300)) * [[50.0], [3.0]], RNG.integers(-9, 10, (2, 200))], axis=1)
    with np.errstate(all="ignore"):
        assert_same(apply("remainder", a, b, width=width), np.array(list(map(FLOATS.remainder, a.tolist(), b.tolist()))), a, b, bound=0.0)


@pytest.mark.parametrize("width", VECTORS)
def test_powers(width: int) -> None:
    a, b = np.concatenate([PAIRS, [np.abs(RNG.normal(size=300)) * 5.0, RNG.normal(size=300) * 4.0], RNG.integers(-9, 10, (2, 200))], axis=1)
    assert_same(apply("power", a, b, width=width), np.array(list(map(FLOATS.power, a.tolist(), b.tolist()))), a, b)


@pytest.mark.parametrize("name", ["sqrt", "abs", "floor", "ceil"])
@pytest.mark.parametrize("width", VECTORS)
def test_instructions_of_the_processor(name: str, width: int) -> None:
    x = np.concatenate([GRID, RNG.normal(size=300) * 10.0, [2.0**52 + 0.5, -(2.0**52) - 0.5, 0.49999999999999994]])
    assert_same(apply(name, x, width=width), np.array([getattr(FLOATS, name)(a) for a in x.tolist()]), x, bound=0.0)


@pytest.mark.parametrize("name", [row.name for row in OPERATIONS.values() if row.arity == 2 and not row.fixed])
def test_rows_of_two_inputs_on_all_pairs_of_special_numbers(name: str) -> None:
    """Values, as the reference has them; the rule runs on numbers of kernels and on arrays."""
    row = OPERATIONS[name]
    module = Module(lanes())
    f = module.function("kernel", ["ptr %in0", "ptr %in1", "ptr %out"])
    x = [f.number(f"load {f.type(FLOAT)}, ptr %in{k}, align 8", FLOAT, pure=False) for k in range(2)]
    f.line(f"store {f.type(FLOAT)} {f.literal(row.value(Lanes(f), *x))}, ptr %out, align 8")
    f.end()
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(address_of(module))
    count = PAIRS.shape[1]
    a, b = (np.ascontiguousarray(np.pad(side, (0, -count % lanes()), constant_values=1.0)) for side in PAIRS)
    actual = np.zeros(len(a))
    for first in range(0, len(a), lanes()):
        call(*[array.ctypes.data + 8 * first for array in (a, b, actual)])
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(np.asarray(row.value(ARRAYS, a, b), dtype=float), a.shape)
    assert_same(actual[:count], expected[:count], a, b)


def test_what_is_no_function_of_kernels_is_an_error() -> None:
    f = Module(1).function("kernel", ["double %a"])
    with pytest.raises(AttributeError, match="gamma is not a function of namespaces"):
        Lanes(f).gamma(Number(f, "%a", FLOAT))
    with pytest.raises(TypeError, match=r"write xp.where\(condition, a, b\)"):
        bool(Number(f, "%a", FLOAT) < 1.0)


def test_functions_of_constants_are_computed_at_once() -> None:
    f = Module(1).function("kernel", [])
    assert Lanes(f).exp(1.0) == math.e
    assert Lanes(f).power(2.0, 0.5) == math.sqrt(2.0)
    assert f.length == 1
