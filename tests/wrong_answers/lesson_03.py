"""Wrong answers to the exercises of notebook 3, and a piece of the hint that each must get."""

ONE = "a1 = sigma(0.8 * 1.5 - 0.5)\na2 = sigma(-1.2 * a1 + 0.3)\n"
TANH = "a1 = math.tanh(0.8 * 1.5 - 0.5)\na2 = sigma(-1.2 * a1 + 0.3)\n"
BATCH = """
def backpropagate_batch(W, b, X, Y):
    m, activations = X.shape[1], [X]
    for W_l, b_l in zip(W, b):
        activations.append(sigma(W_l @ activations[-1] + b_l))

    a = activations[-1]
    delta = (a - Y) * a * (1 - a)
    dW, db = [], []
    for l in range(len(W), 0, -1):
        db.insert(0, BIAS)
        dW.insert(0, WEIGHTS)
        if l > 1:
            a = activations[l - 1]
            delta = (W[l - 1].T @ delta) * a * (1 - a)
    return dW, db


"""


def batch(bias: str, weights: str) -> str:
    return BATCH.replace("BIAS", bias).replace("WEIGHTS", weights)


def last(result: str) -> str:
    return f"def error_of_last_layer(a, y):\n    return {result}\n\n\n"


WRONG = {
    "check_3_1": [
        (ONE + "dz2 = a2 - 1.0\ndw2 = dz2 * a1", "still the one for the target 1"),
        (ONE + "dz2 = 0.0 - a2\ndw2 = dz2 * a1", "the output minus the target"),
        (ONE + "dz2 = 1 / (1 - a2)\ndw2 = dz2 * a1", "your dz2 is da2"),
        (ONE + "dz2 = a2\ndw2 = dz2 * 1.5", "you took the input x"),
        (ONE + "dz2 = a2\ndw2 = dz2 * -1.2", "Your dw2 is da1"),
        (ONE + "dz2 = a2\ndw2 = dz2", "Your dw2 is db2"),
        (ONE + "dz2 = a2\ndw2 = dz2 * a1 * (1 - a1)", "dz2 is right, dw2 is not"),
        (ONE + "dw2 = a2\ndz2 = dw2 * a1", "dz2 and dw2 have changed places"),
        (ONE + "dz2 = a2 * a1 * 2\ndw2 = a2 * a1", "not right yet: dz2"),
        (ONE + "dz2 = round(a2, 3)\ndw2 = round(a2 * a1, 3)", "your number is rounded"),
    ],
    "check_3_2": [
        (TANH + "dw1 = (a2 - 1) * -1.2 * a1 * (1 - a1) * 1.5", "the slope of a sigmoid"),
        (TANH + "dw1 = (a2 - 1) * -1.2 * (1 - a1) * 1.5", "the square is missing"),
        (TANH + "dw1 = (a2 - 1) * -1.2 * (1 - a1**2)", "which is dz1"),
        (TANH + "dw1 = (a2 - 1) * -1.2 * 1.5", "from da1 to dz1"),
        (ONE + "dw1 = (a2 - 1) * -1.2 * a1 * (1 - a1) * 1.5", "network with two sigmoids"),
        (TANH + "dw1 = (1 - a2) * -1.2 * (1 - a1**2) * 1.5", "only the sign is wrong"),
    ],
    "check_3_3": [
        (last("y - a"), "the sign is wrong"),
        (last("(a - y) * a * (1 - a)"), "the slope of a sigmoid"),
        (last("-y / a"), "that is ∂C/∂a"),
        (last("-y / a * a * (1 - a)"), "A softmax mixes them"),
    ],
    "check_3_4": [
        (batch("delta", "delta @ activations[l - 1].T / m"), "a column for each sample"),
        (batch("delta / m", "delta @ activations[l - 1].T / m"), "a column for each sample"),
        (batch("delta.sum(axis=1) / m", "delta @ activations[l - 1].T / m"), "it should be a column, as b is"),
        (batch("delta.sum(axis=1, keepdims=True) / m", "activations[l - 1] @ delta.T / m"), "has rows and columns exchanged"),
        (
            batch("delta.sum(axis=1, keepdims=True) / m", "delta @ activations[l - 1].T / activations[l - 1].shape[0]"),
            "divided by the number of neurons",
        ),
        (batch("delta.sum(axis=1, keepdims=True) / X.shape[0]", "delta @ activations[l - 1].T / X.shape[0]"), "the number of neurons"),
        (batch("delta.sum(axis=1, keepdims=True) / delta.shape[0]", "delta @ activations[l - 1].T / m"), "the number of neurons"),
        (batch("delta.sum(axis=0, keepdims=True) / m", "delta @ activations[l - 1].T / m"), "runs over the neurons"),
        (batch("delta.sum(axis=1, keepdims=True)", "delta @ activations[l - 1].T"), "The mean has a factor 1/m"),
        (batch("delta.sum(axis=1, keepdims=True) / m", "delta @ activations[l - 1].T"), "The weights need a mean"),
        (batch("delta.sum(axis=1, keepdims=True)", "delta @ activations[l - 1].T / m"), "The biases need a mean"),
    ],
}
