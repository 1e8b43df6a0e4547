"""Names, numbers and comments as C text that a compiler accepts, whatever they come from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np

from autograd.compiled.floating_errors import quietly
from autograd.errors import InputError

WIDTH = 120
"""The number of characters after which a line of a table or of a comment is broken."""

KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short
signed sizeof static struct switch typedef union unsigned void volatile while
alignas alignof asm bool catch class concept consteval constexpr constinit decltype delete dynamic_cast explicit export false friend mutable
namespace new noexcept nullptr operator private protected public reinterpret_cast requires static_assert static_cast template this
thread_local throw true try typeid typename typeof typeof_unqual using virtual wchar_t
"""
"""Those of C99, of later standards, and of C++, in which a program that calls the function may be written."""

LIBRARY = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp hypot
ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint
round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc gamma j0 j1 jn y0 y1 yn signgam significand drem fpclassify isfinite isgreater
isgreaterequal isinf isless islessequal islessgreater isnan isnormal isunordered signbit finite
cabs cacos cacosh carg casin casinh catan catanh ccos ccosh cexp cimag clog conj cpow cproj creal csin csinh csqrt ctan ctanh
abort abs atexit atof atoi atol atoll bsearch calloc div exit free getenv labs ldiv llabs lldiv main malloc mblen mbstowcs mbtowc qsort rand
realloc srand strtod strtof strtol strtold strtoll strtoul strtoull system wcstombs wctomb clearerr fclose feof ferror fflush fgetc fgetpos
fgets fopen fprintf fputc fputs fread freopen fscanf fseek fsetpos ftell fwrite getc getchar gets perror printf putc putchar puts remove
rename rewind scanf setbuf setvbuf snprintf sprintf sscanf tmpfile tmpnam ungetc vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf
memchr memcmp memcpy memmove memset strcat strchr strcmp strcoll strcpy strcspn strerror strlen strncat strncmp strncpy strpbrk strrchr
strspn strstr strtok strxfrm isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit tolower
toupper clock time signal raise setjmp longjmp errno assert math_errhandling linux unix
"""
"""Functions and macros that compilers know or every program is linked with. Those of math.h also exist with an f or an l behind them."""

TAKEN = frozenset([*KEYWORDS.split(), *LIBRARY.split(), *[name + suffix for name in LIBRARY.split() for suffix in "fl"]])
"""Names that a function cannot have."""

MACRO = re.compile(r"NAN|INFINITY|HUGE_VAL[FL]?|(FP|MATH|M|FLT|DBL|LDBL|INT|UINT|LONG)_\w*|EOF|NULL|BUFSIZ|CLOCKS_PER_SEC")
"""Names of macros of the C library."""


def identifier(name: object) -> str:
    """A name for an external function of C.

    Raises:
        InputError: a compiler would refuse it, or it means something else.
    """
    text = name if isinstance(name, str) else ""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", text):
        raise InputError(f"name must be an identifier of C, of at most 63 letters, digits and _, as in name='model', not {name!r:.80}")
    if text in TAKEN or MACRO.fullmatch(text):
        raise InputError(f"name={name!r} means something else in C: choose another one, as in name='{text.lower()}_model'")
    return text


def commented(text: str, most: int = 200) -> str:
    r"""The text for a comment of C, which it cannot end: in ASCII, without line breaks, and shortened.

    Example:
        >>> print(commented("x */ ??/\nint α"))
        x * / ? ?/\nint \u03b1
    """
    plain = "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text[: most + 1])
    plain = re.sub(r"(?<=\*)(?=/)|(?<=/)(?=\*)|(?<=\?)(?=\?)", " ", plain)
    return plain if len(text) <= most else f"{plain} ..."


_SIGNS: dict[str, str | int | None] = {"ᵀ": "^T", "Σ": "sum of", "…": "...", **{c: f"_{i}" for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")}}
"""Signs of a listing in ASCII."""


def ascii_words(text: str) -> str:
    """A line of a listing for a comment."""
    return commented(text.translate(str.maketrans(_SIGNS)))


def paragraphs(texts: Iterable[str], indent: str = "   ") -> list[str]:
    """Lines of a comment, broken where they are too long. A text that begins with spaces keeps them in all of its lines."""
    lines: list[str] = []
    for text in texts:
        own = indent + " " * (len(text) - len(text.lstrip()))
        lines += wrap(text.strip(), WIDTH, initial_indent=own, subsequent_indent=own, break_long_words=False, break_on_hyphens=False) or [
            ""
        ]
    return lines


@dataclass(frozen=True)
class Precision:
    """A type of floating-point numbers.

    Attributes:
        type: its name in C.
        suffix: what ends its literals and the names of its functions.
        bytes: the size of a number.
    """

    type: str
    suffix: str
    bytes: int

    def literal(self, number: float) -> str:
        """A number with every digit.

        Example:
            >>> SINGLE.literal(0.1), DOUBLE.literal(1e300), SINGLE.literal(-1e300)
            ('0.1f', '1e+300', '-INFINITY')
        """
        rounded: Any = number if self.suffix == "" else quietly(np.float32, number)
        cast = "(double)" if self.suffix == "" else ""  # both are constants of the type float
        if math.isnan(rounded):
            return f"{cast}NAN"
        if math.isinf(rounded):
            return f"{cast}INFINITY" if rounded > 0.0 else f"-{cast}INFINITY"
        return f"{rounded!s}{self.suffix}"


DOUBLE, SINGLE = Precision("double", "", 8), Precision("float", "f", 4)


def table(head: str, entries: Sequence[str]) -> list[str]:
    """The lines of an array of constants.

    Example:
        >>> table("static const int t", ["1", "2"])
        ['static const int t[2] = {', '    1, 2', '};']
    """
    return [f"{head}[{len(entries)}] = {{", *wrap(", ".join(entries), WIDTH, initial_indent="    ", subsequent_indent="    "), "};"]
