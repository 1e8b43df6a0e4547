"""Listings are exact: a reader of the text computes the same as the program."""

import inspect
import itertools
import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from listing_reader import Leaf, Listing, Named

import autograd
from autograd import Program, Value, compile, dot, exp, log, logsumexp, maximum, relu, sqrt, tanh, where
from autograd.compiled.api.function import Function
from autograd.compiled.export.listing import Line, describe, outline
from nn import MLP, Linear, mse

RNG = np.random.default_rng(0)


def complete(text: str, lines: Sequence[Line]) -> str:
    """The text of a program with exact lines in place of the abbreviated ones."""
    result = text.split("\n")
    for i, line in enumerate(lines, start=2):
        first, *body = str(line).split("\n")
        assert result[i].startswith(f"  {first}")
        assert [one.strip() for one in result[i + 1 : i + 1 + len(body)]] == [one.strip() for one in body]
        del result[i + 1 : i + 1 + len(body)]
        if "scalars one after the other" in line.text or line.body:
            result[i] += "".join(f"\n  {one}" for one in line.exact)
        elif "…" in line.text:
            result[i] = f"  {line.exact[0]}"
        else:
            assert line.exact == (f"{line.name}{line.shape} = {line.text}",)
    return "\n".join(result)


def listed(lines: Sequence[Line]) -> dict[str, list[float]]:
    return {name: [value.data for value in values] for line in lines for name, values in line.leaves.items()}


def read_program(program: Program) -> Listing:
    """Compute the listing of a program, and compare with the results of the program."""
    lines = program.outline()
    leaves = [Leaf(leaf.label, leaf.data) for leaf in program.leaves]
    result = Listing(complete(str(program), lines), leaves, listed=listed(lines))
    if lines:
        assert result.result is not None
        assert result.result[-1] == pytest.approx(program.forward(), rel=1e-12, abs=1e-14), str(program)  # of scalars, the last is the root
    return result


def arrays_of(tree: Any, name: str) -> list[tuple[str, Any]]:
    """The arrays in an argument, by the names that the documentation gives them."""
    if isinstance(tree, dict):
        return [x for key, branch in tree.items() for x in arrays_of(branch, str(key))]
    if isinstance(tree, tuple) or (isinstance(tree, list) and any(isinstance(x, (dict, tuple)) for x in tree)):
        return [x for i, branch in enumerate(tree) for x in arrays_of(branch, f"{name}{i}")]
    return [(name, np.array(tree))]


def read_function(f: Function, *args: Any, in_axes: Sequence[Any] = (), model: Any = None) -> str:
    """Call a compiled function, and compare the results of each sample with those computed from its listing."""
    actual = f(*args)
    flat = [part for _, part in arrays_of(actual, "")]
    axes = [*in_axes, *[None] * (len(args) - len(in_axes))]
    samples = next((len(next(x for _, x in arrays_of(arg, ""))) for arg, axis in zip(args, axes, strict=True) if axis == 0), None)
    [branch] = f.specialisations
    returned = [x for output in branch.outputs for x in zip(output.batched.tolist(), output.places.tolist(), strict=True)]
    names = [*inspect.signature(f).parameters][: len(args)]
    shapes = [
        (name, array.shape[axis == 0 :])
        for arg, axis, own in zip(args, axes, names, strict=True)
        if arg is not model
        for name, array in arrays_of(arg, own)
    ]
    lines = outline(branch.tape, branch.code, shapes)
    text = complete(describe(branch.tape, branch.code, shapes, returned), lines)
    for sample in range(samples or 1):
        leaves: list[Leaf] = []
        arrays: dict[str, Named] = {}
        for arg, axis, own in zip(args, axes, names, strict=True):
            if arg is model and model is not None:
                leaves += [Leaf(p.label, p.data) for p in model.parameters()]
                continue
            for name, array in arrays_of(arg, own):
                numbers = array[sample] if axis == 0 else array
                leaves += [Leaf(f"{name}{list(i) if i else ''}", x, axis == 0) for i, x in np.ndenumerate(numbers)]
                if numbers.ndim:
                    arrays[name] = Named.of(numbers, axis == 0)
        read = Listing(text, leaves, arrays, listed(lines))
        expected = [np.ravel(part[sample] if samples else part) for part in flat]
        assert read.result is not None
        np.testing.assert_allclose(read.result, np.concatenate(expected), rtol=1e-12, atol=1e-14, err_msg=text)
    return text


