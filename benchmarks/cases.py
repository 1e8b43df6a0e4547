"""The cases for compiled programs: scalar code, and the same on tensors or by hand, all of which give a value and gradients."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise, repeat
from types import SimpleNamespace
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Value
from benchmarks import peers
from benchmarks.gpt import HEADS, LETTERS, NAME, POSITIONS, WIDTH, gpt
from benchmarks.moons import SIZES, Neuron, moons, numbers
from nn.engine.compiled_engine import CompiledEngine
from nn.engine.samples import Samples
from nn.epoch import run_epoch
from nn.losses import quadratic

Run = Callable[[], Any]

NUMPY = "NumPy by hand"


@dataclass
class Case:
    """Contestants that compute the same.

    Attributes:
        title: what they compute.
        goal: the contestant whose time is to be reached.
        runs: a function for each contestant, which returns a value and gradients, see `flat`.
        steps: the number of training steps in a run.
        scalar: the function of a list of scalars, and its argument, if the case is such a function.
    """

    title: str
    goal: str
    runs: dict[str, Run] = field(default_factory=dict)
    steps: int = 1
    scalar: tuple[Callable[[Any], Any], Any] | None = None


def flat(result: Any) -> list[float]:
    """All numbers of a result. A Value stands for its gradient, and a function for its result."""
    if callable(result):
        result = result()
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    flattened: list[float] = np.ravel(result.grad if type(result).__name__ == "Value" else result).tolist()
    return flattened


def packages() -> SimpleNamespace:
    """The peers; None for each that is not installed."""
    return SimpleNamespace(
        casadi=peers.installed("casadi", "casadi>=3.7"),
        jax=peers.installed("jax", "jax>=0.8"),
        numba=peers.installed("numba", "numba>=0.60"),
        scipy=peers.installed("scipy.special", "scipy"),
        torch=peers.installed("torch", "torch>=2.3"),
    )


def executors() -> list[str]:
    return ["numpy", "native"] if peers.installed("llvmlite", "llvmlite>=0.45") else ["numpy"]


def of_graph(f: Callable[[Any], Any], x: Any, wrt: int | None = None) -> dict[str, Run]:
    """compile(loss). It computes the derivatives with respect to all leaves; those with respect to the first `wrt` are compared."""
    runs: dict[str, Run] = {}
    for executor in executors():
        leaves = list(map(Value, x))
        program = autograd.compile(f(leaves), executor=executor)
        runs[f"compile(loss), {executor}"] = lambda program=program, leaves=leaves[:wrt]: (program(), leaves)
    return runs


def of_arrays(
    name: str, f: Callable[..., Any], args: Sequence[Any], in_axes: Any, threads: int | None = 1, **options: Any
) -> dict[str, Run]:
    """compile(f), a function of arrays."""
    runs: dict[str, Run] = {}
    for executor in executors():
        compiled = autograd.compile(f, in_axes=in_axes, executor=executor, threads=threads if executor == "native" else None)
        runs[f"{name}, {executor}"] = partial(compiled.value_and_grad, *args, **options)
    return runs


def casadi_function(f: Callable[[Any], Any], size: int, wrt: int | None = None) -> Any:
    """The scalar code as a function of CasADi: the value and the gradient with respect to the first `wrt` numbers."""
    casadi = packages().casadi
    casadi.SX.relu = lambda z: casadi.fmax(z, 0)
    x = casadi.SX.sym("x", size)
    y = f(casadi.vertsplit(x))
    return casadi.Function("f", [x], [casadi.vertcat(y, casadi.gradient(y, x)[:wrt])])


def by_casadi(function: Any, x: Any) -> dict[str, Run]:
    """Calls the function without copies. CasADi stores numbers column by column."""
    rows, columns = function.size_out(0)
    buffer, evaluate = function.buffer()
    x, result = np.ascontiguousarray(x), np.empty((columns, rows))
    buffer.set_arg(0, memoryview(x))
    buffer.set_res(0, memoryview(result))

    def run(*_kept: Any) -> Any:  # what the buffer points to
        evaluate()
        return result.T

    return {"CasADi": partial(run, buffer, x)}


def by_jax(f: Callable[..., Any], *args: Any) -> Run:
    jax = packages().jax
    compiled = jax.jit(f)
    args = jax.tree.map(jax.numpy.asarray, args)
    return lambda: jax.block_until_ready(compiled(*args))


def by_nodes(parameters: list[Any], loss: Callable[[], Any], order: Sequence[int]) -> Run:
    """A scalar engine under Python: forward, backward, free."""
    ordered = [parameters[i] for i in order]

    def run() -> Any:
        for p in parameters:
            p.grad = 0.0
        total = loss()
        total.backward()
        return total.data, ordered

    return run


def moons_step(samples: int = 100) -> Case:
    _, X, y = (np.array(list(part), float) for part in numbers(samples))
    shapes = [shape for nin, nout in pairwise(SIZES) for shape in ((nout, nin), (nout,))]
    places = iter(range(10**6))  # neurons have their weights and bias together, matrices have them apart
    layers = [np.array([[next(places) for _ in range(nin + 1)] for _ in range(nout)]) for nin, nout in pairwise(SIZES)]
    order = np.concatenate([part.ravel() for layer in layers for part in (layer[:, :-1], layer[:, -1])])
    by_neuron = np.argsort(order)
    x = np.array(moons(float)[0])[order]
    cuts = np.cumsum([math.prod(shape) for shape in shapes])
    arrays = [np.ascontiguousarray(part).reshape(shape) for part, shape in zip(np.split(x, cuts), shapes, strict=False)]

    def loss(leaves: Any) -> Any:
        values = iter([*[leaves[i] for i in by_neuron], *leaves[len(x) :]])
        return moons(lambda _: next(values), samples, lambda _: next(values))[1]()

    def of_sample(parameters: Any, xi: Any, yi: Any) -> Any:
        values = iter([parameters[i] for i in by_neuron])
        out = xi
        for nin, nout in pairwise(SIZES):
            layer = [Neuron(lambda _: next(values), repeat(0.0), nin, nout != 1) for _ in range(nout)]
            out = [neuron(out) for neuron in layer]
        return (1 - yi * out[0]).relu() + 1e-4 * sum(p * p for p in parameters)

    def by_hand() -> Any:
        W1, b1, W2, b2, W3, b3 = arrays
        h1 = np.maximum(X @ W1.T + b1, 0.0)
        h2 = np.maximum(h1 @ W2.T + b2, 0.0)
        margins = np.maximum(1.0 - y * (h2 @ W3[0] + b3[0]), 0.0)
        value = margins.sum() / samples + 1e-4 * sum(np.vdot(p, p) for p in arrays)
        d3 = np.where(margins > 0.0, y * (-1.0 / samples), 0.0)
        d2 = np.where(h2 > 0.0, np.outer(d3, W3[0]), 0.0)
        d1 = np.where(h1 > 0.0, d2 @ W2, 0.0)
        slopes = [d1.T @ X, d1.sum(0), d2.T @ h1, d2.sum(0), (d3 @ h2)[None], d3.sum(keepdims=True)]
        return value, [g + 2e-4 * p for g, p in zip(slopes, arrays, strict=True)]

    def on_tensors(xp: Any, arrays: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = arrays
        relu = partial(xp.maximum, xp.zeros(()))
        h = relu(relu(X @ W1.T + b1) @ W2.T + b2) @ W3[0] + b3[0]
        return relu(1.0 - y * h).mean() + 1e-4 * sum((p * p).sum() for p in arrays)

    leaves = np.concatenate([x, X.ravel()])
    runs = of_graph(loss, leaves, len(x))
    runs |= of_arrays("f(p, X)", lambda p, X: loss([*p, *X]), (x, X.ravel()), (None, None), wrt=0)
    runs |= of_arrays("f(p, x, y) of a sample", of_sample, (x, X, y), (None, 0, 0), wrt=0, reduce="mean")
    runs[NUMPY] = by_hand
    libraries = packages()
    if libraries.jax:
        runs["JAX"] = by_jax(libraries.jax.value_and_grad(partial(on_tensors, libraries.jax.numpy)), arrays, X, y)
    if libraries.casadi:
        runs |= by_casadi(casadi_function(loss, len(leaves), len(x)), leaves)
    if libraries.torch:
        runs["PyTorch eager"] = by_torch(partial(on_tensors, libraries.torch), arrays, X, y)
    if (micrograd := peers.micrograd()) is not None:
        runs["micrograd"] = by_nodes(*moons(micrograd, samples), order)
    return Case("micrograd's moons step", NUMPY, runs, scalar=(loss, leaves))


def by_torch(f: Callable[..., Any], arrays: Any, *args: Any) -> Run:
    torch = packages().torch
    parameters = [torch.tensor(p, requires_grad=True) for p in arrays]
    tensors = [torch.tensor(x) for x in args]

    def run() -> Any:
        for p in parameters:
            p.grad = None
        value = f(parameters, *tensors)
        value.backward()
        return value.item(), [p.grad for p in parameters]

    return run


def rosenbrock(n: int = 1000) -> Case:
    x = np.random.default_rng(0).normal(1.0, 0.5, n)

    def f(x: Any) -> Any:
        return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))

    def by_hand(x: Any) -> Any:
        a = x[:-1]
        e, o = x[1:] - a * a, 1.0 - a
        gradient = np.zeros(n)
        gradient[:-1] = -400.0 * a * e - 2.0 * o
        gradient[1:] += 200.0 * e
        return 100.0 * (e @ e) + o @ o, gradient

    def by_loop(x: Any, gradient: Any) -> Any:
        value, carried = 0.0, 0.0
        for i in range(n - 1):
            e, o = x[i + 1] - x[i] * x[i], 1.0 - x[i]
            value += 100.0 * e * e + o * o
            gradient[i] = carried - 400.0 * x[i] * e - 2.0 * o
            carried = 200.0 * e
        gradient[n - 1] = carried
        return value, gradient

    runs = of_graph(f, x) | of_arrays("f(x)", f, (x,), (None,), wrt=0)
    runs[NUMPY] = partial(by_hand, x)
    libraries = packages()
    if libraries.jax:
        tensors = libraries.jax.value_and_grad(lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())
        runs["JAX"] = by_jax(tensors, x)
    if libraries.casadi:
        runs |= by_casadi(casadi_function(f, n), x)
    if libraries.numba:
        runs["Numba by hand"] = partial(libraries.numba.njit(by_loop), x, np.empty(n))
    return Case(f"gradient of Rosenbrock's function of {n:,} numbers", "CasADi", runs, scalar=(f, x))


def rate(u: Any, p: Any) -> Any:
    """The right-hand side of Lorenz' equations."""
    return p[0] * (u[1] - u[0]), u[0] * (p[1] - u[2]) - u[1], u[0] * u[1] - p[2] * u[2]


