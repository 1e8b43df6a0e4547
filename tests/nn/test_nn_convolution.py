"""Convolution and pooling: values, gradients, sizes, and inputs that are not images."""

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value, compile
from autograd.errors import InputError
from nn.activations import ReLU
from nn.convolution import AvgPool2d, Conv2d, MaxPool2d, _Pool
from nn.layers import Flatten, Linear, Sequential


def image(channels: int, height: int, width: int, seed: int = 0) -> list[list[list[Value]]]:
    rng = random.Random(seed)
    return [[[Value(rng.uniform(-1, 1)) for _ in range(width)] for _ in range(height)] for _ in range(channels)]


def numbers(x: Any) -> np.ndarray[Any, Any]:
    return np.array([[[v.data for v in row] for row in channel] for channel in x])


def gradients(x: Any) -> np.ndarray[Any, Any]:
    return np.array([[[v.grad for v in row] for row in channel] for channel in x])


def go_backward(outputs: Any) -> np.ndarray[Any, Any]:
    """Run backward from a sum in which each output has a factor of its own. Returns the factors."""
    factors = 1.0 + np.arange(numbers(outputs).size).reshape(numbers(outputs).shape)
    flat = [v for channel in outputs for row in channel for v in row]
    sum(f * v for f, v in zip(factors.flatten().tolist(), flat, strict=True)).backward()
    return factors