# -- matrix products ------------------------------------------------------------------------------------------------------


def product(A: Any, B: Any) -> Any:
    return [[dot(row, [b[j] for b in B]) for j in range(len(B[0]))] for row in A]


def transposed(A: Any) -> Any:
    return [list(column) for column in zip(*A, strict=True)]


@pytest.mark.parametrize("axes", [*itertools.product([None, 0], repeat=2)], ids=str)
@pytest.mark.parametrize(("m", "t", "p"), [(4, 3, 2), (3, 3, 3), (1, 3, 4), (4, 3, 1), (2, 1, 3), (5, 2, 5)])
def test_products_of_matrices_and_their_transposes(m: int, t: int, p: int, axes: tuple[Any, Any]) -> None:
    heads = {}
    for a, b in itertools.product([False, True], repeat=2):

        def f(A: Any, B: Any, a: bool = a, b: bool = b) -> Any:
            return product(transposed(A) if a else A, transposed(B) if b else B)

        A = RNG.normal(size=(t, m) if a else (m, t))
        B = RNG.normal(size=(p, t) if b else (t, p))
        args = [np.stack([x, x + 1.0]) if axis == 0 else x for x, axis in zip((A, B), axes, strict=True)]
        text = read_function(compile(lambda A, B, f=f: f(A, B), in_axes=axes, executor="numpy"), *args, in_axes=axes)
        heads[a, b] = text.split("\n")[2]
    if axes == (None, None) and (m, t, p) == (4, 3, 2):
        assert heads == {
            (False, False): "  t1[4, 2] = A[4, 3] @ B[3, 2]",
            (False, True): "  t1[4, 2] = A[4, 3] @ B[2, 3]ᵀ",
            (True, False): "  t1[4, 2] = A[3, 4]ᵀ @ B[3, 2]",
            (True, True): "  t1[4, 2] = A[3, 4]ᵀ @ B[2, 3]ᵀ",
        }


# -- functions ------------------------------------------------------------------------------------------------------------


class Point(NamedTuple):
    x: Any
    y: Any


def total(numbers: Any) -> Any:
    return sum(numbers[1:], numbers[0])


def irregular(x: Any) -> Any:
    y, z = x[0], x[1]
    for i in range(45):
        y, z = tanh(y * x[2] + 0.1 * i) + x[1] * z, (y - z) / (2.0 + z * z) + x[i % 4] * y + x[0] * 0.5
    return y - z