def moved(u: Any, h: Any, k: Any) -> Any:
    return u[0] + h * k[0], u[1] + h * k[1], u[2] + h * k[2]


def lorenz(steps: int = 500, h: float = 0.01) -> Case:
    x = np.array([1.0, 2.0, 20.0, 10.0, 28.0, 8.0 / 3.0])

    def step(u: Any, p: Any) -> Any:
        k1 = rate(u, p)
        k2 = rate(moved(u, h / 2, k1), p)
        k3 = rate(moved(u, h / 2, k2), p)
        k4 = rate(moved(u, h, k3), p)
        return tuple([a + h / 6 * (b + 2 * c + 2 * d + e) for a, b, c, d, e in zip(u, k1, k2, k3, k4, strict=True)])

    def f(*x: Any) -> Any:
        u, p = x[:3], x[3:]
        for _ in range(steps):
            u = step(u, p)
        return u[0]

    runs = of_graph(lambda x: f(*x), x) | of_arrays("f(x, y, z, s, r, b)", f, x.tolist(), None)
    libraries = packages()
    if libraries.jax:
        jax = libraries.jax

        def scanned(*x: Any) -> Any:
            return jax.lax.scan(lambda u, _: (step(u, x[3:]), None), x[:3], None, steps)[0][0]

        runs["JAX, scan"] = by_jax(jax.value_and_grad(scanned, range(6)), *x.tolist())
    if libraries.casadi:
        runs |= by_casadi(casadi_function(lambda x: f(*x), 6), x)
    if libraries.numba:
        runs["Numba, adjoint by hand"] = partial(lorenz_adjoint(libraries.numba.njit, steps, h), x, np.empty((steps, 3)))
    return Case(f"Lorenz, RK4, {steps} steps: gradient of x by 3 states, 3 parameters", "CasADi", runs, scalar=(lambda x: f(*x), x))


