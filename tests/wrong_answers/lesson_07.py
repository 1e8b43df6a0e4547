"""The usual wrong answers to the exercises of notebook 7, and a piece of what is to be said of each."""

WRONG = {
    "check_7_1": [
        ("after_sgd = 5.0 + 0.1 * 6.0\nafter_adam = 5.0 + 0.1", "you went uphill"),
        ("after_sgd = after_adam = 5.0 - 0.1 * 6.0", "Adam divides the slope by its own size"),
        ("after_sgd = 5.0 - 0.1 * 6.0\nafter_adam = 5.0 + 0.1", "Adam goes downhill, too"),
        ("after_sgd = 5.0 - 0.1 * 3.0\nafter_adam = 4.9", "you have 4.7, 4.9: the slope of (w − 2)² is 2(w − 2)"),
        ("after_sgd = 5.0 - 6.0\nafter_adam = 4.0", "multiplied by the rate"),
        ("after_sgd = 5.0 - 0.1 * cost(5.0)\nafter_adam = 4.9", "subtracts the cost"),
        ("after_sgd = 4.4\nafter_adam = 5.0 - 0.1 * 6.0 / 36.0", "Write its formula for t = 1"),
    ],
    "check_7_2": [
        ("limit = 1.0 / (12.0 * ends[0.01] ** 2 - 8.0)", "which is 1/h"),
        ("limit = 12.0 * ends[0.01] ** 2 - 8.0", "that is the curvature h"),
        ("limit = 2.0 / (12.0 * ends[0.1] ** 2 - 8.0)", "the limit in the other valley"),
        ("limit = 2.0 / (12.0 * 2.2**2 - 8.0)", "takes the curvature at the start"),
        ("limit = 2.0 / 20.0", "the narrow valley with two parameters"),
        ("limit = 1.0", "the parabola at the beginning"),
        ("limit = 0.14", "a little below"),
        ("limit = 0.15", "a little above"),
    ],
    "check_7_3": [
        ("def whole_gradient(gradients, sizes):\n    return statistics.fmean(gradients)", "you have 3, the plain mean"),
        ("def whole_gradient(gradients, sizes):\n    return sum(gradients)", "the sum of the means"),
        ("def whole_gradient(gradients, sizes):\n    return sum(g * n for g, n in zip(gradients, sizes))", "Divide it by their number"),
        ("def whole_gradient(gradients, sizes):\n    return sum(g * n for g, n in zip(gradients, sizes)) / 3", "the number of batches"),
    ],
    "check_7_4": [
        ("def rate_in(epoch):\n    return 0.15 * (1 + epoch / 10)", "your rate rises"),
        ("def rate_in(epoch):\n    return 0.15 / (1 + epoch)", "ten times as fast"),
        ("def rate_in(epoch):\n    return 0.15 * (1 - epoch / 10)", "0 after ten epochs"),
        ("def rate_in(epoch):\n    return 0.15 / (1 + epoch // 10)", "`//` rounds down"),
        ("def rate_in(epoch):\n    return 0.15", "stays the same"),
    ],
    "check_7_5": [
        ("lr, momentum = 0.001, 0.0", "240 epochs were not enough"),
        ("lr, momentum = 0.1, 0.0", "no fewer epochs than before"),
        ("lr, momentum = 0.2, 0.5", "not yet three times as fast"),
    ],
}
