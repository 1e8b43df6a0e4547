"""Wrong answers to the exercises of notebook 4, and a piece of the hint that each must get."""

STEEP_OR, STEEP_NAND, STEEP_AND = "([20, 20], -10)", "([-20, -20], 30)", "([20, 20], -30)"


def gates(first: str = STEEP_OR, second: str = STEEP_NAND, third: str = STEEP_AND) -> str:
    return f"gate_or = {first}\ngate_nand = {second}\ngate_and = {third}"


SIDE = "[-steep * math.cos(angle), -steep * math.sin(angle)], steep * 0.7"


def polygon(of_side: str = SIDE, bias: str = "-steep * (n - 0.5)") -> str:
    return f"def side(angle, steep=100.0):\n    return {of_side}\n\n\ndef output_bias(n, steep=100.0):\n    return {bias}\n\n\n"


def one_neuron(w1: float, w2: float, b: float) -> str:
    return f"w1, w2 = {w1}, {w2}\nb = {b}"


def bump(first: str = "300, -300 * 0.375", second: str = "300, -300 * 0.625", output: str = "1, -1") -> str:
    return f"w1, b1 = {first}\nw2, b2 = {second}\nv1, v2 = {output}"


WRONG = {
    "check_4_1": [
        (gates("([1, 1], -0.5)", "([-1, -1], 1.5)", "([1, 1], -1.5)"), "Multiply weights and bias by a larger number"),
        (gates("([20, 20], 0)"), "goes through a corner"),
        (gates(STEEP_AND), "your OR is an AND"),
        (gates("([20, 20], 10)"), "OR is wrong at a corner"),
        (gates(second=STEEP_AND), "your NAND is an AND"),
        (gates(second="([-20, -20], 10)"), "NAND is wrong at a corner"),
        (gates(third=STEEP_OR), "your AND is an OR"),
        (gates(third=STEEP_NAND), "AND is wrong at a corner"),
    ],
    "check_4_2": [
        (polygon("[steep * math.cos(angle), steep * math.sin(angle)], -0.7 * steep"), "active outside"),
        (polygon("[steep * math.cos(angle), steep * math.sin(angle)], 0.7 * steep"), "point outwards"),
        (polygon("[-steep * math.cos(angle), -steep * math.sin(angle)], -0.7 * steep"), "at the origin"),
        (polygon("[-steep * math.cos(angle), -steep * math.sin(angle)], 0.7"), "multiplied by steep as well"),
        (polygon("[-steep * math.sin(angle), -steep * math.cos(angle)], 0.7 * steep"), "changed places"),
        (polygon("[-math.cos(angle), -math.sin(angle)], 0.7"), "not right yet"),
        (polygon(bias="-steep * 0.5"), "The output neuron is an OR"),
        (polygon(bias="-steep * n"), "exactly at n"),
        (polygon(bias="steep * (n - 0.5)"), "minus the threshold"),
        (polygon(bias="-steep * (n + 0.5)"), "never reaches"),
        (polygon(bias="-steep * 1.5"), "between n − 1 and n"),
    ],
    "check_4_3": [
        (one_neuron(3, 1, 0.25), "The biases of the hidden neurons are missing"),
        (one_neuron(3, 1, 4.0), "own bias, 0.25, is missing"),
        (one_neuron(3, 1, -2.25), "You added the biases as they are"),
        (one_neuron(3, 1, -1.75), "−1 times −3 is +3"),
        (one_neuron(3, 1, 0.5), "the bias is not"),
        (one_neuron(0, 5, 2.25), "takes h₁ twice"),
        (one_neuron(0, -5, 2.25), "combined the rows"),
        (one_neuron(1, 7, 2.25), "h₂ is subtracted"),
    ],
    "check_4_4": [
        (bump(first="0, 1"), "no step at all"),
        (bump("300, 300 * 0.375", "300, 300 * 0.625"), "at negative x"),
        (bump(second="-300, 300 * 0.625", output="1, 1"), "far to the left"),
        (bump(output="1, 1"), "add up to 2"),
        (bump(output="-1, 1"), "points downward"),
        (bump("50, -50 * 0.375", "50, -50 * 0.625"), "too gentle"),
        (bump("300, -300 * 0.4", "300, -300 * 0.6"), "in the wrong place"),
        (bump("300, -0.375", "300, -0.625"), "in the wrong place"),
    ],
}