@pytest.mark.seed("G3")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("channels", "size", "kernel", "stride", "padding"),
    [
        ((1, 1), (5, 5), 3, 1, 0),
        ((2, 3), (5, 4), 3, 1, 1),
        ((1, 2), (6, 6), 2, 2, 0),
        ((2, 2), (5, 6), 3, 2, 1),
        ((2, 2), (6, 7), (2, 3), (1, 2), (0, 1)),
        ((3, 1), (4, 4), 1, 1, 0),
        ((1, 2), (3, 3), 3, 1, 2),
        ((1, 1), (2, 2), 4, 3, (1, 2)),
    ],
)
def test_convolution_is_that_of_pytorch(
    torch: ModuleType, channels: tuple[int, int], size: tuple[int, int], kernel: Any, stride: Any, padding: Any, bias: bool
) -> None:
    convolution = Conv2d(*channels, kernel, stride, padding, bias=bias, rng=random.Random(1))
    for i, p in enumerate(convolution.bias or []):
        p.data = 0.5 - i
    x = image(channels[0], *size)
    outputs = convolution(x)
    factors = go_backward(outputs)

    def twin(numbers: Any) -> Any:
        return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)

    weight = twin([[[[w.data for w in row] for row in channel] for channel in kernel] for kernel in convolution.weight])
    b = twin([p.data for p in convolution.bias]) if convolution.bias else None
    pixels = twin(numbers(x))
    expected = torch.nn.functional.conv2d(pixels[None], weight, b, stride, padding)[0]
    (expected * torch.tensor(factors)).sum().backward()
    np.testing.assert_allclose(numbers(outputs), expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradients(x), pixels.grad.numpy(), rtol=1e-12, atol=1e-12)
    theirs = [*weight.grad.flatten().tolist(), *(b.grad.tolist() if b is not None else [])]
    assert [p.grad for p in convolution.parameters()] == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("size", "kernel", "stride"),
    [
        ((4, 4), 2, None),
        ((5, 7), 2, None),
        ((5, 5), 3, 1),
        ((6, 6), 3, 2),
        ((5, 6), (2, 3), None),
        ((5, 6), (3, 1), (1, 2)),
        ((3, 3), 1, None),
    ],
)
@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_pooling_is_that_of_pytorch(torch: ModuleType, kind: Any, size: tuple[int, int], kernel: Any, stride: Any) -> None:
    x = image(2, *size)
    outputs = kind(kernel, stride)(x)
    factors = go_backward(outputs)
    pixels = torch.tensor(numbers(x), dtype=torch.float64, requires_grad=True)
    expected = getattr(torch.nn, kind.__name__)(kernel, stride)(pixels[None])[0]
    (expected * torch.tensor(factors)).sum().backward()
    np.testing.assert_allclose(numbers(outputs), expected.detach().numpy(), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(gradients(x), pixels.grad.numpy(), rtol=1e-13)


def test_equal_largest_numbers_share_the_derivative() -> None:
    x = [[[Value(1.0), Value(1.0)], [Value(1.0), Value(1.0)]]]
    go_backward(MaxPool2d(2)(x))
    assert gradients(x).tolist() == [[[0.25, 0.25], [0.25, 0.25]]]
    for i in range(4):
        for j in range(i):
            pixels = [Value(5.0 if k in (i, j) else 0.0) for k in range(4)]
            go_backward(MaxPool2d(2)([[pixels[:2], pixels[2:]]]))
            assert [p.grad for p in pixels] == [0.5 if k in (i, j) else 0.0 for k in range(4)]
    nine = [[[Value(0.0) for _ in range(3)] for _ in range(3)]]
    go_backward(MaxPool2d(3)(nine))
    assert gradients(nine).sum() == 1.0
    assert gradients(nine).min() > 0.0


def test_a_convolution_by_hand() -> None:
    convolution = Conv2d(1, 1, 2)
    for p, number in zip(convolution.parameters(), [1.0, 2.0, 3.0, 4.0, 0.5], strict=True):
        p.data = number
    assert numbers(convolution([[[1, 0, 0], [0, 0, 1]]])).tolist() == [[[1.5, 4.5]]], "the kernel is not mirrored"


def test_each_output_is_one_dot_of_shared_inputs() -> None:
    convolution = Conv2d(2, 2, (3, 2))
    outputs = convolution(image(2, 3, 2))
    first, second = (channel[0][0]._prev[0] for channel in outputs)
    assert first._op == second._op == "dot"
    assert first._prev[12:] == second._prev[12:]
    kernel = [w for channel in convolution.weight[0] for row in channel for w in row]
    assert list(first._prev[:12]) == kernel


def test_names_and_start_of_the_weights() -> None:
    seen = []

    def initialiser(fan_in: int, fan_out: int, rng: random.Random) -> float:
        seen.append((fan_in, fan_out))
        return float(len(seen))

    convolution = Conv2d(2, 3, (4, 5), initialiser=initialiser)
    assert set(seen) == {(2 * 4 * 5, 3 * 4 * 5)}
    assert [p.data for p in convolution.parameters()] == [*range(1, 121), 0.0, 0.0, 0.0]
    names = [name for name, _ in convolution.named_parameters()]
    assert (names[0], names[119], names[120]) == ("weight.0.0.0.0", "weight.2.1.3.4", "bias.0")
    assert convolution.weight[2][1][3][4].label == "weight[2][1][3][4]"
    assert convolution.bias is not None
    assert convolution.bias[1].label == "bias[1]"


def test_arrays_are_images() -> None:
    convolution = Conv2d(2, 1, 3, padding=1)
    x = np.arange(24.0).reshape(2, 3, 4)
    for layer in (convolution, MaxPool2d(2), AvgPool2d(2)):
        assert numbers(layer(x)).tolist() == numbers(layer(x.tolist())).tolist()


@pytest.mark.seed("G3")
def test_a_small_network_learns_from_an_image() -> None:
    rng = random.Random(0)
    model = Sequential(Conv2d(1, 2, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2), Flatten(), Linear(2 * 2 * 2, 1, rng=rng))
    x = numbers(image(1, 5, 4))
    losses = []
    for _ in range(20):
        model.zero_grad()
        loss = (model(x)[0] - 1.0) ** 2
        loss.backward()
        losses.append(loss.data)
        for p in model.parameters():
            p.data -= 0.02 * p.grad
    assert losses[-1] < 0.01 * losses[0]


def test_compiled_a_network_answers_the_same() -> None:
    rng = random.Random(0)
    model = Sequential(Conv2d(1, 2, 3, padding=1, rng=rng), ReLU(), MaxPool2d(2), Conv2d(2, 2, 2, rng=rng), AvgPool2d((1, 2), 1), Flatten())
    X = np.array([numbers(image(1, 4, 6, seed)) for seed in range(5)])
    result = np.array(compile(lambda x: model(x), in_axes=(0,))(X))
    np.testing.assert_allclose(result, [[out.data for out in model(x)] for x in X], rtol=1e-13, atol=1e-15)


def test_repr() -> None:
    assert repr(Conv2d(1, 8, 3)) == "Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(0, 0))"
    assert repr(Conv2d(1, 8, 3, (1, 2), 1, bias=False)) == "Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 2), padding=(1, 1), bias=False)"
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2))"