CASES: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "which of two": (lambda x, y: (x - y) / (y - x), [1.5, 2.25]),
    "elements": (lambda x: x[0] * x[3] - x[1] / x[2], [RNG.normal(size=5)]),
    "slices": (lambda p: [a * b for a, b in zip(p[3:13], p[20:30], strict=True)], [RNG.normal(size=40)]),
    "strides": (lambda p: [tanh(a) for a in p[1::3]], [RNG.normal(size=20)]),
    "backwards": (lambda p: [a - b for a, b in zip(p[::-1], p, strict=True)], [RNG.normal(size=6)]),
    "columns": (lambda A: [row[0] - row[2] for row in A], [RNG.normal(size=(5, 3))]),
    "rows": (lambda A: [a * b for a, b in zip(A[1], A[0], strict=True)], [RNG.normal(size=(3, 6))]),
    "a diagonal": (lambda A: [tanh(A[i][i]) for i in range(4)], [RNG.normal(size=(5, 4))]),
    "its other diagonal": (lambda A: [tanh(A[i][3 - i]) for i in range(4)], [RNG.normal(size=(4, 4))]),
    "permuted rows": (lambda A, x: [dot(A[i], x) for i in (2, 0, 3, 1)], [RNG.normal(size=(4, 3)), RNG.normal(size=3)]),
    "permuted numbers": (lambda x, y: [x[i] - y[j] for i, j in zip((3, 0, 2, 1), (1, 3, 2, 0), strict=True)], [RNG.normal(size=4)] * 2),
    "gathered factors": (lambda x, y: dot([x[i] for i in (4, 0, 0, 2, 3)], [y[j] for j in (1, 1, 0, 5, 2)]), [RNG.normal(size=6)] * 2),
    "gathered points": (lambda A, x: dot([A[i][j] for i, j in ((0, 1), (2, 0), (1, 1), (3, 2))], x), [RNG.normal(size=(4, 3)), RNG.normal(size=4)]),
    "windows": (
        lambda image, k: [[dot([image[i + a][j + b] for a in range(2) for b in range(3)], row) for i in range(3) for j in range(2)] for row in k],
        [RNG.normal(size=(4, 4)), RNG.normal(size=(3, 6))],
    ),
    "the same twice": (lambda x: [a * a + a for a in x], [RNG.normal(size=4)]),
    "repeated in a dot": (lambda x, y: dot([x, x, y], [y, x, x]) + dot([x, x], [y, y]), [1.25, -0.5]),
    "repeated in a sum": (lambda x, y: autograd.sum([x, x, x]) * autograd.sum([x, y, x]), [1.25, -0.5]),
    "many sums of the same": (lambda x: [autograd.sum([a, a, a]) for a in x], [RNG.normal(size=4)]),
    "rows times one": (lambda A, x: [[a * b for a, b in zip(row, x, strict=True)] for row in A], [RNG.normal(size=(4, 4)), RNG.normal(size=4)]),
    "columns times one": (lambda A, x: [[a * b for a in row] for row, b in zip(A, x, strict=True)], [RNG.normal(size=(4, 4)), RNG.normal(size=4)]),
    "a layer, and down its columns": (
        lambda W, x, b: [tanh(z) - b[i] * b[j] for i, row in enumerate(product(W, x)) for j, z in enumerate(row)],
        [RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3)), RNG.normal(size=3)],
    ),
    "constants": (lambda x: [a * c - 0.1 for a, c in zip(x, (1.0, 1 / 3, -0.0, 1e300, -2.5e-17), strict=True)], [RNG.normal(size=5)]),
    "constants in a dot": (lambda x: dot(x, [0.1 * i for i in range(20)]) + total([a * 2.0 for a in x]), [RNG.normal(size=20)]),
    "constants that nobody calculates with": (lambda x: [x * math.inf, x + math.nan, x * -1.0, -2.0 - x, (-2.0) ** (x * 0.0 + 3.0)], [1.5]),
    "powers and bounds": (lambda x: [x**2, x**0.1, x.clip(-0.3, 1 / 3), x.leaky_relu(0.2), x.elu(0.7), x.gelu(), autograd.gelu(x, "tanh")], [1.5]),
    "sums with constants": (lambda x: sum(tanh(a) for a in x), [RNG.normal(size=4)]),
    "sums of two vectors": (lambda x: total([tanh(a) for a in x[:3]] + [relu(a) for a in x[3:]]), [RNG.normal(size=7)]),
    "vectors taken turns": (lambda x, y: dot([*itertools.chain(*zip(x, y, strict=True))], [*y, *x]), [RNG.normal(size=3), RNG.normal(size=3)]),
    "scalars": (irregular, [RNG.normal(size=4) * 0.3]),
    "softmax": (lambda x: autograd.softmax(x), [RNG.normal(size=4)]),
    "softmax of rows": (lambda A: [autograd.log_softmax([a * 0.7 for a in row]) for row in A], [RNG.normal(size=(3, 4))]),
    "attention": (
        lambda Q, K, V: product([autograd.softmax([dot(q, k) / 2.0 for k in K]) for q in Q], V),
        [RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))],
    ),
    "choices": (lambda x: [where(a > 0.1, lambda a=a: log(a) * 2.0, lambda a=a: sqrt(1.0 - a)) for a in x], [RNG.normal(size=6)]),
    "choices within choices": (
        lambda x: [where(a > 0.0, lambda a=a: where(a > 1.0, lambda: log(a - 1.0), lambda: sqrt(1.0 - a)), lambda a=a: exp(a)) for a in x],
        [RNG.normal(size=9) * 2.0],
    ),
    "choices of sums": (lambda x, y: where(x[0] > 5.0, lambda: dot(x, y), lambda: logsumexp([a * b for a, b in zip(x, y, strict=True)])), [RNG.normal(size=4)] * 2),
    "several results": (lambda x, y: (x * y, [y, tanh(x), 2.0, x]), [1.5, 0.25]),
    "what came in": (lambda x: (x[1], x[0]), [RNG.normal(size=2)]),
    "names of temporaries": (lambda t1, t2, t3: (t1 - t2) / (t3 - t1) * t2, [1.5, 0.25, 3.0]),
    "names of other words": (lambda nan, inf, n, where: nan - inf * n / where, [1.5, 0.25, 3.0, 4.0]),
    "dicts": (lambda p, x: tanh(dot(p["w"], x) + p["b"]), [{"w": [1.0, -2.0], "b": 0.5}, RNG.normal(size=2)]),
    "keys that are no words": (
        lambda p: p["a\nb"] * p["it's"] - p['say "hi"'] / p["# no"] + p["w[0]"] * p["w[1]"] - p["ᵀ"] * p[" = "] + dot(p["t1[0]"], p["…"]),
        [{"a\nb": 1.0, "it's": 2.0, 'say "hi"': 3.0, "# no": 4.0, "w[0]": 5.0, "w[1]": 6.0, "ᵀ": 7.0, " = ": 8.0, "t1[0]": [1.0, 2.0], "…": [3.0, 5.0]}],
    ),
    "tuples and lists": (lambda p, q: p[0] * q[1][0] - p[1] * q[0]["z"], [(1.5, 2.5), [{"z": 3.0}, (4.0,)]]),
    "named tuples": (lambda p: p.x[0] * p.y - p.x[1], [Point([1.0, 2.0], 3.0)]),
}  # fmt: skip


