"""to_c: what is exported of functions and programs, with which arguments and results, and what is refused."""

import functools
import itertools
import math
import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from against_eager import flat
from c_compiler import COMPILER, STRICT, called, compiled, differentiated, needs_compiler

import autograd
from autograd import Value, clip, compile, dot, drawn, exp, log, no_grad, relu, sqrt, tanh, to_c, where
from autograd.compiled.export.c.c_text import LIBRARY, TAKEN, commented, identifier
from autograd.errors import CompileError, InputError
from nn import MLP, Dropout, Module, Sequential


def square(x: Any) -> Any:
    return x * x


def comment(source: str) -> str:
    """The comment at the top, as one line."""
    return " ".join(source[: source.index("*/")].split())


# -- arguments and results ----------------------------------------------------------------------------------------------------


def tree(p: dict[str, Any], q: tuple[Any, Any], x: list[Any]) -> dict[str, Any]:
    score = p["w"][0][0] * x[0] + p["w"][1][1] * x[1] + p["b"]
    return {"score": tanh(score), "both": [score * q[0], q[0] * q[1], 7.0, score, x[1]], "shared": (q[1] * 2.0, [q[0], p["b"]])}


TREE = ({"w": [[0.5, 9.0], [9.0, -1.5]], "b": 0.25}, (2.0, 3.0), [1.0, 2.0])


@needs_compiler
def test_arguments_and_results_are_flat_in_their_order() -> None:
    f = compile(tree, in_axes=(None, None, None), executor="numpy")
    expected = flat(f(*TREE))
    source = to_c(f)
    for line in (
        "x: 9 numbers,",
        "x[0] to x[3]: w, 2 x 2, the last index fastest",
        "x[4]: b",
        "x[5]: q0",
        "x[6]: q1",
        "x[7] to x[8]: x, 2 numbers",
        "value: 9 numbers.",
        "value[0]: score",
        "value[1] to value[5]: both, 5 numbers",
        "value[6]: shared0",
        "value[7] to value[8]: shared1, 2 numbers",
        "gradient: 9 x 9 numbers, row by row: gradient[9 * k + i] is the derivative of value[k] with respect to x[i].",
    ):
        assert line in comment(source), line
    library = compiled(source)
    x = flat(TREE)
    assert called(library, "model", x, 9) == pytest.approx(expected, rel=1e-15)
    value, jacobian = differentiated(library, "model", x, 9)
    assert value == pytest.approx(expected, rel=1e-15)

    def of_numbers(x: list[Any]) -> list[Any]:
        w, b, q, last = [x[:2], x[2:4]], x[4], (x[5], x[6]), x[7:]
        result = tree({"w": w, "b": b}, q, last)
        return [result["score"], *result["both"], result["shared"][0], *result["shared"][1]]

    assert jacobian == pytest.approx(np.array(autograd.jacobian(of_numbers)(list(x))), rel=1e-14)


@needs_compiler
def test_arguments_with_samples_are_those_of_one_sample() -> None:
    f = compile(lambda w, x: dot(w, x) + w[0], in_axes=(None, 0), executor="numpy")
    x = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]])
    value, (by_w, by_x) = f.value_and_grad([0.5, -2.0], x)
    library = compiled(to_c(f))
    for i in range(3):
        (y,), (gradient,) = differentiated(library, "model", [0.5, -2.0, *x[i]])
        assert y == value[i]
        assert gradient.tolist() == [*by_w[i], *by_x[i]]


@needs_compiler
def test_a_program_has_its_leaves_as_arguments() -> None:
    w = [Value(0.5, label=f"w{i}") for i in range(3)]
    b, last = Value(-1.0, label="bias"), Value(0.25)
    loss = tanh(dot(w, [1.0, 2.0, 3.0]) + b) * last + where(b > 0, b, last * 3.0)
    program = compile(loss, executor="numpy")
    source = to_c(program, name="loss")
    where_is = {leaf: i for i, leaf in enumerate(program.leaves)}
    assert f"x[{where_is[b]}]: bias" in comment(source)
    assert "a leaf without a label" in comment(source)
    assert re.search(r"x\[\d\] to x\[\d\]: w0 to w2", comment(source))
    result = program()
    numbers = [leaf.data for leaf in program.leaves]
    (value,), (gradient,) = differentiated(compiled(source), "loss", numbers)
    assert value == pytest.approx(result, rel=1e-15)
    assert gradient == pytest.approx([leaf.grad for leaf in program.leaves], rel=1e-14)


