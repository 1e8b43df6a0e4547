"""The namespace of LLVM values: on it, the rules of the op table write the instructions that compute them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.compiled.backends.llvm import elementary
from autograd.compiled.backends.llvm.text import FLOAT, INTEGER, TRUTH, Function, Number
from autograd.formulas import gaussian
from autograd.namespaces import FLOATS, FUNCTIONS, small_power

LIBRARY = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot", "sinh", "cosh", "asinh", "acosh", "atanh"),
    *("log2", "log10", "cbrt", "pow", "erfc"),
)
"""Functions of the C library, which are called for each lane."""


class Lanes:
    """The namespace of numbers within a function. A function of constants is computed at once, on floats.

    Args:
        function: receives the instructions.
        inline: whether elementary functions are written out where they are used, rather than called.
    """

    inf, nan = math.inf, math.nan

    def __init__(self, function: Function, inline: bool = False) -> None:
        self.function, self.inline = function, inline
        function.power = self.power

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in FUNCTIONS and name != "gaussian":
            raise AttributeError(f"{name} is not a function of namespaces")

        def call(*inputs: Any) -> Any:
            if not any(isinstance(x, Number) for x in inputs):
                return gaussian(FLOATS, *inputs) if name == "gaussian" else getattr(FLOATS, name)(*inputs)
            return self._elementary(name, *inputs) if name in elementary.FUNCTIONS else self._library(name, *inputs)

        return call

    # -- what one instruction does ----------------------------------------------------------------------------------

    def sqrt(self, a: Any) -> Any:
        """See `namespaces`; so for the others."""
        return self.function.intrinsic("sqrt", a) if isinstance(a, Number) else FLOATS.sqrt(a)

    def abs(self, a: Any) -> Any:
        """As above."""
        return self.function.intrinsic("fabs", a) if isinstance(a, Number) else FLOATS.abs(a)

    def floor(self, a: Any) -> Any:
        """As above."""
        return self.function.intrinsic("floor", a) if isinstance(a, Number) else FLOATS.floor(a)

    def ceil(self, a: Any) -> Any:
        """As above."""
        return self.function.intrinsic("ceil", a) if isinstance(a, Number) else FLOATS.ceil(a)

    def copysign(self, a: Any, b: Any) -> Any:
        """As above."""
        return self.function.intrinsic("copysign", a, b) if isinstance(a, Number) or isinstance(b, Number) else FLOATS.copysign(a, b)

    def divide(self, a: Any, b: Any) -> Any:
        """As above."""
        return a / b if isinstance(a, Number) or isinstance(b, Number) else FLOATS.divide(a, b)

    def equal(self, a: Any, b: Any) -> Any:
        """As above."""
        return self.function.compare("oeq", a, b) if isinstance(a, Number) or isinstance(b, Number) else FLOATS.equal(a, b)

    def isinf(self, a: Any) -> Any:
        """As above."""
        return self.abs(a) == math.inf

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """As above."""
        if not isinstance(condition, Number):
            return a if condition else b
        return a if a is b else self.function.select(condition, a, b)

    def remainder(self, a: Any, b: Any) -> Any:
        """As above: that of the C library, with the sign of the divisor."""
        if not isinstance(a, Number) and not isinstance(b, Number):
            return FLOATS.remainder(a, b)
        rest = self.function.binary("rem", a, b)
        other_sign = (rest < 0.0) != (self.function.constant(b) < 0.0)
        return self.where(rest == 0.0, self.function.intrinsic("copysign", 0.0, b), self.where(other_sign, rest + b, rest))

    def power(self, a: Any, b: Any) -> Any:
        """As above; small constant exponents are products, quotients and roots."""
        if isinstance(b, Number):
            return self.where(b == 2.0, a * a, self._library("pow", a, b))
        if not isinstance(a, Number):
            return FLOATS.power(a, b)
        product = small_power(a, b)
        return product if product is not None else self._library("pow", a, b)

    # -- parts of elementary functions ------------------------------------------------------------------------------

    def bits(self, a: Number) -> Number:
        """The bits of a float, as an integer."""
        return self.function.cast("bitcast", a, INTEGER)

    def of_bits(self, a: Any) -> Number:
        """The float of these bits."""
        return self.function.cast("bitcast", self.function.constant(a, INTEGER), FLOAT)

    def entry(self, table: str, numbers: list[float], index: Number) -> Number:
        """For each lane an entry of a table."""
        f = self.function
        name = f.module.table(table, numbers)
        if f.module.lanes == 1:
            return f.number(f"load double, ptr {f.name_of(f'getelementptr double, ptr {name}, i64 {index.name}')}", FLOAT, pure=False)
        places = f.name_of(f"getelementptr double, ptr {name}, {f.type(INTEGER)} {index.name}")
        return gather(f, places)

    def has_bit(self, a: Number, bit: int) -> Number:
        """Whether an integer has this bit."""
        f = self.function
        return f.number(f"icmp ne {f.type(INTEGER)} {(a & bit).name}, {f.literal(0, INTEGER)}", TRUTH)

    def rarely(self, condition: Number, usual: Number, library: str, a: Number) -> Number:
        """A function of the C library where the condition holds; elsewhere `usual`."""
        return self.function.rarely(condition, usual, lambda: self._library(library, a))

    # -- calls ------------------------------------------------------------------------------------------------------

    def _elementary(self, name: str, *inputs: Any) -> Number:
        """One that kernels compute as a vector. Constants come last: they belong to the function, as the order of a derivative does."""
        f, body = self.function, elementary.FUNCTIONS[name]
        if self.inline:
            was, f.fused = f.fused, True
            result = body(self, *inputs)
            f.fused = was
            return f.constant(result)
        numbers = [x for x in inputs if isinstance(x, Number)]
        constants = inputs[len(numbers) :]
        vector_name = "_".join([name, *[f"{c:.0f}" for c in constants], "of_all"])
        if vector_name not in f.module.functions:
            own = f.module.function(vector_name, [f"{f.type(FLOAT)} %a{i}" for i in range(len(numbers))], f.type(FLOAT))
            own.fused = True
            arguments = [Number(own, f"%a{i}", FLOAT) for i in range(len(numbers))]
            result = own.constant(body(Lanes(own, inline=True), *arguments, *constants))
            own.end(f"{own.type(FLOAT)} {result.name}")
        return self._call(vector_name, *numbers)

    def _call(self, name: str, *inputs: Any) -> Number:
        f = self.function
        return f.number(f"call {f.type(FLOAT)} @{name}({', '.join([f'{f.type(FLOAT)} {f.literal(x)}' for x in inputs])})", FLOAT)

    def _library(self, name: str, *inputs: Any) -> Number:
        """A function of the C library, called for each lane."""
        f = self.function
        if name not in LIBRARY:
            raise TypeError(f"kernels have no function {name}")
        module, lanes, vector = f.module, f.module.lanes, f.type(FLOAT)
        module.declarations[name] = f"declare double @{name}({', '.join(['double'] * len(inputs))})"
        if lanes == 1:
            return self._call(name, *inputs)
        own = f"{name}_of_each"
        if own not in module.functions:
            each = module.function(own, [f"{vector} %a{i}" for i in range(len(inputs))], vector)
            result = "poison"
            for lane in range(lanes):
                parts = [each.name_of(f"extractelement {vector} %a{i}, i32 {lane}") for i in range(len(inputs))]
                part = each.name_of(f"call double @{name}({', '.join([f'double {x}' for x in parts])})")
                result = each.name_of(f"insertelement {vector} {result}, double {part}, i32 {lane}")
            each.end(f"{vector} {result}")
        return self._call(own, *inputs)


def gather(f: Function, places: str) -> Number:
    """The floats at a vector of places."""
    lanes, vector = f.module.lanes, f.type(FLOAT)
    suffix = f"v{lanes}f64.v{lanes}p0"
    f.module.declarations["gather"] = f"declare {vector} @llvm.masked.gather.{suffix}(<{lanes} x ptr>, i32, {f.type(TRUTH)}, {vector})"
    everywhere = f.literal(True, TRUTH)
    return f.number(
        f"call {vector} @llvm.masked.gather.{suffix}(<{lanes} x ptr> {places}, i32 8, {f.type(TRUTH)} {everywhere}, {vector} poison)",
        FLOAT,
        pure=False,
    )