@pytest.mark.parametrize("batched", [False, True], ids=["one", "samples"])
@pytest.mark.parametrize("name", CASES)
def test_functions(name: str, batched: bool) -> None:
    f, args = CASES[name]
    if not batched:
        read_function(compile(f, in_axes=(None,) * len(args), executor="numpy"), *args)
        return
    for axes in set(itertools.product([None, 0], repeat=len(args))) - {(None,) * len(args)} if len(args) < 4 else [(0,) * len(args)]:
        several = [_several(arg) if axis == 0 else arg for arg, axis in zip(args, axes, strict=True)]
        with np.errstate(all="ignore"):
            read_function(compile(f, in_axes=axes, executor="numpy"), *several, in_axes=axes)


def _several(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _several(branch) for key, branch in tree.items()}
    if isinstance(tree, tuple):
        parts = [_several(branch) for branch in tree]
        return type(tree)(*parts) if hasattr(tree, "_make") else tuple(parts)
    if isinstance(tree, list) and not all(isinstance(x, float) for x in tree):
        return [_several(branch) for branch in tree]
    return np.stack([np.array(tree), np.array(tree) * 0.75, np.array(tree) + 0.5])


def test_random_functions() -> None:
    """Functions of vectors and matrices that read whichever numbers they like, with constants, choices, sums and products among them."""
    for seed in range(60):
        rng = random.Random(seed)
        sizes = [rng.choice([(), (3,), (4, 3)]) for _ in range(3)]
        axes = tuple(rng.choice([None, 0]) for _ in sizes) if seed % 3 else (None,) * 3
        args = [
            np.random.default_rng(seed).normal(size=((2, *size) if axis == 0 else size)) for size, axis in zip(sizes, axes, strict=True)
        ]

        def f(a: Any, b: Any, c: Any, seed: int = seed) -> Any:
            rng = random.Random(seed)
            pool: list[Any] = [x for part in (a, b, c) for x in np.ravel(np.array(part, dtype=object))]

            def pick(n: int) -> list[Any]:
                return rng.choices([*pool, 0.5, -2.0], k=n) if rng.random() < 0.5 else pool[rng.randrange(len(pool)) :][:n]

            for _ in range(rng.choice([6, 60])):
                kind, n = rng.randrange(7), rng.choice([1, 2, 5])
                x, y = pick(n), pick(n)
                n = min(len(x), len(y))
                x, y = x[:n], y[:n]
                if kind == 0:
                    pool.append(dot(x, y) * 0.1)
                elif kind == 1:
                    pool.append(tanh(autograd.sum([*x, y[0]])))
                elif kind == 2:
                    pool += [tanh(p - q) for p, q in zip(x, y, strict=True)]
                elif kind == 3:
                    pool += [p / (1.5 + q * q) for p, q in zip(x, y, strict=True)]
                elif kind == 4:
                    pool += [maximum(p, q) for p, q in zip(x, y, strict=True)]
                elif kind == 5 and isinstance(x[0], Value):
                    pool += [where(p > 0.1, lambda p=p: log(p) * 0.5, lambda q=q: exp(-q * q)) for p, q in zip(x, y, strict=True)]
                else:
                    pool.append(logsumexp([*x, *y]))
            return [pool[-1], *pool[-5:-2]]

        g = compile(lambda a, b, c, f=f: f(a, b, c), in_axes=axes, executor="numpy")
        with np.errstate(all="ignore"):
            read_function(g, *args, in_axes=axes)