def lorenz_adjoint(njit: Any, steps: int, h: float) -> Any:
    field, go = njit(rate), njit(moved)

    @njit
    def back(u: Any, p: Any, k: Any, d: Any) -> Any:
        """The gradient with respect to the state, from that of the rates. Adds those with respect to the parameters to d."""
        d[3] += k[0] * (u[1] - u[0])
        d[4] += k[1] * u[0]
        d[5] -= k[2] * u[2]
        return k[1] * (p[1] - u[2]) - k[0] * p[0] + k[2] * u[1], k[0] * p[0] - k[1] + k[2] * u[0], -k[1] * u[0] - k[2] * p[2]

    @njit
    def run(x: Any, states: Any) -> Any:
        u, p, zero, d = (x[0], x[1], x[2]), (x[3], x[4], x[5]), (0.0, 0.0, 0.0), np.zeros(6)
        for i in range(steps):
            states[i, 0], states[i, 1], states[i, 2] = u
            k1 = field(u, p)
            k2 = field(go(u, h / 2, k1), p)
            k3 = field(go(u, h / 2, k2), p)
            k4 = field(go(u, h, k3), p)
            u = go(go(go(go(u, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4)
        g = (1.0, 0.0, 0.0)
        for i in range(steps - 1, -1, -1):
            u1 = (states[i, 0], states[i, 1], states[i, 2])
            u2 = go(u1, h / 2, field(u1, p))
            u3 = go(u1, h / 2, field(u2, p))
            u4 = go(u1, h, field(u3, p))
            g4 = back(u4, p, go(zero, h / 6, g), d)
            g3 = back(u3, p, go(go(zero, h / 3, g), h, g4), d)
            g2 = back(u2, p, go(go(zero, h / 3, g), h / 2, g3), d)
            g1 = back(u1, p, go(go(zero, h / 6, g), h / 2, g2), d)
            g = go(go(go(go(g, 1.0, g1), 1.0, g2), 1.0, g3), 1.0, g4)
        d[0], d[1], d[2] = g
        return u[0], d

    return run


def black_scholes(n: int = 1000, threads: int | None = 1) -> Case:
    rng = np.random.default_rng(0)
    args = [rng.uniform(*ends, n) for ends in ((80.0, 120.0), (80.0, 120.0), (0.0, 0.1), (0.2, 2.0), (0.1, 0.5))]

    def price(m: Any, spot: Any, strike: Any, rate: Any, years: Any, volatility: Any) -> Any:
        wide = volatility * m.sqrt(years)
        d = (m.log(spot / strike) + (rate + volatility**2 / 2) * years) / wide
        first, second = (0.5 * (1 + m.erf(z / 2**0.5)) for z in (d, d - wide))
        return spot * first - strike * m.exp(-rate * years) * second

    def by_hand(spot: Any, strike: Any, rate: Any, years: Any, volatility: Any) -> Any:
        root = np.sqrt(years)
        wide = volatility * root
        d = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / wide
        delta = libraries.scipy.ndtr(d)
        kept = np.exp(-rate * years) * libraries.scipy.ndtr(d - wide)
        paid = strike * kept
        vega = spot * root * np.exp(-0.5 * d * d) * (2.0 * np.pi) ** -0.5
        return spot * delta - paid, delta, -kept, years * paid, 0.5 * vega * volatility / years + rate * paid, vega

    libraries = packages()
    runs = of_arrays("f(s, k, r, t, v)", partial(price, autograd), args, None, threads)
    if libraries.scipy:
        runs["NumPy, SciPy by hand"] = partial(by_hand, *args)
    if libraries.jax:
        names = SimpleNamespace(**{name: getattr(libraries.jax.numpy, name) for name in ("log", "sqrt", "exp")}, erf=libraries.jax.lax.erf)
        runs["JAX"] = by_jax(libraries.jax.vmap(libraries.jax.value_and_grad(partial(price, names), range(5))), *args)
    if libraries.casadi:
        runs |= by_casadi(casadi_function(lambda x: price(libraries.casadi, *x), 5).map(n), np.transpose(args))
    return Case(f"Black-Scholes: {n:,} options, the price and 5 derivatives of each", "NumPy, SciPy by hand", runs)


def product(n: int = 1000) -> Case:
    x = np.random.default_rng(0).uniform(0.9, 1.1, n)

    def by_hand(x: Any) -> Any:
        before, after = np.ones(n + 1), np.ones(n + 1)
        np.cumprod(x, out=before[1:])
        np.cumprod(x[::-1], out=after[1:])
        return before[n], before[:n] * after[n - 1 :: -1]

    def by_loop(x: Any, gradient: Any) -> Any:
        before, after = 1.0, 1.0
        for i in range(n):
            gradient[i] = before
            before *= x[i]
        for i in range(n - 1, -1, -1):
            gradient[i] *= after
            after *= x[i]
        return before, gradient

    libraries = packages()
    runs = of_graph(math.prod, x) | of_arrays("f(x)", math.prod, (x,), (None,), wrt=0)
    runs[NUMPY] = partial(by_hand, x)
    if libraries.casadi:
        runs |= by_casadi(casadi_function(math.prod, n), x)
    if libraries.numba:
        runs["Numba by hand"] = partial(libraries.numba.njit(by_loop), x, np.empty(n))
    return Case(f"product of {n:,} numbers, gradient", "CasADi", runs, scalar=(math.prod, x))


def nielsen(samples: int = 5000, batch: int = 10, sizes: tuple[int, int, int] = (784, 30, 10), lr: float = 3.0) -> Case:
    """Every run is an epoch from the same weights, and returns the new ones."""
    rng = np.random.default_rng(0)
    X, labels = rng.random((samples, sizes[0])) * (rng.random((samples, sizes[0])) < 0.2), rng.integers(0, sizes[2], samples)
    Y = np.eye(sizes[2])[labels]
    start = [array for nin, nout in pairwise(sizes) for array in (rng.normal(0, nin**-0.5, (nout, nin)), rng.normal(0, 1, nout))]
    order = [i for some, _ in nn.data.batches(range(samples), range(samples), None, rng=random.Random(0)) for i in some]
    steps = [np.array(order[i : i + batch]) for i in range(0, samples, batch)]

    def of_sample(p: Any, x: Any, target: Any) -> Any:
        W1, b1, W2, b2 = p
        h = [autograd.sigmoid(autograd.dot(w, x) + b) for w, b in zip(W1, b1, strict=True)]
        return quadratic([autograd.sigmoid(autograd.dot(w, h) + b) for w, b in zip(W2, b2, strict=True)], target)

    def by_steps(gradient: Callable[..., Any]) -> Any:
        p = [array.copy() for array in start]
        for some in steps:
            for array, slope in zip(p, gradient(p, X[some], Y[some]), strict=True):
                np.subtract(array, lr * slope, out=array)
        return p

    def by_hand(p: Any, x: Any, target: Any) -> Any:
        W1, b1, W2, b2 = p
        h = 1.0 / (1.0 + np.exp(-(x @ W1.T + b1)))
        a = 1.0 / (1.0 + np.exp(-(h @ W2.T + b2)))
        d2 = (a - target) * a * (1.0 - a) * (1.0 / batch)
        d1 = d2 @ W2 * h * (1.0 - h)
        return d1.T @ x, d1.sum(0), d2.T @ h, d2.sum(0)

    def cost(sigmoid: Any, p: Any, x: Any, target: Any) -> Any:
        W1, b1, W2, b2 = p
        return 0.5 * ((sigmoid(sigmoid(x @ W1.T + b1) @ W2.T + b2) - target) ** 2).sum() / batch

    runs: dict[str, Run] = {}
    for executor in executors():
        runs[f"fit, {executor}"] = fit_epoch(start, sizes, X, Y, batch, lr, executor)
        f = autograd.compile(of_sample, in_axes=(None, 0, 0), executor=executor)
        runs[f"f(p, x, y), {executor}"] = partial(by_steps, lambda *args, f=f: f.value_and_grad(*args, wrt=0, reduce="mean")[1])
    runs[NUMPY] = partial(by_steps, by_hand)
    libraries = packages()
    if libraries.jax:
        jax = libraries.jax

        def epoch(p: Any, X: Any, Y: Any, steps: Any) -> Any:
            def step(p: Any, some: Any) -> Any:
                slopes = jax.grad(partial(cost, jax.nn.sigmoid))(p, X[some], Y[some])
                return [array - lr * slope for array, slope in zip(p, slopes, strict=True)], None

            return jax.lax.scan(step, p, steps)[0]

        runs["JAX, scan"] = by_jax(epoch, start, X, Y, np.array(steps))
    if libraries.torch:
        torch = libraries.torch

        def eager() -> Any:
            p = [torch.tensor(array, requires_grad=True) for array in start]
            for some in steps:
                slopes = torch.autograd.grad(cost(torch.sigmoid, p, *(torch.from_numpy(part[some]) for part in (X, Y))), p)
                with torch.no_grad():
                    for array, slope in zip(p, slopes, strict=True):
                        array.sub_(slope, alpha=lr)
            return [array.detach() for array in p]

        runs["PyTorch eager"] = eager
    return Case(f"Nielsen's network {'-'.join(map(str, sizes))}: a step of batch {batch} with its update", NUMPY, runs, steps=len(steps))


def fit_epoch(start: Sequence[Any], sizes: Sequence[int], X: Any, Y: Any, batch: int, lr: float, executor: str) -> Run:
    """An epoch of `fit`. The first one records the model and starts from the same weights as the others."""
    model = nn.MLP(sizes[0], list(sizes[1:]), "sigmoid", "sigmoid")
    ordered = [
        p for layer in model.layers for part in ([w for n in layer.neurons for w in n.w], [n.b for n in layer.neurons]) for p in part
    ]
    for p, number in zip(ordered, flat(start), strict=True):
        p.data = number
    optimizer = nn.SGD(model.parameters(), lr=lr)
    engine, data = CompiledEngine(model, quadratic, optimizer.parameters, executor=executor), Samples(X, Y)

    def run() -> Any:
        run_epoch(engine, optimizer, data, batch, random.Random(0), {}, lambda: None)
        return lambda: [p.data for p in ordered]

    return run


MATRICES = {
    "tokens": (len(LETTERS), WIDTH),
    "places": (POSITIONS, WIDTH),
    "unembedding": (len(LETTERS), WIDTH),
    **dict.fromkeys(("query", "key", "content", "joined"), (WIDTH, WIDTH)),
    "wider": (4 * WIDTH, WIDTH),
    "back": (WIDTH, 4 * WIDTH),
}
"""The parameters of the GPT, in its order."""


def gpt_step(name: str = NAME) -> Case:
    x = np.array(gpt(float, name)[0])
    cuts = np.cumsum([math.prod(shape) for shape in MATRICES.values()])
    arrays = {key: part.reshape(shape) for (key, shape), part in zip(MATRICES.items(), np.split(x, cuts), strict=False)}
    text = np.array([LETTERS.index(letter) for letter in f".{name}."])
    n = len(text) - 1

    def loss(x: Any, **options: Any) -> Any:
        values = iter(x)
        return gpt(lambda _: next(values), name, **options)[1]()

    def of_dict(p: Any) -> Any:
        return loss([w for key in MATRICES for row in p[key] for w in row], largest=autograd.peak)

    def on_tensors(jax: Any, p: Any) -> Any:
        def norm(x: Any) -> Any:
            return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

        x = norm(p["tokens"][text[:-1]] + p["places"][:n])
        q, k, v = ((norm(x) @ p[key].T).reshape(n, HEADS, -1) for key in ("query", "key", "content"))
        logits = jax.numpy.einsum("ihd,jhd->hij", q, k) * (WIDTH // HEADS) ** -0.5
        weights = jax.nn.softmax(jax.numpy.where(np.tri(n, dtype=bool), logits, -np.inf))
        x = x + jax.numpy.einsum("hij,jhd->ihd", weights, v).reshape(n, WIDTH) @ p["joined"].T
        x = x + jax.nn.relu(norm(x) @ p["wider"].T) @ p["back"].T
        return -jax.nn.log_softmax(x @ p["unembedding"].T)[np.arange(n), text[1:]].mean()

    def ordered(run: Run) -> Run:
        def result() -> Any:
            value, slopes = run()
            return value, [slopes[key] for key in MATRICES]

        return result

    runs = of_graph(loss, x)
    runs |= {key: ordered(run) for key, run in of_arrays("f(dict of arrays)", of_dict, (arrays,), (None,), wrt=0).items()}
    libraries = packages()
    if libraries.jax:
        runs["JAX"] = ordered(by_jax(libraries.jax.value_and_grad(partial(on_tensors, libraries.jax)), arrays))
    if libraries.casadi:  # without the shift, and what it costs
        runs |= by_casadi(casadi_function(partial(loss, largest=lambda _: 0.0), len(x)), x)
    runs["ours, eager"] = by_nodes(*gpt(Value, name), range(len(x)))
    return Case(
        f"a step of a one-layer GPT on a name of {len(name)} letters", "CasADi", runs, scalar=(partial(loss, largest=lambda _: 0.0), x)
    )