@needs_compiler
def test_what_the_function_refers_to_is_constant() -> None:
    w, computed = Value(3.0), Value(2.0) * 5.0
    f = compile(lambda x: x * w + computed, executor="numpy")
    f(1.0)
    before = compiled(to_c(f))
    w.data = 4.0
    after = compiled(to_c(f))
    assert [differentiated(library, "model", [2.0])[0][0] for library in (before, after)] == [16.0, 18.0]
    assert differentiated(after, "model", [2.0])[1].tolist() == [[4.0]]


@needs_compiler
def test_modules_as_arguments_in_closures_and_with_methods() -> None:
    class Scorer(Module):
        def __init__(self) -> None:
            self.inner = MLP(3, [4, 2], "tanh", rng=random.Random(1))

        @functools.partial(compile, in_axes=(None, None, None))
        def score(self, x: Any, y: Any) -> Any:
            return self.inner([x, y, 1.0])[0]

    model = MLP(3, [4, 2], "tanh", rng=random.Random(0))
    x = [0.5, -1.0, 2.0]
    f = compile(lambda model, x: model(x)[1], in_axes=(None, None), executor="numpy")
    y, (by_model, by_x) = f.value_and_grad(model, x)
    source = to_c(f, name="of_both")
    assert "x[0] to x[25]: the parameters of model, a MLP, in the order of parameters()" in comment(source)
    g = compile(lambda x: model(x)[1], in_axes=(None,), executor="numpy")
    scorer = Scorer()
    library = compiled("\n".join([source, to_c(g, x, name="of_x"), to_c(scorer.score, 0.5, -1.0, name="method")]))
    parameters = [p.data for p in model.parameters()]
    (value,), (gradient,) = differentiated(library, "of_both", [*parameters, *x])
    assert value == pytest.approx(y, rel=1e-14)
    assert gradient == pytest.approx([*by_model.values(), *by_x], rel=1e-12)
    (value,), (gradient,) = differentiated(library, "of_x", x)
    assert value == pytest.approx(y, rel=1e-14)
    assert gradient == pytest.approx(by_x, rel=1e-12)
    given = [p.data for p in scorer.parameters()]
    assert called(library, "method", [*given, 0.5, -1.0])[0] == pytest.approx(scorer.score(0.5, -1.0), rel=1e-14)


@needs_compiler
def test_the_form_is_that_of_the_example_or_the_last_one() -> None:
    f = compile(lambda x, y=2.0: x * y, executor="numpy")
    f(1.0)
    assert "x: 1 number," in to_c(f)
    f(1.0, 5.0)
    assert "x: 2 numbers," in to_c(f)
    assert "x: 1 number," in to_c(f, 1.0)
    assert "x: 2 numbers," in to_c(f, np.ones(3), 1.0)
    pair = compile(lambda x: (x, x * x), executor="numpy")
    assert "gradient: 2 x 1 numbers, row by row: gradient[1 * k + i] is" in comment(to_c(pair, 1.0))
    named = compile(lambda x, *, y: x - y, executor="numpy")
    named(1.0, y=[1.0, 2.0])
    assert called(compiled(to_c(named)), "model", [5.0, 3.0])[0] == 2.0