# -- graphs, and the names of leaves --------------------------------------------------------------------------------------


def labelled(labels: Sequence[str], start: float = 1.0) -> list[Value]:
    return [Value(start + 0.25 * i, label=label) for i, label in enumerate(labels)]


ODD = ["", "t1", "t2", "a b", "a\nb", "it's", 'a "b"', "x[0]", "x[00]", "Σ", "nan", "inf", "for", "where", "Aᵀ", "x₁", "#", "  # x", "t1 = t2", "w_2", "…", "\\", "\u2028", "ﬁ", "t9999", "x[-1]", "x[99999999999]", "x[999999999, 999999999, 999999999]", "leaf", "leaves", "λ", "lambda", "\ud800"]  # fmt: skip


@pytest.mark.parametrize("labels", [ODD, ODD * 2, [label + "1" for label in ODD], [f"{label}[1]" for label in ODD]], ids=["once", "twice", "numbers", "indices"])  # fmt: skip
def test_labels_that_could_be_something_else(labels: list[str]) -> None:
    x = labelled(labels)
    read_program(compile(dot(x[1:], x[:-1]) - x[0] / x[-1] + tanh(x[3]) * x[5], executor="numpy"))
    results = [tanh(a * b) for a, b in zip(x, labelled(labels[::-1], 0.5), strict=True)]
    for result, label in zip(results, labels, strict=True):
        result.label = label
    read_program(compile(logsumexp(results), executor="numpy"))
    for result in results:
        result.label = labels[0]
    read_program(compile(logsumexp(results), executor="numpy"))


def test_labels_of_what_is_computed() -> None:
    x, y = labelled(["x", "y"])
    z = x * y
    z.label = "z"
    assert [str(line) for line in compile(tanh(z)).outline()] == ["z = x * y", "t2 = tanh(z)"]
    z.label = "x"  # is taken
    assert [str(line) for line in compile(tanh(z)).outline()] == ["t1 = x * y", "t2 = tanh(t1)"]
    z.label = "t2"  # would be another line
    assert [str(line) for line in compile(tanh(z)).outline()] == ["t1 = x * y", "t2 = tanh(t1)"]
    z.label = "x y"
    assert [str(line) for line in compile(tanh(z)).outline()] == ["'x y' = x * y", "t2 = tanh('x y')"]
    x.label = "t1"
    assert [str(line) for line in compile(tanh(z)).outline()] == ["'x y' = 't1' * y", "t2 = tanh('x y')"]
    h = [tanh(a * 2.0) for a in (x, y)]
    for order in ((0, 1), (1, 0)):
        for i, a in zip(order, h, strict=True):
            a.label = f"h[{i}]"
        assert compile(dot(h, [x, y])).outline()[1].name == ("h" if order == (0, 1) else "t2")


