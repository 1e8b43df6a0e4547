"""A user's program, which type checkers read and Python runs. `test_types.py` does both, and holds each `assert_type` against the object."""

import random
from decimal import Decimal
from fractions import Fraction
from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import autograd
from autograd import Value, clip, compile, draw, grad, maximum, softmax, tanh, value_and_grad, where
from autograd import sum as total
from nn import MLP, SGD, Adam, History, Layer, Linear, Module, Neuron, ReLU, Sequential, evaluate, fit, predict
from nn.losses import cross_entropy, hinge, l2, mean, mse

a, b = Value(2.0, label="a"), Value(-3)

# operators, with a Value or a number on either side
assert_type(a + b, Value)
assert_type(a * 2 - 1.5, Value)
assert_type(1 / a % 3, Value)
assert_type(2**a + a**2 + a**b, Value)
assert_type(-a + +b, Value)
assert_type(abs(b), Value)
assert_type(a * Fraction(1, 2) + Fraction(1, 2) * a, Value)
assert_type(a - Decimal("0.5"), Value)
assert_type(a + np.float32(1.0), Value)
assert_type(np.float64(2.0) * a, Value)
assert_type(a * True, Value)
assert_type(a < b, bool)
assert_type(a >= 2, bool)
assert_type(a == b, bool)
assert_type(max(a, b), Value)
assert_type(sum((a, b), Value(0.0)), Value)
a += 1
a *= b
assert_type(a, Value)
array: npt.NDArray[np.float64] = np.ones(3)
assert_type(a * array, Any)

# attributes
assert_type(a.data, float)
assert_type(a.label, str)
a.data = 0.5
a.data -= 0.1 * a.grad
a.grad = 0
assert_type(a.backward(), None)
assert_type(f"{a:.3f}", str)

# nodes made by hand
double = Value(2.0 * a.data, (a,), "double")
assert_type(double, Value)
assert_type(Value(0.0, [a, b], _op="zero", label="z"), Value)


def of_double() -> None:
    a.grad += 2.0 * double.grad


double._backward = of_double
double._backward()
assert_type(double._prev, tuple[Value, ...])
assert_type(double.zero_grad(), None)

# functions and methods
assert_type(tanh(a), Value)
assert_type(tanh(0.5), float)
assert_type(tanh(1), float)
assert_type(a.tanh(), Value)
assert_type(a.relu().sigmoid().exp(), Value)
assert_type(maximum(a, 0.0), Value)
assert_type(maximum(0.0, a), Value)
assert_type(maximum(1.0, 2), float)
assert_type(a.maximum(b), Value)
assert_type(a.clip(-1.0, 1.0), Value)
assert_type(clip(0.5, a, b.abs() + a), Value)
assert_type(clip(0.5, 0, 1), float)
assert_type(a.leaky_relu(0.1), Value)
assert_type(autograd.leaky_relu(a, negative_slope=0.1), Value)
assert_type(autograd.elu(-1.0), float)
assert_type(a.gelu(approximate="tanh"), Value)
assert_type(autograd.pow(a, 3), Value)
assert_type(autograd.logaddexp(a, 0.5), Value)
assert_type(autograd.lgamma(2), float)
assert_type(a.lgamma(), Value)
assert_type(autograd.polygamma(1, a), Value)
assert_type(autograd.polygamma(1, 0.5), float)
assert_type(autograd.dot([a, b], [1, 2.0]), Value)
assert_type(total([a, b]), Value)
assert_type(total(x * x for x in (a, b)), Value)
assert_type(total([1.0, 2.0]), float)
assert_type(total([a, 1.0]), Any)
assert_type(softmax([a, b]), list[Value])
assert_type(softmax([1.0, 2.0]), list[float])
assert_type(autograd.hardmax([a, 1.0]), list[float])
assert_type(autograd.logsumexp([a, b]), Value)
assert_type(where(a > 0, a, b), Value)
assert_type(where(a > 0, lambda: a.log(), lambda: b), Value)
assert_type(where(a > 0, a, 0.0), Value | float)
assert_type(np.exp(a), Any)


# what takes both gives both
def half(x: Value | float) -> Value | float:
    y = tanh(x) * x + 1
    return maximum(y, 0.5 - x) / 2


assert_type(half(a), Value | float)
mixed: list[Value | float] = [a, 1.0, half(1.0)]
assert_type(autograd.dot(mixed, mixed), Value)


# transforms
def cube(x: Value) -> Value:
    return x**3


def norm(p: dict[str, Value], x: Value) -> Value:
    return (p["w"] * x + p["b"]) ** 2


assert_type(grad(cube)(2.0), Any)
assert_type(grad(grad(cube))(2.0), Any)
value, (by_p, by_x) = value_and_grad(norm, argnums=(0, 1))({"w": 1.0, "b": 0.0}, 2.0)
assert_type(autograd.derivative(cube, 2)(1.0), Any)
assert_type(autograd.hessian(lambda v: v[0] ** 2 * v[1])([1.0, 2.0]), Any)
assert_type(autograd.check_gradients(cube, [2.0])[0].ok, bool)


# compiled functions and graphs
compiled = compile(cube)
assert_type(compiled(2.0), float)
assert_type(compiled(array), npt.NDArray[np.float64])
assert_type(compiled([1.0, 2.0]), npt.NDArray[np.float64])
assert_type(compiled(a), Value)


@compile
def product(x: Value, y: Value) -> Value:
    return x * y


assert_type(product(2.0, y=3.0), float)
assert_type(compile(a * b)(), float)


# models
class Line(Module):
    def __init__(self) -> None:
        self.slope, self.offset = Value(1.0), Value(0.0)

    def __call__(self, x: Value | float) -> Value:
        return self.slope * x + self.offset


random.seed(1337)
model = MLP(2, [4, 1], "tanh")
x, y = [1.0, -2.0], 1.0
score = model(x)
score.backward()
loss = mse(model(x), y) + 0.001 * l2(model.parameters(), 1.0)
assert_type(loss, Value)
assert_type((1 - y * score).relu(), Value)
loss.backward()
for p in model.parameters():
    p.data -= 0.1 * p.grad
model.zero_grad()
assert_type(model.parameters(), list[Value])

classifier = MLP(2, [4, 3])
assert_type(classifier(x)[0], Value)
assert_type([z.data for z in classifier(x)], list[float])
assert_type(softmax(classifier(x)), list[Value])
assert_type(cross_entropy(classifier(x), 2), Value)
assert_type(mean([hinge(model(x), y)]), Value)
assert_type(Neuron(2, nonlin=False)(x), Value)
assert_type(Layer(2, 3)(x)[0], Value)
assert_type(Linear(2, 3)([a, 1.0]), list[Value])
assert_type(Line()(2.0), Value)

X, targets = [[0.0, 1.0], [1.0, 0.0]], [1, 0]
history = fit(classifier, X, targets, optimizer=Adam(classifier.parameters()), epochs=1, progress=False)
assert_type(history, History)
assert_type(predict(classifier, X), list[Any])
assert_type(evaluate(classifier, np.array(X), targets), dict[str, float])
SGD(model.parameters(), lr=0.1).step()
fit(Sequential(Linear(2, 4), ReLU(), Linear(4, 2)), np.array(X), np.array(targets), epochs=1, progress=False)


@autograd.no_grad()
def accuracy(points: list[list[float]]) -> float:
    return total(1.0 if model(point).data > 0 else 0.0 for point in points) / len(points)


assert_type(accuracy(X), float)
assert_type(draw(loss), autograd.Drawing)
with autograd.no_grad(), autograd.scope("checked"):
    assert_type(model(x).data, float)
