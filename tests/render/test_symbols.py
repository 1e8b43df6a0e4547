"""Labels and numbers in formulas."""

import math
import random

import pytest

from autograd.render.formula.symbols import ESCAPES, GREEK, MathName, name_for, number_of, told_apart


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("x", "x"),
        ("x1", "x_{1}"),
        ("x_1", "x_{1}"),
        ("w_12", "w_{12}"),
        ("w_1_2", "w_{1,2}"),
        ("w1_2", "w_{1,2}"),
        ("w_ij", r"w_{\mathrm{ij}}"),
        ("w_i_j", "w_{i,j}"),
        ("x₁₂", "x_{12}"),
        ("w[0][1]", "w_{0,1}"),
        ("weight[0][1]", r"\mathrm{weight}_{0,1}"),
        ("alpha", r"\alpha"),
        ("alpha_t", r"\alpha_{t}"),
        ("beta2", r"\beta_{2}"),
        ("α", r"\alpha"),
        ("θ₁", r"\theta_{1}"),
        ("Δ", r"\Delta"),
        ("x_lambda", r"x_{\lambda}"),
        ("Alpha", r"\mathrm{Alpha}"),
        ("omicron", r"\mathrm{omicron}"),
        ("loss", r"\mathrm{loss}"),
        ("loss1", r"\mathrm{loss}_{1}"),
        ("d_in", r"d_{\mathrm{in}}"),
        ("y_hat", r"\hat{y}"),
        ("y_hat_2", r"\hat{y}_{2}"),
        ("theta_bar", r"\bar{\theta}"),
        ("loss_hat", r"\mathrm{loss}_{\mathrm{hat}}"),
        ("x_2a", r"x_{\mathrm{2a}}"),
        ("  x  ", "x"),
        ("learning  rate", r"\text{learning rate}"),
        ("x²", r"\text{x²}"),
        ("中文", r"\text{中文}"),
        ("größe", r"\text{größe}"),
        ("x'", r"\text{x'}"),
        ("3", r"\text{3}"),
        ("_x", r"{\_\text{x}}"),
        ("x_", r"{\text{x}\_}"),
        ("x__1", r"{\text{x}\_\_\text{1}}"),
        ("w · x + b", r"\text{w · x + b}"),
        ("50 %", r"{\text{50 }\%}"),
        ("a^b", r"{\text{a}{\wedge}\text{b}}"),
        ("~", r"{{\sim}}"),
        ("#$&{}", r"{\#\$\text{\&}\{\}}"),
        ("a\\b", r"{\text{a}\backslash \text{b}}"),
        ("a\x00b", r"{\text{a}\backslash \text{x00b}}"),
    ],
)
def test_labels(label, text):
    assert str(name_for(label)) == text


def test_which_can_stand_beside_another():
    assert [name_for(label).letter for label in ("x", "x1", "alpha", "β", "y_hat")] == [True] * 5
    assert [name_for(label).letter for label in ("loss", "ж", "x²", "a b")] == [False] * 4


def test_the_names_of_greek_letters():
    assert all(name_for(letter) == name_for(name) == MathName("\\" + name, (), True) for letter, name in GREEK.items())


@pytest.mark.parametrize("seed", range(20))
def test_matplotlib_can_read_any_label(seed):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    parser = mathtext.MathTextParser("path")
    rng = random.Random(seed)
    label = "".join(rng.choice([*ESCAPES, *"abxyzαβ019 _[]()<>|'\".,:;!?/*+-=@é\n\x07"]) for _ in range(12))
    text = str(name_for(label) if label.strip() else "x")
    parser.parse(f"${text}_{{1}}^{{2}} = {text}$")


def test_alike_ones_are_numbered():
    labels = ["x", "x_1", "x", "y", "x1", "w0", "w0"]
    results = [str(symbol) for symbol in told_apart(map(name_for, labels))]
    assert results == ["x_{2}", "x_{1,1}", "x_{3}", "y", "x_{1,2}", "w_{0,1}", "w_{0,2}"]
    assert len(set(results)) == len(labels)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"), (2.0, "2"), (0.1, "0.1"), (123456.75, "123456.75"), (1e15, "1000000000000000"), (1e16, "10^{16}"), (1e-7, "10^{-7}"), (0.0001, "0.0001"),
        (1.5e-7, r"1.5 \cdot 10^{-7}"), (2e300, r"2 \cdot 10^{300}"), (1 / 3, "0.3333333333333333"), (math.pi, r"\pi"), (math.inf, r"\infty"),
        (math.nan, r"\mathrm{nan}"), (5e-324, r"5 \cdot 10^{-324}"),
    ],
)  # fmt: skip
def test_numbers(number, text):
    assert number_of(number) == text