@pytest.mark.parametrize("samples", [1, 7])
def test_networks(samples: int) -> None:
    model = MLP(2, [4, 3, 1], "tanh", rng=random.Random(0))
    X = [[Value(float(x), label="x") for x in row] for row in RNG.normal(size=(samples, 2))]
    program = compile(autograd.sum([mse(model(x), 1.0) for x in X]) / samples, executor="numpy")
    read_program(program)
    if samples == 7:
        text = str(program)
        assert "  t1[7, 4] = x[7, 2] @ w[4, 2]ᵀ\n  t2[7, 4] = t1[7, 4] + b[4]\n" in text
        assert "  w[4, 2], w_2[3, 4], w_3[3]: the leaves labelled 'w' and a number" in text
        assert [len(line.leaves.get("w_2", ())) for line in program.outline()].count(12) == 1


def test_modules() -> None:
    model = MLP(2, [4, 3, 1], "tanh", rng=random.Random(0))
    read_function(compile(lambda model, x: model(x), in_axes=(None, 0)), model, RNG.normal(size=(3, 2)), in_axes=(None, 0), model=model)
    layer = Linear(3, 5, rng=random.Random(0))
    text = read_function(compile(lambda layer, x: layer(x), in_axes=(None, None)), layer, RNG.normal(size=3), model=layer)
    assert "x[3] @ weight[5, 3]ᵀ" in text


def two_layers(p: Any) -> Any:
    """A network whose weights and biases are one vector, on data to which it refers."""
    numbers = iter(p)
    shapes = [(6, 4), (3, 6)]
    layers = [([[next(numbers) for _ in range(n)] for _ in range(m)], [next(numbers) for _ in range(m)]) for m, n in shapes]
    rows = np.random.default_rng(1).normal(size=(10, 4)).tolist()
    for W, b in layers:
        rows = [[tanh(dot(row, x) + y) for row, y in zip(W, b, strict=True)] for x in rows]
    return sum(y for row in rows for y in row)


PARTS: list[tuple[Callable[..., Any], tuple[int, ...], list[str]]] = [
    (two_layers, (51,), [" @ p[0:24][6, 4]ᵀ", " + p[24:30]", " @ p[30:48][3, 6]ᵀ", " + p[48:51]"]),
    (lambda p: [exp(x) for x in p[1:4]] + [tanh(x) for x in p[10:20]], (51,), ["exp(p[1:4])", "tanh(p[10:20])"]),
    (lambda p: [exp(x) for row in p[2:5] for x in row], (8, 4), ["exp(p[2:5, :][12])"]),
    (lambda p: [exp(x) for row in p[2:5, 1:] for x in row], (8, 4), ["exp(p[2:5, 1:4][9])"]),
    (lambda p: dot(p[2], p[5]), (8, 4), ["Σ p[2, :] * p[5, :]"]),
    (lambda p: [tanh(dot(row, x)) for row in p[2:5] for x in p[5:8]], (8, 4), ["p[2:5, :] @ p[5:8, :]ᵀ"]),
]


@pytest.mark.parametrize(("f", "shape", "texts"), PARTS)
def test_an_operand_says_which_part_of_an_argument_it_is(f: Callable[..., Any], shape: tuple[int, ...], texts: list[str]) -> None:
    text = read_function(compile(f, in_axes=(None,)), RNG.normal(size=shape))
    assert [part for part in texts if part not in text] == []


