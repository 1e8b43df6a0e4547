"""Usual wrong answers to the exercises of notebook 1."""

WRONG = {
    "check_1_1": [
        ("metres_for_each = 1.0 + 20.0 / 8.0\nmetres_longer = 0.5 * metres_for_each", "put 30 in for v"),
        ("metres_for_each = 30.0 / 8.0\nmetres_longer = 0.5 * metres_for_each", "t is missing"),
        ("metres_for_each = 1.0 + 30.0 / (2 * 8.0)\nmetres_longer = 0.5 * metres_for_each", "the slope of v² is 2v"),
        ("metres_for_each = 4.75\nmetres_longer = 4.75", "faster by half of one"),
        ("metres_for_each = 4.75\nmetres_longer = metres_for_each / 0.5", "do not divide by it"),
    ],
    "check_1_2": [
        ("g_p, g_q, number_of_paths = 4.0, -5.0, 2", "you have −5: one of the two paths is missing"),
        ("g_p, g_q, number_of_paths = 4.0, -6.0, 2", "you have −6: one of the two paths is missing"),
        ("g_p, g_q, number_of_paths = 4.0, -5.0 * -6.0, 2", "the results of the two paths are added"),
        ("g_p, g_q, number_of_paths = -2.0, -11.0, 2", "multiply along all of them"),
        ("g_p, g_q, number_of_paths = 4.0, -11.0, 1", "by your count: 1."),
    ],
    "check_1_3": [
        ("x = Value(1.0)\ny = 89 * x\ngradient = 89.0", "there is a * in the graph"),
        ("x = y = Value(1.0)\nfor _ in range(6):\n    y = y + y\ngradient = 64.0", "64 paths lead from x to y"),
        ("x = y = Value(1.0)\nfor _ in range(88):\n    y = y + x\ngradient = 89.0", "but 88 additions"),
        ("x = before = y = Value(1.0)\nfor _ in range(9):\n    before, y = y, before + y\ngradient = 1.0", "the gradient is not"),
    ],
    "check_1_4": [
        ("x = 0.0\nfor _ in range(6):\n    x = x - (exp(x) - 2 * x) / grad(lambda x: exp(x) - 2 * x)(x)", "that looks for a zero of f"),
        ("x = 0.0\nfor _ in range(6):\n    x = x - grad(lambda x: exp(x) - 2 * x)(x)", "that is gradient descent"),
        ("for _ in range(6):\n    x = 0.0 - (exp(0.0) - 2) / exp(0.0)", "where the first step leads"),
    ],
}
