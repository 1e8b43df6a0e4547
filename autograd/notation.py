r"""How every operation is written, once: as an equation in words, in LaTeX, as a textbook has its derivatives, and in PyTorch.

The op table (`ops`) says what an operation computes; the row of the same name here says how people write it. Adding an operation
touches these two tables and nothing else. Each entry may be missing: `notation_of` then falls back on the operation's name.

    NOTATION["softsign"] = Notation(
        words=("{a} / (1 + |{a.alone}|)", "1 / (1 + |{a.alone}|)²"),
        latex=r"\operatorname{{softsign}}({a})",
        torch=lambda torch: torch.nn.functional.softsign,
    )

A short form is a template, with the inputs as {a}, {b}, …; {y} is the value. A longer one is a function, evaluated on a namespace `w`
that knows how to write sums, powers and fractions, just as the rules of the op table are evaluated on a namespace `xp`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from autograd.ops import Operation, Rule


@dataclass(frozen=True, slots=True)
class Notation:
    """How an operation is written.

    Attributes:
        words: its value, and then its derivative with respect to each input, as lines of text for the step player. {a} is an input in
            parentheses where it needs them, {a.first} the same at the beginning, where a minus sign needs none, and {a.alone} an input
            without parentheses. A function is ``form(w, *inputs)`` for the value and ``form(w, y, *inputs)`` for a derivative; for an
            operation of any number of inputs the only derivative is ``form(w, y, i, *inputs)``, with respect to the input at position `i`.
            `w` is `autograd.render.formula.equations.Words`. Constants that the operation is bound to come last, as numbers.
        latex: its value in a formula: a template, in which braces of LaTeX are doubled, or a function ``form(w, *inputs)``, where `w` is
            an `autograd.render.formula.latex_writer.LatexWriter`.
        textbook: its derivatives as they are taught, in the form of the op table's rules, where those are longer because they avoid
            cancellation and overflow.
        torch: PyTorch's function of as many tensors as the operation has inputs: its name in `torch`, or a function of that module.
        symmetric: whether the order of the inputs makes no difference. A picture numbers the inputs of all other operations.
    """

    words: tuple[str | Callable[..., str], ...] = ()
    latex: str | Callable[..., Any] = ""
    textbook: tuple[Rule, ...] = ()
    torch: str | Callable[[ModuleType], Callable[..., Any]] = ""
    symmetric: bool = False


def notation_of(operation: Operation) -> Notation:
    """The notation of an operation: its row in `NOTATION`, with the operation's own `latex` where `define` was given one.

    Example:
        >>> from autograd.ops import OPERATIONS
        >>> notation_of(OPERATIONS["tanh"]).words
        ('tanh({a.alone})', '1 − {y}²')
    """
    notation = PLAIN if operation.by_hand else NOTATION.get(operation.name, PLAIN)
    return replace(notation, latex=operation.latex) if operation.latex else notation


PLAIN = Notation()
"""The notation of an operation that has no row: its name, with the inputs in parentheses."""


def _gelu_tanh_slope(xp: Any, y: Any, a: Any) -> Any:
    root = xp.sqrt(xp.divide(8.0, math.pi))
    s = xp.sigmoid(root * (a + 0.044715 * a * a * a))
    return s + a * s * (1.0 - s) * root * (1.0 + 0.134145 * a * a)


def _normal_density(xp: Any, a: Any) -> Any:
    return xp.exp(-a * a / 2.0) / (xp.sqrt(2.0) * xp.sqrt(math.pi))


# fmt: off
NOTATION: dict[str, Notation] = {
    # -- arithmetic -----------------------------------------------------------------------------------------------------
    "add": Notation(("{a.first} + {b}", "1", "1"), lambda w, a, b: w.sum(a, b), torch="add", symmetric=True),
    "sub": Notation(("{a.first} − {b}", "1", "−1"), lambda w, a, b: w.sum(a, b, minus=1), torch="sub"),
    "mul": Notation(("{a.first} · {b}", "{b}", "{a}"), lambda w, a, b: w.product(a, b), torch="mul", symmetric=True),
    "div": Notation(("{a.first} / {b}", "1 / {b}", "−{y} / {b}"), lambda w, a, b: w.fraction(a, b), torch="div"),
    "neg": Notation(("−{a}", "−1"), lambda w, a: w.opposite(a), torch="neg"),
    "pos": Notation(("+{a}", "1"), lambda w, a: a, torch="clone"),
    "pow": Notation((lambda w, a, b: w.power(a, b), lambda w, y, a, b: w.power_slope(a, b), "{y} · log({a.alone})"),
                    lambda w, a, b: w.power(a, b),
                    (lambda xp, y, a, b: b * xp.power(a, xp.total([(1.0, b), (-1.0, 1.0)])), lambda xp, y, a, b: y * xp.log(a)),
                    torch="pow"),
    "remainder": Notation(latex=lambda w, a, b: w.modulo(a, b),
                          textbook=(lambda xp, y, a, b: 1.0, lambda xp, y, a, b: -xp.floor(xp.divide(a, b))), torch="remainder"),
    "fmod": Notation(textbook=(lambda xp, y, a, b: 1.0, lambda xp, y, a, b: -xp.trunc(xp.divide(a, b))), torch="fmod"),

    # -- exponentials, logarithms, roots --------------------------------------------------------------------------------
    "exp":   Notation(("exp({a.alone})", "{y}"), lambda w, a: w.exponential(a), torch="exp"),
    "expm1": Notation(("exp({a.alone}) − 1", "exp({a.alone})"),
                      lambda w, a: w.sum(w.exponential(a), w.number(1.0), minus=1), torch="expm1"),
    "log":   Notation(("log({a.alone})", "1 / {a}"), r"\ln({a})", torch="log"),
    "log1p": Notation(("log(1 + {a})", "1 / (1 + {a})"), lambda w, a: w.function(r"\ln", w.sum(w.number(1.0), a)), torch="log1p"),
    "log2":  Notation(latex=r"\log_{{2}}({a})", textbook=(lambda xp, y, a: 1.0 / (a * xp.log(2.0)),), torch="log2"),
    "log10": Notation(latex=r"\log_{{10}}({a})", textbook=(lambda xp, y, a: 1.0 / (a * xp.log(10.0)),), torch="log10"),
    "sqrt":  Notation(("√{a}", "1 / (2 · {y})"), lambda w, a: w.root(a), torch="sqrt"),
    "cbrt":  Notation(latex=r"\sqrt[3]{{{a}}}", textbook=(lambda xp, y, a: 1.0 / (3.0 * y * y),)),
    "logaddexp": Notation(("log(exp({a.alone}) + exp({b.alone}))", "exp({a.first} − {y})", "exp({b.first} − {y})"),
                          lambda w, a, b: w.function(r"\ln", w.sum(w.exponential(a), w.exponential(b))),
                          (lambda xp, y, a, b: xp.exp(a) / (xp.exp(a) + xp.exp(b)),
                           lambda xp, y, a, b: xp.exp(b) / (xp.exp(a) + xp.exp(b))),
                          torch="logaddexp", symmetric=True),

    # -- trigonometry ---------------------------------------------------------------------------------------------------
    "sin":   Notation(("sin({a.alone})", "cos({a.alone})"), r"\sin({a})", torch="sin"),
    "cos":   Notation(("cos({a.alone})", "−sin({a.alone})"), r"\cos({a})", torch="cos"),
    "tan":   Notation(("tan({a.alone})", "1 + {y}²"), r"\tan({a})", torch="tan"),
    "asin":  Notation(("asin({a.alone})", "1 / √(1 − {a}²)"), r"\arcsin({a})", (lambda xp, y, a: 1.0 / xp.sqrt(1.0 - a * a),), "asin"),
    "acos":  Notation(("acos({a.alone})", "−1 / √(1 − {a}²)"), r"\arccos({a})", (lambda xp, y, a: -1.0 / xp.sqrt(1.0 - a * a),), "acos"),
    "atan":  Notation(("atan({a.alone})", "1 / (1 + {a}²)"), r"\arctan({a})", torch="atan"),
    "atan2": Notation(textbook=(lambda xp, y, a, b: b / (a * a + b * b), lambda xp, y, a, b: -a / (a * a + b * b)), torch="atan2"),
    "hypot": Notation(("√({a}² + {b}²)", "{a} / {y}", "{b} / {y}"),
                      lambda w, a, b: w.root(w.sum(w.power(a, w.number(2.0)), w.power(b, w.number(2.0)))),
                      (lambda xp, y, a, b: a / y, lambda xp, y, a, b: b / y), torch="hypot", symmetric=True),

    # -- hyperbolic functions -------------------------------------------------------------------------------------------
    "sinh":  Notation(("sinh({a.alone})", "cosh({a.alone})"), r"\sinh({a})", torch="sinh"),
    "cosh":  Notation(("cosh({a.alone})", "sinh({a.alone})"), r"\cosh({a})", torch="cosh"),
    "tanh":  Notation(("tanh({a.alone})", "1 − {y}²"), r"\tanh({a})", (lambda xp, y, a: 1.0 - y * y,), "tanh"),
    "sech_squared": Notation(("1 / cosh({a.alone})²", "−2 · tanh({a.alone}) · {y}"),
                             lambda w, a: w.fraction(w.number(1.0), w.power(w.function(r"\cosh", a), w.number(2.0))),
                             (lambda xp, y, a: -2.0 * xp.tanh(a) * y,), lambda torch: lambda a: 1.0 / torch.cosh(a) ** 2),
    "asinh": Notation(("asinh({a.alone})", "1 / √({a}² + 1)"), r"\operatorname{{arsinh}}({a})",
                      (lambda xp, y, a: 1.0 / xp.sqrt(a * a + 1.0),), "asinh"),
    "acosh": Notation(("acosh({a.alone})", "1 / √({a}² − 1)"), r"\operatorname{{arcosh}}({a})",
                      (lambda xp, y, a: 1.0 / xp.sqrt(a * a - 1.0),), "acosh"),
    "atanh": Notation(("atanh({a.alone})", "1 / (1 − {a}²)"), r"\operatorname{{artanh}}({a})",
                      (lambda xp, y, a: 1.0 / (1.0 - a * a),), "atanh"),

    # -- the error function ---------------------------------------------------------------------------------------------
    "erf":   Notation(textbook=(lambda xp, y, a: 2.0 * xp.exp(-a * a) / xp.sqrt(math.pi),), torch="erf"),
    "erfc":  Notation(textbook=(lambda xp, y, a: -2.0 * xp.exp(-a * a) / xp.sqrt(math.pi),), torch="erfc"),

    "erfinv": Notation(("erfinv({a.alone})", "exp({y}²) · √π / 2"),
                       textbook=(lambda xp, y, a: xp.sqrt(math.pi) * xp.exp(y * y) / 2.0,), torch="erfinv"),
    "ndtr": Notation(("Φ({a.alone})", "φ({a.alone})"), lambda w, a: w.letter(r"\Phi", "ndtr", a),
                     (lambda xp, y, a: _normal_density(xp, a),), torch=lambda torch: torch.special.ndtr),
    "log_ndtr": Notation(("log(Φ({a.alone}))", "φ({a.alone}) / Φ({a.alone})"),
                         lambda w, a: w.function(r"\ln", w.letter(r"\Phi", "ndtr", a)),
                         (lambda xp, y, a: _normal_density(xp, a) / xp.ndtr(a),), torch=lambda torch: torch.special.log_ndtr),

    # -- the gamma function ---------------------------------------------------------------------------------------------
    "lgamma": Notation(("lgamma({a.alone})", "digamma({a.alone})"),
                       lambda w, a: w.function(r"\ln", w.size(w.letter(r"\Gamma", "gamma", a))), torch="lgamma"),
    "digamma": Notation(("digamma({a.alone})", "polygamma(1, {a.alone})"), lambda w, a: w.letter(r"\psi", "digamma", a), torch="digamma"),
    "polygamma": Notation((lambda w, a, b: w.call("polygamma", b, a), lambda w, y, a, b: w.call("polygamma", w.next_order(b), a), "nan"),
                          lambda w, a, b: w.letter(r"\psi", "polygamma", a, order=b),
                          torch=lambda torch: lambda a, b: torch.polygamma(int(b), a)),
    "gaussian": Notation(("exp(−{a}²)", "−2 · {a} · {y}"), lambda w, a: w.exponential(w.opposite(w.power(a, w.number(2.0)))),
                         (lambda xp, y, a: -2.0 * a * y,),
                         lambda torch: lambda a: torch.exp(-a * a)),

    # -- steps and choices ----------------------------------------------------------------------------------------------
    "abs":   Notation(("|{a.alone}|", "sign({a.alone})"), lambda w, a: w.size(a), (lambda xp, y, a: xp.sign(a),), "abs"),
    "sign":  Notation(latex=r"\operatorname{{sgn}}({a})", torch="sign"),
    "floor": Notation(latex=lambda w, a: w.whole_part(a), torch="floor"),
    "ceil":  Notation(latex=r"\left\lceil {a} \right\rceil", torch="ceil"),
    "trunc": Notation(torch="trunc"),
    "copysign": Notation(textbook=(lambda xp, y, a, b: xp.sign(a) * xp.copysign(1.0, b), lambda xp, y, a, b: 0.0), torch="copysign"),
    "maximum": Notation(latex=lambda w, a, b: w.larger(a, b), torch="maximum", symmetric=True),
    "minimum": Notation(latex=r"\min({a}, {b})", torch="minimum", symmetric=True),
    "clip":  Notation(torch="clamp"),
    "where": Notation(latex=lambda w, a, b, c: w.choice(a, b, c),
                      textbook=(lambda xp, y, a, b, c: 0.0,
                                lambda xp, y, a, b, c: xp.where(a, 1.0, 0.0),
                                lambda xp, y, a, b, c: xp.where(a, 0.0, 1.0)),
                      torch=lambda torch: lambda c, a, b: torch.where(c != 0, a, b)),

    # -- neural networks ------------------------------------------------------------------------------------------------
    "relu":  Notation(("ReLU({a.alone})", "(1 if {a} > 0, else 0)"), r"\operatorname{{ReLU}}({a})", torch="relu"),
    "leaky_relu": Notation(latex=r"\operatorname{{LeakyReLU}}_{{{b}}}({a})", torch=lambda torch: lambda a, b: torch.where(a > 0, a, b * a)),
    "elu":   Notation(latex=r"\operatorname{{ELU}}_{{{b}}}({a})",
                      torch=lambda torch: lambda a, b: torch.where(a > 0, a, b * torch.expm1(torch.clamp(a, max=0.0)))),
    "gelu":  Notation(latex=r"\operatorname{{GELU}}({a})",
                      textbook=(lambda xp, y, a: 0.5 * (1.0 + xp.erf(a / xp.sqrt(2.0)))
                                + a * xp.exp(-a * a / 2.0) / (xp.sqrt(2.0) * xp.sqrt(math.pi)),),
                      torch=lambda torch: torch.nn.functional.gelu),
    "gelu_tanh": Notation(latex=r"\operatorname{{GELU}}_{{\tanh}}({a})", textbook=(_gelu_tanh_slope,),
                          torch=lambda torch: lambda a: torch.nn.functional.gelu(a, approximate="tanh")),
    "silu":  Notation(latex=r"\operatorname{{SiLU}}({a})", textbook=(lambda xp, y, a: xp.sigmoid(a) + y * (1.0 - xp.sigmoid(a)),),
                      torch=lambda torch: torch.nn.functional.silu),
    "sigmoid": Notation(("sigmoid({a.alone})", "{y} · (1 − {y})"), lambda w, a: w.letter(r"\sigma", "sigmoid", a),
                        (lambda xp, y, a: y * (1.0 - y),), "sigmoid"),
    "softplus": Notation(("log(1 + exp({a.alone}))", "sigmoid({a.alone})"),
                         lambda w, a: w.function(r"\ln", w.sum(w.number(1.0), w.exponential(a))), (lambda xp, y, a: xp.sigmoid(a),),
                         torch=lambda torch: torch.nn.functional.softplus),

    # -- any number of inputs -------------------------------------------------------------------------------------------
    "sum":  Notation((lambda w, *a: w.sum(*a), lambda w, y, i, *a: "1"), lambda w, *a: w.sum(*a),
                     torch=lambda torch: lambda *a: torch.stack(a).sum(), symmetric=True),
    "dot":  Notation((lambda w, *ab: w.dot(*ab),
                      lambda w, y, i, *ab: ab[(i + len(ab) // 2) % len(ab)].alone),
                     lambda w, *ab: w.sum(*map(w.product, ab[: len(ab) // 2], ab[len(ab) // 2 :])),
                     torch=lambda torch: lambda *ab: torch.dot(torch.stack(ab[: len(ab) // 2]), torch.stack(ab[len(ab) // 2 :])),
                     symmetric=True),
    "peak": Notation(latex=lambda w, *a: w.whole_part(w.function(r"\max", *a)), symmetric=True),
    "logsumexp": Notation((lambda w, *a: f"log({w.series([f'exp({x.alone})' for x in a])})",
                           lambda w, y, i, *a: f"exp({a[i].first} − {y})"),
                          lambda w, *a: w.function(r"\ln", w.sum(*map(w.exponential, a))),
                          (lambda xp, y, *a: [xp.exp(x) / xp.total([(1.0, xp.exp(z)) for z in a]) for x in a],),
                          torch=lambda torch: lambda *a: torch.logsumexp(torch.stack(a), 0), symmetric=True),
    "take": Notation((lambda w, i, *a: w.call("take", w.items(a), i),
                      lambda w, y, k, i, *a: f"(1 if {i} = {k - 1}, else 0)" if k else "0"),
                     torch=lambda torch: lambda i, *a: torch.stack(a)[i.long()] + 0.0 * torch.floor(i)),
}
# fmt: on
"""The table: the notation of every operation by the operation's name."""


def torch_function(operation: Operation, torch: ModuleType) -> Callable[..., Any] | None:
    """PyTorch's function for an operation, or None where it has none.

    Args:
        operation: the operation, or one that is bound to constants; the constants are then the last arguments of the function.
        torch: the module `torch`.
    """
    named = notation_of(operation).torch
    if callable(named):
        return named(torch)
    function: Callable[..., Any] | None = getattr(torch, named) if named else None
    return function
