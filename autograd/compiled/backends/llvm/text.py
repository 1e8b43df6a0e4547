"""The text of LLVM functions: modules, functions, loops, and the numbers that instructions compute.

Instructions work on vectors of as many lanes as the processor has, or on single numbers if there is one lane. The same instruction on the
same numbers is written once.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

FLOAT, INTEGER, TRUTH = "double", "i64", "i1"
"""The types of the lanes of a number."""


ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" }'


class Module:
    """Functions that are compiled together.

    Args:
        lanes: the number of lanes of a vector.

    Attributes:
        declarations: what the functions refer to: other functions and tables, by name.
        functions: their definitions, by name.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.declarations: dict[str, str] = {}
        self.functions: dict[str, str] = {}

    def function(self, name: str, parameters: list[str], result: str = "void") -> Function:
        """A new function, without instructions. A parameter is a type and a name, as in "ptr %a"."""
        return Function(self, name, parameters, result)

    def table(self, name: str, numbers: list[float]) -> str:
        """A table of constants. Returns its name."""
        entries = ", ".join([f"double {bits_of(x)}" for x in numbers])
        self.declarations[name] = f"@{name} = private unnamed_addr constant [{len(numbers)} x double] [{entries}], align 64"
        return f"@{name}"

    def __str__(self) -> str:
        return "\n".join([*self.declarations.values(), *self.functions.values(), ATTRIBUTES]) + "\n"