@needs_compiler
@pytest.mark.parametrize("gradient", [False, True])
def test_nothing_to_compute(gradient: bool) -> None:
    first = compile(lambda x, y: (y, x[1], 3.0), in_axes=(None, None), executor="numpy")
    first([1.0, 2.0], 4.0)
    one = compile(lambda x: 5.0, executor="numpy")
    one(1.0)
    two = Value(2.0)
    none = compile(lambda x: two * 3.0, in_axes=(None,), executor="numpy")
    none([])
    leaf = compile(Value(3.0), executor="numpy")
    names = {"three": first, "five": one, "six": none, "leaf": leaf}
    library = compiled("\n".join(to_c(f, name=name, gradient=gradient) for name, f in names.items()))
    assert called(library, "three", [1.0, 2.0, 4.0], 3).tolist() == [4.0, 2.0, 3.0]
    assert [called(library, name, x)[0] for name, x in (("five", [1.0]), ("six", []), ("leaf", [3.0]))] == [5.0, 6.0, 3.0]
    assert hasattr(library, "three_grad") == gradient
    if gradient:
        assert differentiated(library, "three", [1.0, 2.0, 4.0], 3)[1].tolist() == [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
        assert differentiated(library, "five", [1.0])[1].tolist() == [[0.0]]
        assert differentiated(library, "leaf", [1.0])[1].tolist() == [[1.0]]


@needs_compiler
def test_numbers_that_are_not_finite_and_very_small_or_large_ones() -> None:
    numbers = [math.inf, -math.inf, math.nan, 5e-324, -0.0, 1.7976931348623157e308, 1e-40, 2.0**-149]
    f = recorded(lambda x: ([a * x for a in numbers], numbers[2], numbers[1]), 1.0)
    for dtype in (np.float64, np.float32):
        library = compiled(to_c(f, dtype=dtype))
        with np.errstate(all="ignore"):
            expected = (np.array([*[a * 1.0 for a in numbers], numbers[2], numbers[1]])).astype(dtype)
        value, jacobian = differentiated(library, "model", [1.0], 10, dtype)
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(jacobian[:8, 0], expected[:8])
        assert math.copysign(1.0, value[4]) == -1.0


# -- branches ---------------------------------------------------------------------------------------------------------------------


def ways(x: Any, y: Any) -> Any:
    if x > 1.0:
        if y < 0.0:
            return x * y
        return sqrt(x) + y
    if x == 0.5:
        return y * y
    total = y
    for _ in range(3):
        if total > 10.0:
            break
        total = total * 2.0
    return total + log(x + 100.0)


POINTS = [*itertools.product((0.5, 0.75, 1.5, -3.0), (-1.0, 0.5, 2.0, 3.0, 6.0, 20.0))]


@needs_compiler
def test_ifs_are_ifs() -> None:
    f = compile(ways, executor="numpy")
    f(*np.transpose(POINTS))
    source = to_c(f)
    assert source.count("    return ") > source.count("static int model_way(") == 1
    assert re.search(r"/\* test_c_function.py:\d+ \(if x > 1.0:\) \*/", source)
    assert "_row" not in source
    library = compiled(source)
    for point in POINTS:
        y, slopes = f.value_and_grad(*point)
        (value,), (gradient,) = differentiated(library, "model", point)
        assert [value, *gradient] == pytest.approx([y, *slopes], rel=1e-14)
        assert called(library, "model", point)[0] == value


def test_a_side_that_was_not_recorded_is_an_error() -> None:
    f = compile(ways, executor="numpy")
    f(2.0, -1.0)
    f([0.5], [1.0])  # of samples or not, in calls or derivatives: the same function of C
    f.value_and_grad(0.25, 100.0)
    for point, condition in (((2.0, 1.0), "if y < 0.0:"), ((0.25, -1.0), "if total > 10.0:"), ((0.25, 3.0), ""), ((0.25, 9.0), "")):
        with pytest.raises(
            CompileError, match=r"ways was only recorded for arguments for which the condition at .* was (True|False)"
        ) as caught:
            to_c(f)
        assert condition in str(caught.value)
        assert "call it where it is" in str(caught.value)
        assert "or write where(x > 0, a, b)" in str(caught.value)
        f(*point)
    assert "static int model_way" in to_c(f)


@needs_compiler
def test_an_if_within_a_side_of_a_where_matters_on_that_side_only() -> None:
    def f(x: Any, y: Any) -> Any:
        def side() -> Any:
            return log(x) * y if log(x) > 0.5 else x * y

        return where(x > 0.0, side, lambda: y) + exp(-y)

    g = compile(f, executor="numpy")
    points = [(2.0, 0.5), (1.5, 0.5), (-1.0, 3.0), (0.0, 1.0)]
    for point in points:
        g(*point)
    library = compiled(to_c(g, checked=True))
    for point in points:
        y, slopes = g.value_and_grad(*point)
        (value,), (gradient,) = differentiated(library, "model", point)
        assert [value, *gradient] == pytest.approx([y, *slopes], rel=1e-14)


def test_branches_that_do_not_belong_together_are_an_error() -> None:
    limits = [1.0, -1.0]
    f = compile(lambda x: x if all([x < limit for limit in limits]) else -x, executor="numpy")  # noqa: C419 - all conditions
    f(-5.0)
    limits.pop()
    for x in (0.0, 2.0):
        f(x)
    with pytest.raises(CompileError, match="something has changed that it refers to: call <lambda>.forget()"):
        to_c(f)


# -- gradients go where eager ones go -----------------------------------------------------------------------------------------------


@needs_compiler
def test_the_gradient_of_one_result_does_not_visit_the_others() -> None:
    """Their slopes are infinite, and 0 · ∞ would be nan."""

    def apart(x: Any, y: Any) -> Any:
        h = [tanh(x * k) + y for k in (1.0, 2.0, 3.0)]
        roots = [sqrt(relu(k * y)) for k in range(80)]
        return (*[h[k] * h[(k + 1) % 3] for k in range(3)], sqrt(x), x * 2.0, *roots, sqrt(x) * y)

    def selecting(x: Any, y: Any) -> Any:
        root = sqrt(x)
        return where(y > 0.0, root, 2.0 * x), where(y > 0.0, lambda: log(x), lambda: x), root * 3.0

    for name, f, point in (("apart", apart, (0.0, 0.0)), ("selecting", selecting, (0.0, -1.0))):
        g = compile(f, executor="numpy")
        g(1.0, 1.0)
        expected = np.array(autograd.jacobian(lambda p, f=f: list(f(*p)))(list(point)))
        assert np.isinf(expected).any()
        for checked in (False, True):
            value, jacobian = differentiated(compiled(to_c(g, checked=checked)), "model", point, len(expected))
            np.testing.assert_array_equal(jacobian, expected, err_msg=name)
            assert value.tolist() == pytest.approx([float(y) for y in f(*point)])


@needs_compiler
def test_no_gradient_passes_what_does_not_pass_one() -> None:
    def f(x: Any, y: Any) -> Any:
        with no_grad():
            t = sqrt(x) * y
        return t + x * clip(y, -1.0, 1.0) + sqrt(relu(y))

    g = compile(f, executor="numpy")
    g(1.0, 1.0)
    library = compiled(to_c(g))
    for point in ((0.0, 2.0), (0.0, -3.0), (4.0, 0.5)):
        y, slopes = g.value_and_grad(*point)
        (value,), (gradient,) = differentiated(library, "model", point)
        assert [value, *gradient] == pytest.approx([y, *slopes], rel=1e-14)


# -- what is refused --------------------------------------------------------------------------------------------------------------


def recorded(f: Callable[..., Any], *args: Any, in_axes: Any = None) -> Any:
    g = compile(f, in_axes=in_axes, executor="numpy")
    g.record(*args)
    return g


MODEL = MLP(2, [1], rng=random.Random(0))

REFUSED: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("a plain function", lambda: to_c(square), CompileError, r"to_c needs a compiled function or program, as in to_c\(compile\(f\), 2.0\)"),  # type: ignore[arg-type]
    ("a Value", lambda: to_c(Value(1.0) * 2.0), CompileError, r"or to_c\(compile\(loss\)\), not Value"),  # type: ignore[arg-type]
    ("nothing recorded", lambda: to_c(compile(square)), CompileError, r"square was not recorded yet: call it first, or pass .* to_c\(square, 2.0\)"),
    ("arguments of a program", lambda: to_c(compile(Value(1.0) * 2.0), 3.0), CompileError, "the arguments of a program are its leaves"),
    ("draws", lambda: to_c(recorded(lambda x: x * drawn(random.random), 1.0)), CompileError, "draws random numbers, which a function of C cannot"),
    ("dropout", lambda: to_c(recorded(Sequential(MODEL, Dropout(0.5)), [1.0, 2.0], in_axes=(None,))), CompileError, r"call model.eval\(\) before"),
    ("no numbers", lambda: to_c(recorded(lambda x: {}, 1.0)), CompileError, "returns no numbers: there is nothing to export"),
    ("a module twice", lambda: to_c(recorded(lambda a, b: a([1.0, 2.0]) * b([0.5, 1.0]), MODEL, MODEL, in_axes=(None, None))), CompileError, "b has parameters that another argument has too: pass each module once"),
    ("a dtype", lambda: to_c(recorded(square, 1.0), dtype="float16"), CompileError, 'dtype must be "float64", which is double in C, or "float32"'),
    ("a dtype that is ambiguous", lambda: to_c(recorded(square, 1.0), dtype="float"), CompileError, "which is float in C, not 'float'"),
    ("a dtype of Python", lambda: to_c(recorded(square, 1.0), dtype=float), CompileError, "dtype must be"),
    ("gradient", lambda: to_c(recorded(square, 1.0), gradient="no"), InputError, "gradient must be True or False, not 'no'"),  # type: ignore[arg-type]
    ("checked", lambda: to_c(recorded(square, 1.0), checked=None), InputError, "checked must be True or False, not None"),  # type: ignore[arg-type]
    ("a string as an argument", lambda: to_c(compile(square), "a"), InputError, "x must be a number"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "run", "error", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_exported_is_an_error(name: str, run: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"(?s){message}"):
        run()


# -- names and labels ---------------------------------------------------------------------------------------------------------------

BAD_NAMES = ["", "2x", "a b", "a-b", "größe", "_model", "x;", "a\n", "m" * 64, None, 3, "double", "restrict", "class", "while", "main",
             "exp", "expf", "sinl", "pow", "printf", "malloc", "NAN", "INFINITY", "HUGE_VALF", "M_PI", "y0", "isnan", "linux"]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_c_does_not_take(name: Any) -> None:
    with pytest.raises(InputError, match="^name"):
        to_c(recorded(square, 1.0), name=name)


@needs_compiler
def test_names_that_c_takes(tmp_path: Path) -> None:
    """Also those of variables in the code, and next to all headers."""
    f = recorded(lambda x: tanh(x[0]) * x[1] + sum(x), [1.0, 2.0, 3.0], in_axes=(None,))
    names = ["model", "x", "w", "d", "i", "k", "g", "sum", "t0", "value", "gradient", "result", "Model", "m", "M", "digits_2", "m" * 63]
    headers = (
        "assert",
        "complex",
        "ctype",
        "errno",
        "float",
        "limits",
        "math",
        "setjmp",
        "signal",
        "stddef",
        "stdint",
        "stdio",
        "stdlib",
        "string",
        "time",
    )
    source = tmp_path / "names.c"
    source.write_text(
        "".join(f"#include <{header}.h>\n" for header in headers) + "\n".join(to_c(f, name=identifier(name)) for name in names)
    )
    assert COMPILER is not None
    done = subprocess.run(
        [COMPILER, *STRICT, "-c", str(source), "-o", str(tmp_path / "names.o")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@needs_compiler
def test_all_names_that_are_taken_are_refused_for_a_reason(tmp_path: Path) -> None:
    """Most of them: a compiler refuses a function of that name, or knows another one."""
    source = tmp_path / "taken.c"
    refused = 0
    names = sorted(set(LIBRARY.split()) - {"linux", "unix"})
    source.write_text("#include <math.h>\n" + "\n".join(f"void {name}(const double *x, double *value);" for name in names))
    assert COMPILER is not None
    done = subprocess.run([COMPILER, *STRICT, "-fsyntax-only", str(source)], capture_output=True, text=True, check=False)
    refused = len(set(re.findall(r"‘(\w+)’|'(\w+)'", done.stderr)))
    assert refused > len(names) / 2
    assert {"exp", "free", "while", "j1f"} <= TAKEN


TEXTS = ["x", "*/", "/*", "*/ int y; /*", "/*/", "**//", "??/", "??/\n", "a\nint b", "a\\", "a\\\nb", "a\rb", "\u2028", "\x00", "\x1b[0m", "\ud800",
         "größe α", "\u202eabc", '"', "'", "//", "#define x 1", "%s", "model_at(", "x[0]", "??)??(", "?" * 7, "*" * 300 + "/"]  # fmt: skip


def bare(source: str) -> str:
    """The source without comments."""
    return re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)


@needs_compiler
def test_labels_and_names_do_not_become_code() -> None:
    sources: list[str] = []
    for text in TEXTS:
        x, y = Value(0.5, label=text), Value(0.25, label="y")
        z = x * y
        z.label = text
        source = to_c(compile(tanh(z) - x, executor="numpy"), name=f"label{len(sources)}")
        f = lambda p, text=text: {text: p[text] * 2.0}
        f.__name__ = text
        of_function = to_c(recorded(f, {text: 1.5}, in_axes=(None,)), name=f"label{len(sources) + 1}")
        for own in (source, of_function):
            assert own.isascii()
            assert bare(own).replace(f"label{len(sources)}", "n").replace(f"LABEL{len(sources)}", "N") == (
                bare(sources[len(sources) % 2]).replace(f"label{len(sources) % 2}", "n").replace(f"LABEL{len(sources) % 2}", "N")
                if len(sources) > 1
                else bare(own).replace(f"label{len(sources)}", "n").replace(f"LABEL{len(sources)}", "N")
            ), text
            sources.append(own)
    library = compiled("\n".join(sources))
    assert called(library, f"label{len(sources) - 2}", [0.5, 0.25])[0] == pytest.approx(math.tanh(0.125) - 0.5)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_in_a_comment_cannot_end_it(text: str) -> None:
    written = f"/* {commented(text)} */"
    assert written.isascii()
    assert written.isprintable()
    assert written.count("*/") == written.count("/*") == 1
    assert "??" not in written
    assert len(written) < 1300