def test_values_from_elsewhere() -> None:
    w = labelled(["w0", "w1", "w2"])
    f = compile(lambda x: dot(w, x) + x[0] * w[1], in_axes=(None,))
    f(RNG.normal(size=3))
    [branch] = f.specialisations
    assert outline(branch.tape, branch.code)[0].text == "Σ (w0, w1, w2) * x[3]"


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs(seed: int) -> None:
    rng = random.Random(seed)
    names = ["x", "w", "w[0]", "w[1]", "w[2]", "x0", "x1", "x2", "", "b", "t1", "t2"]
    pool: list[Any] = [
        Value(rng.uniform(-1.0, 1.0), label=rng.choice(names[: rng.randrange(3, 13)])) for _ in range(rng.choice([4, 12, 30]))
    ]
    for _ in range(rng.choice([5, 20, 80])):
        x, y = rng.choices(pool, k=4), [*rng.choices(pool, k=3), 0.1]
        made = [tanh(dot(x, y)), x[0] * y[1] - tanh(x[1]), (x[0] - y[0]) / (y[1] * y[1] + 1.5), autograd.sum(x[:2]) * 0.3]
        result = rng.choice(made)
        result.label = rng.choice(["", "", *names])
        pool.append(result)
    read_program(compile(autograd.sum(pool[-8:]) - tanh(pool[-1]), executor="numpy"))


def test_a_constant_a_leaf_and_nothing() -> None:
    read_program(compile(Value(3.0) * 2.0, executor="numpy"))
    assert str(compile(Value(3.0, label="x"))).split("\n")[0].startswith("program: 1 nodes → 0 instructions")
    x, y = Value(0.1, label="x"), Value(0.2, label="y")
    assert [line.text for line in compile(dot([x, y], [0.0, -0.0])).outline()] == ["Σ (x, y) * (0, -0)"]
    program = compile(x * 0.1 + x * 0.30000000000000004)
    assert "(0.1, 0.30000000000000004)" in str(program).split("\n")[0]
    read_program(program)


# -- the reader -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "untrue"),
    [
        ("A[4, 3] @ B[3, 2]", "A[4, 3] @ B[2, 3]ᵀ"),
        ("A[4, 3] @ B[3, 2]", "A[3, 4]ᵀ @ B[3, 2]"),
    ],
)
def test_the_reader_finds_what_is_untrue(true: str, untrue: str) -> None:
    """It does compute with the text."""
    head = "program: \n  \n"
    arrays = {"A": Named.of(RNG.normal(size=(4, 3)), False), "B": Named.of(RNG.normal(size=(3, 2)), False)}
    leaves = [Leaf(f"{name}[0, 0]", 0.0) for name in arrays]
    result, other = (Listing(f"{head}  t1[4, 2] = {text}", leaves, arrays).result for text in (true, untrue))
    assert result is not None
    assert other is not None
    np.testing.assert_allclose(result, (arrays["A"].numbers @ arrays["B"].numbers).ravel())
    assert not np.allclose(result, other)


def test_leaves_without_a_label_are_as_few_arrays_as_instructions_read() -> None:
    """Two instructions that read several leaves each have an array each; three that read one each share one array."""
    values = [Value(float(i)) for i in range(8)]
    several = str(compile(sum(map(tanh, values[:4])) + sum(map(exp, values[4:]))))
    assert "tanh(leaves[4])" in several
    assert "exp(leaves_2[4])" in several
    two = str(compile(sum(map(tanh, values[:2])) + sum(map(exp, values[2:4]))))
    assert "tanh(leaves[2])" in two
    assert "exp(leaves_2[2])" in two
    a, b, c = values[:3]
    single = str(compile(a * tanh(b) + exp(c)))
    assert all(f"leaves{i}" in single for i in "₀₁₂")
    assert "leaves_2" not in single


def test_lines_are_equal_and_shown_by_what_they_say() -> None:
    x = Value(2.0, label="x")
    first, again = (compile(tanh(x) * x).outline() for _ in range(2))
    assert first == again
    assert (
        repr(first[0])
        == "Line(name='t1', shape='', text='tanh(x)', is_product=False, sources=(('x', 'x'),), scope='', body=(), is_result=False)"
    )


def test_a_negative_base_is_in_brackets_and_a_negative_factor_is_not() -> None:
    x = Value(3.0, label="x")
    assert "t1 = (-2) ** x" in str(compile(tanh((-2.0) ** x)))
    assert "t1 = -2 * x" in str(compile(tanh(-2.0 * x)))