@pytest.mark.parametrize("layer", [Conv2d(1, 2, 2), MaxPool2d(2), AvgPool2d(2)], ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (1.0, "3 deep, not 0 deep"),
        ([1.0, 2.0], "3 deep, not 1 deep"),
        (np.ones((4, 4)), r"3 deep, not 2 deep: for one channel write \[x\]"),
        (np.ones((5, 1, 4, 4)), r"3 deep, not 4 deep: for many images write predict\(model, X\)"),
        ("image", "3 deep, not 0 deep"),
        ([], "3 deep, not 1 deep"),
        ([[[]]], r"the heights are \[1\] and the widths \[0\]"),
        ([[[1.0, 2.0], [3.0]]], r"the heights are \[2\] and the widths \[1, 2\]"),
        ([[[1.0, 2.0]], []], r"the heights are \[0, 1\] and the widths \[2\]"),
        ([[[1.0, 2.0], 3.0]], "some are not as deep"),
        ([[[1.0, 2.0]], 3.0], "some are not as deep"),
        ([[[1.0, [2.0]], [1.0, 2.0]]], "a Value is one number, not list"),
        ([[[1.0, None], [1.0, 2.0]]], "not a real number: None"),
        (np.ones((1, 1, 4)), "a kernel of 2 × 2 does not fit into an image of 1 × 4, padding included"),
        (np.ones((1, 4, 1)), "a kernel of 2 × 2 does not fit into an image of 4 × 1, padding included"),
    ],
)
def test_what_is_no_image(layer: Any, x: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        layer(x)


def test_a_pool_without_a_function() -> None:
    with pytest.raises(NotImplementedError, match="_Pool does not define _of"):
        _Pool(1)([[[1.0]]])


def test_other_channels() -> None:
    with pytest.raises(InputError, match="this convolution takes 3 channels, not 1"):
        Conv2d(3, 1, 2)(np.ones((1, 4, 4)))


def test_padding_makes_a_kernel_fit() -> None:
    assert numbers(Conv2d(1, 1, 3, padding=1)(np.ones((1, 1, 1)))).shape == (1, 1, 1)
    with pytest.raises(InputError, match="a kernel of 5 × 5 does not fit into an image of 3 × 3, padding included"):
        Conv2d(1, 1, 5, padding=1)(np.ones((1, 1, 1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(0, 1, 3), "in_channels must be a whole number of at least 1, not 0"),
        (lambda: Conv2d(1, 1.5, 3), "out_channels must be a whole number of at least 1, not 1.5"),  # type: ignore[arg-type]
        (lambda: Conv2d(1, 1, 0), "kernel_size must be a whole number of at least 1, or a pair of them, not 0"),
        (lambda: Conv2d(1, 1, (3, 3, 3)), r"kernel_size must be .*, not \(3, 3, 3\)"),  # type: ignore[arg-type]
        (lambda: Conv2d(1, 1, 3, stride=(1, 0)), r"stride must be a whole number of at least 1, or a pair of them, not \(1, 0\)"),
        (lambda: Conv2d(1, 1, 3, padding=-1), "padding must be a whole number of at least 0, or a pair of them, not -1"),
        (lambda: Conv2d(1, 1, 3, padding="same"), "padding must be .*, not 'same'"),  # type: ignore[arg-type]
        (lambda: MaxPool2d(2.0), "kernel_size must be .*, not 2.0"),  # type: ignore[arg-type]
        (lambda: AvgPool2d(2, stride=0), "stride must be .*, not 0"),
    ],
)
def test_what_is_no_size(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_sizes_may_be_numpy_integers_and_lists() -> None:
    assert Conv2d(np.int64(1), 1, np.int64(3), [1, 2]).extra_repr() == Conv2d(1, 1, 3, (1, 2)).extra_repr()  # type: ignore[arg-type]
