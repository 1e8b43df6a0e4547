"""Usual wrong answers to the exercises of notebook 1."""

WRONG = {
    "check_1_1": [
        ("metres_for_each = 1.0 + 20.0 / 8.0\nmetres_longer = 0.5 * metres_for_each", "put 30 in for v"),
        ("metres_for_each = 30.0 / 8.0\nmetres_longer = 0.5 * metres_for_each", "t is missing"),
        ("metres_for_each = 1.0 + 30.0 / (2 * 8.0)\nmetres_longer = 0.5 * metres_for_each", "the slope of v² is 2v"),
        ("metres_for_each = 4.75\nmetres_longer = 4.75", "faster by half of one"),
        ("metres_for_each = 4.75\nmetres_longer = metres_for_each / 0.5", "do not divide by it"),
        ("metres_for_each = distance(31.0, 1.0, 8.0) - distance(30.0, 1.0, 8.0)\nmetres_longer = 2.4", "4.8125: you made the car faster"),
        (
            "v = Value(30.0)\nv.grad = 3.5\n(v + v**2 / 16).backward()\nmetres_for_each = v.grad\nmetres_longer = v.grad / 2",
            "8.25 is 3.5 + 4.75",
        ),
        (
            "v = Value(20.0)\nd = v + v**2 / 16\nd.backward()\nv.data = 30.0\nd.backward()\nmetres_for_each = v.grad\nmetres_longer = v.grad / 2",
            "7 is 3.5 twice",
        ),
        ("metres_for_each = distance(30.0, 1.0, 8.0)\nmetres_longer = metres_for_each / 2", "this is a whole distance"),
        ("metres_for_each = 4.75\nmetres_longer = distance(30.5, 1.0, 8.0)", "this is a whole distance"),
    ],
    "check_1_2": [
        ("g_p, g_q, number_of_paths = 4.0, -5.0, 2", "you have −5: one of the two paths is missing"),
        ("g_p, g_q, number_of_paths = 4.0, -6.0, 2", "you have −6: one of the two paths is missing"),
        ("g_p, g_q, number_of_paths = 4.0, -5.0 * -6.0, 2", "the results of the two paths are added"),
        ("g_p, g_q, number_of_paths = -2.0, -11.0, 2", "multiply along all of them"),
        ("g_p, g_q, number_of_paths = 4.0, -11.0, 1", "by your count: 1."),
        ("g_p, g_q, number_of_paths = -4.0, -11.0, 2", "watch the signs along p"),
        ("g_p, g_q, number_of_paths = -11.0, 4.0, 2", "g_p and g_q have changed places"),
        ("g_p, g_q, number_of_paths = 4.0, 11.0, 2", "not right yet: g_q. The rest is right."),
    ],
    "check_1_3": [
        ("x = Value(1.0)\ny = 89 * x\ngradient = 89.0", "there is a * in the graph"),
        ("x = y = Value(1.0)\nfor _ in range(6):\n    y = y + y\ngradient = 64.0", "64 paths lead from x to y"),
        ("x = y = Value(1.0)\nfor _ in range(88):\n    y = y + x\ngradient = 89.0", "but 88 additions"),
        ("x = before = y = Value(1.0)\nfor _ in range(9):\n    before, y = y, before + y\ngradient = 1.0", "the gradient is not"),
    ],
    "check_1_4": [
        ("x = 0.0\nfor _ in range(6):\n    x = x - (exp(x) - 2 * x) / grad(lambda x: exp(x) - 2 * x)(x)", "f itself is in your fraction"),
        ("x = 0.0\nfor _ in range(6):\n    x = x - grad(lambda x: exp(x) - 2 * x)(x) / (exp(x) - 2 * x)", "f itself is in your fraction"),
        ("x = 0.0\nfor _ in range(6):\n    x = x - grad(lambda x: exp(x) - 2 * x)(x)", "that is gradient descent"),
        ("for _ in range(6):\n    x = 0.0 - (exp(0.0) - 2) / exp(0.0)", "where the first step leads"),
    ],
}