class Number:
    """What an instruction has computed, in each lane. It has the operators that rules use.

    Attributes:
        within: the function that computes it.
        name: its name there.
        type: FLOAT, INTEGER or TRUTH.
    """

    __slots__ = ("name", "type", "within")
    __hash__ = object.__hash__

    def __init__(self, within: Instructions, name: str, type: str) -> None:
        self.within, self.name, self.type = within, name, type

    def _binary(self, operation: str, other: Any, swapped: bool = False) -> Any:
        if not isinstance(other, (Number, float, int)):
            return NotImplemented
        return self.within.binary(operation, other, self) if swapped else self.within.binary(operation, self, other)

    def __add__(self, other: Any) -> Any:
        return self._binary("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._binary("add", other, True)

    def __sub__(self, other: Any) -> Any:
        return self._binary("sub", other)

    def __rsub__(self, other: Any) -> Any:
        return self._binary("sub", other, True)

    def __mul__(self, other: Any) -> Any:
        return self._binary("mul", other)

    def __rmul__(self, other: Any) -> Any:
        return self._binary("mul", other, True)

    def __truediv__(self, other: Any) -> Any:
        return self._binary("div", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._binary("div", other, True)

    def __pow__(self, other: Any) -> Any:
        return self.within.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.within.power(other, self)

    def __abs__(self) -> Number:
        return self.within.intrinsic("fabs", self)

    def __neg__(self) -> Number:
        return self.within.number(f"fneg {self.within.type(FLOAT)} {self.name}", FLOAT)

    def __pos__(self) -> Number:
        return self

    def __lt__(self, other: Any) -> Any:
        return self.within.compare("olt", self, other)

    def __le__(self, other: Any) -> Any:
        return self.within.compare("ole", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.within.compare("ogt", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.within.compare("oge", self, other)

    def __eq__(self, other: Any) -> Any:
        if self.type == TRUTH:
            different = self.within.binary("xor", self, other)
            return self.within.binary("xor", different, True)
        return self.within.compare("oeq", self, other)

    def __ne__(self, other: Any) -> Any:
        if self.type == TRUTH:
            return self.within.binary("xor", self, other)
        return self.within.compare("une", self, other)

    def __and__(self, other: Any) -> Any:
        if self.type == TRUTH and isinstance(other, bool):
            return self if other else False
        return self._binary("and", other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        if self.type == TRUTH and isinstance(other, bool):
            return True if other else self
        return self._binary("or", other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return self._binary("xor", other)

    def __lshift__(self, bits: int) -> Any:
        return self._binary("shl", bits)

    def __rshift__(self, bits: int) -> Any:
        return self._binary("ashr", bits)

    def __bool__(self) -> NoReturn:
        raise TypeError("a number of a kernel has no truth value: write xp.where(condition, a, b)")


FLOAT_NAMES = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "rem": "frem"}


def _no_power(a: Any, b: Any) -> NoReturn:
    raise TypeError("this function has no powers")


class Instructions:
    """The instructions of a function under construction.

    Attributes:
        module: the module to which it is added by `end`.
        fused: whether a product and a sum may be rounded once, as one instruction.
        power: what `**` is; the namespace says it.
    """

    def __init__(self, module: Module, name: str, parameters: list[str], result: str) -> None:
        self.module, self.name = module, name
        self.fused = False
        self.power: Callable[[Any, Any], Any] = _no_power
        self._head = f"define {'' if name.startswith('kernel') else 'internal '}{result} @{name}({', '.join(parameters)}) #0 {{"
        self._lines = ["start:"]
        self._label = "start"
        self._count = 0
        self._known: dict[str, Number] = {}

    @property
    def length(self) -> int:
        """The number of lines so far."""
        return len(self._lines)

    def type(self, of: str) -> str:
        """The type of a number with lanes of a type."""
        return of if self.module.lanes == 1 else f"<{self.module.lanes} x {of}>"

    def line(self, text: str) -> None:
        """Add an instruction without a result."""
        self._lines.append(f"  {text}")

    def name_of(self, text: str) -> str:
        """Add an instruction. Returns the name of its result, such as a pointer."""
        self._count += 1
        name = f"%v{self._count}"
        self._lines.append(f"  {name} = {text}")
        return name

    def number(self, text: str, type: str, pure: bool = True) -> Number:
        """The number that an instruction computes; `pure` says that it computes the same wherever it stands."""
        if not pure:
            return Number(self, self.name_of(text), type)
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = Number(self, self.name_of(text), type)
        return known

    def literal(self, x: Any, type: str = FLOAT) -> str:
        """A number or a constant, as an operand."""
        if isinstance(x, Number):
            if x.type != type:
                raise TypeError(f"a number of the type {x.type} is not one of the type {type}")
            return x.name
        text = bits_of(float(x)) if type == FLOAT else str(int(x)) if type == INTEGER else "true" if x else "false"
        return text if self.module.lanes == 1 else f"splat ({type} {text})"

    def constant(self, x: Any, type: str = FLOAT) -> Number:
        """A constant as a number."""
        return x if isinstance(x, Number) else Number(self, self.literal(x, type), type)

    def binary(self, operation: str, a: Any, b: Any) -> Number:
        """An arithmetic or logical operation of two numbers, one of which may be a constant."""
        type = a.type if isinstance(a, Number) else b.type
        if type == FLOAT:
            operation = FLOAT_NAMES[operation] + (" contract" if self.fused and operation in ("add", "sub", "mul") else "")
        return self.number(f"{operation} {self.type(type)} {self.literal(a, type)}, {self.literal(b, type)}", type)

    def compare(self, predicate: str, a: Any, b: Any) -> Number:
        """A comparison of two floats."""
        return self.number(f"fcmp {predicate} {self.type(FLOAT)} {self.literal(a)}, {self.literal(b)}", TRUTH)

    def select(self, condition: Number, a: Any, b: Any) -> Number:
        """`a` where the condition holds, otherwise `b`."""
        type = next((x.type for x in (a, b) if isinstance(x, Number)), FLOAT)
        operands = f"{self.type(type)} {self.literal(a, type)}, {self.type(type)} {self.literal(b, type)}"
        return self.number(f"select {self.type(TRUTH)} {condition.name}, {operands}", type)

    def cast(self, how: str, x: Number, type: str) -> Number:
        """The number as one of another type."""
        return self.number(f"{how} {self.type(x.type)} {x.name} to {self.type(type)}", type)

    def intrinsic(self, name: str, *inputs: Any) -> Number:
        """A function of floats that LLVM knows, such as "sqrt"."""
        suffix = "f64" if self.module.lanes == 1 else f"v{self.module.lanes}f64"
        return self.call(f"llvm.{name}.{suffix}", *inputs)

    def call(self, name: str, *inputs: Any) -> Number:
        """The result of a pure function of floats."""
        float_type = self.type(FLOAT)
        self.module.declarations.setdefault(name, f"declare {float_type} @{name}({', '.join([float_type] * len(inputs))})")
        return self.number(f"call {float_type} @{name}({', '.join([f'{float_type} {self.literal(x)}' for x in inputs])})", FLOAT)

    def reduce(self, how: str, x: Number) -> str:
        """The sum of all lanes ("fadd"), or whether one is true ("or")."""
        if self.module.lanes == 1:
            return x.name
        vector, of = self.type(x.type), x.type
        suffix = f"v{self.module.lanes}{'f64' if of == FLOAT else 'i1'}"
        if how == "fadd":
            self.module.declarations[how + suffix] = f"declare double @llvm.vector.reduce.fadd.{suffix}(double, {vector})"
            return self.name_of(f"call reassoc double @llvm.vector.reduce.fadd.{suffix}(double 0x8000000000000000, {vector} {x.name})")
        self.module.declarations[how + suffix] = f"declare i1 @llvm.vector.reduce.or.{suffix}({vector})"
        return self.name_of(f"call i1 @llvm.vector.reduce.or.{suffix}({vector} {x.name})")

    def spread(self, name: str) -> Number:
        """A single float in every lane."""
        if self.module.lanes == 1:
            return Number(self, name, FLOAT)
        vector = self.type(FLOAT)
        first = self.name_of(f"insertelement {vector} poison, double {name}, i32 0")
        return self.number(f"shufflevector {vector} {first}, {vector} poison, <{self.module.lanes} x i32> zeroinitializer", FLOAT, False)


class Function(Instructions):
    """A function under construction: its instructions, and how they follow each other."""

    def end(self, result: str = "void") -> None:
        """Return the result, and add the function to its module."""
        self.line(f"ret {result}")
        self.module.functions[self.name] = "\n".join([self._head, *self._lines, "}"])

    def block(self, label: str) -> None:
        """Start a block."""
        self._lines.append(f"{label}:")
        self._label = label

    def fresh(self, what: str) -> str:
        """A new label."""
        self._count += 1
        return f"{what}{self._count}"

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Instructions that are not always reached: what they compute is not known afterwards."""
        outside = dict(self._known)
        yield
        self._known = outside

    @contextmanager
    def loop(self, stop: str, step: int = 1, start: str = "0", carried: list[Carried] | None = None) -> Iterator[str]:
        """A loop, which is run at least once. The context is the name of its index.

        Args:
            stop: the end of the index.
            step: what is added to the index.
            start: the first index.
            carried: numbers that each round passes to the next one.
        """
        before, top, end = self._label, self.fresh("loop"), self.fresh("end")
        self.line(f"br label %{top}")
        self.block(top)
        outside = dict(self._known)
        index = self.fresh("%i")
        place = len(self._lines)
        self._lines.append("")
        places = []
        for each in carried or []:
            self._count += 1
            each.now = Number(self, f"%v{self._count}", each.type)
            places.append(len(self._lines))
            self._lines.append("")
        yield index
        following = self.name_of(f"add i64 {index}, {step}")
        again = self.name_of(f"icmp ult i64 {following}, {stop}")
        self.line(f"br i1 {again}, label %{top}, label %{end}")
        self._lines[place] = f"  {index} = phi i64 [ {start}, %{before} ], [ {following}, %{self._label} ]"
        for at, each in zip(places, carried or [], strict=True):
            assert each.now is not None
            type, name = self.type(each.type), each.now.name
            first, after = self.literal(each.first, each.type), self.literal(each.after, each.type)
            self._lines[at] = f"  {name} = phi {type} [ {first}, %{before} ], [ {after}, %{self._label} ]"
        self._known = outside
        self.block(end)

    def rarely(self, condition: Number, usual: Number, otherwise: Callable[[], Number]) -> Number:
        """`otherwise()` in the lanes in which the condition holds, `usual` in the others. It is computed only if there are such lanes."""
        some, rare, joined = self.reduce("or", condition), self.fresh("rare"), self.fresh("joined")
        before = self._label
        self.line(f"br i1 {some}, label %{rare}, label %{joined}")
        self.block(rare)
        outside = dict(self._known)
        other = self.select(condition, otherwise(), usual)
        self._known = outside
        self.line(f"br label %{joined}")
        end = self._label
        self.block(joined)
        return self.number(f"phi {self.type(FLOAT)} [ {usual.name}, %{before} ], [ {other.name}, %{end} ]", FLOAT, pure=False)


class Carried:
    """A number that each round of a loop passes to the next one.

    Attributes:
        first: what the first round gets.
        type: its type.
        now: what this round got.
        after: what the next round gets; after the loop, the result.
    """

    def __init__(self, first: Any, type: str = FLOAT) -> None:
        self.first, self.type = first, type
        self.now: Number | None = None
        self.after: Any = None


def bits_of(x: float) -> str:
    """A float as LLVM writes it, without rounding."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"
