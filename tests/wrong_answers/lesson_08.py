"""The usual wrong answers to the exercises of notebook 8, and a piece of what is to be said of each."""

GIVEN = """\
rng = np.random.default_rng(0)
on_validation = rng.binomial(240, 0.1, size=100) / 240
on_test = rng.binomial(359, 0.1, size=100) / 359
"""
TABLE = "table = np.array(confusion_matrix(predict(improved, X_validation), y_validation))\n"

WRONG = {
    "check_8_1": [
        ("parameters = 784 * 30 + 30 * 10", "you have 23820, the weights alone"),
        ("parameters = 784 + 784 * 30 + 30 + 30 * 10 + 10", "a bias to each pixel"),
        ("parameters = 784 * 30 + 30", "the hidden layer alone"),
        ("parameters = 784 * 30", "the weights of the hidden layer"),
        ("parameters = 784 + 30 + 10", "Count the connections"),
        ("parameters = len(first.parameters())", "for images of 8 × 8 pixels"),
    ],
    "check_8_2": [
        (TABLE + "recall = np.diag(table) / table.sum(axis=0)", "That is the precision"),
        (TABLE + "recall = np.diag(table) / table.sum()", "the number of all images"),
        (TABLE + "recall = np.diag(table)", "those are numbers of images"),
        (TABLE + "recall = table.trace() / table.sum()", "that is one number"),
        (TABLE + "recall = table / table.sum(axis=1)", "ten shares are needed"),
    ],
    "check_8_3": [
        ("def stepped(w, slope, lr, decay):\n    return w - lr * slope", "without the penalty"),
        ("def stepped(w, slope, lr, decay):\n    return w - lr * (slope + 2 * decay * w)", "a factor of ½"),
        ("def stepped(w, slope, lr, decay):\n    return w - lr * (slope + decay)", "proportional to w"),
        ("def stepped(w, slope, lr, decay):\n    return (1 - decay) * w - lr * slope", "multiplied by the rate as well"),
        ("def stepped(w, slope, lr, decay):\n    return w - lr * (slope - decay * w)", "lets the parameter grow"),
        ("def stepped(w, slope, lr, decay):\n    return w + lr * (slope + decay * w)", "you went uphill"),
        ("def stepped(w, slope, lr, decay):\n    return slope + decay * w", "Take a step with it"),
    ],
    "check_8_4": [
        (GIVEN + "seems, is_really = max(on_validation), max(on_test)", "you chose by the test images, too"),
        (GIVEN + "seems = is_really = max(on_validation)", "the same number twice"),
        (GIVEN + "seems, is_really = on_validation.mean(), on_test.mean()", "the mean of all networks"),
        (GIVEN + "seems = is_really = on_validation.argmax()", "not the place of the network"),
        (GIVEN + "seems, is_really = on_validation[0], on_test[0]", "there is a better one"),
    ],
}
