"""Usual wrong answers to the exercises of notebook 2."""

WRONG = {
    "check_2_1": [
        ("AND, OR, NAND, layers = (1, 1, -1.5), (1, 1, -0.5), (1, 1, -1.5), 2", "your NAND is an AND"),
        ("AND, OR, NAND, layers = (1, 1, -1.5), (1, 1, -0.5), (-1, -1, 1), 2", "NAND (0, 1): there the sum is exactly 0"),
        ("AND, OR, NAND, layers = (1, 1, -0.5), (1, 1, -0.5), (-1, -1, 1.5), 2", "AND (0, 1): at this corner"),
        ("AND, OR, NAND, layers = (1, 1, -1.5), (1, 1, -0.5), (-1, -1, 1.5), 3", "OR and NAND stand side by side"),
        ("AND, OR, NAND, layers = (1, 1, -1.5), (1, 1, -0.5), (-1, -1, 1.5), 1", "it cannot be in the same layer"),
    ],
    "check_2_2": [
        ("a = (1 + math.sqrt(1 - 4 * 0.01)) / 2\nlimit = math.log(a / (1 - a))", "is where the derivative is 0.01"),
        ("a = (1 - math.sqrt(1 - 4 * 0.0025)) / 2\nlimit = math.log(a / (1 - a))", "Asked for is |z|"),
        ("limit = (1 + math.sqrt(1 - 4 * 0.0025)) / 2", "Undo the sigmoid"),
        ("limit = 6", "6 is close, as read from the picture"),
    ],
    "check_2_3": [
        ("def derivative(z):\n    return 1 / (1 + math.exp(z))\n\n\ngap = math.log(2)", "the inner derivative, eᶻ, is missing"),
        ("def derivative(z):\n    return float(z > 0)\n\n\ngap = math.log(2)", "that of the ReLU, with its jump"),
        ("def derivative(z):\n    return math.log(1 + math.exp(z))\n\n\ngap = math.log(2)", "softplus itself"),
        ("def derivative(z):\n    return 1 / (1 + math.exp(-z))\n\n\ngap = 0.0", "What is softplus at 0?"),
        ("def derivative(z):\n    return 1 / (1 + math.exp(-z))\n\n\ngap = 0.5", "The gap is largest at the kink"),
    ],
}
