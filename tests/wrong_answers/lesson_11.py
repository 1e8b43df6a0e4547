"""The usual wrong answers of notebook 11."""

NO_POSITIONS = 'without = {**arrays, "position": np.zeros_like(arrays["position"])}\n'


def how_many(formula: str) -> str:
    return f"def how_many(n, c, d):\n    return {formula}"


def entropy(probabilities: str, sign: str = "-") -> str:
    return f"def entropy(temperature):\n    p = softmax(({probabilities}).tolist())\n    return {sign}sum(x * math.log(x) for x in p)"


def jacobian(formula: str) -> str:
    return f"def softmax_jacobian(p):\n    p = np.array(p)\n    return {formula}"


WRONG = {
    "check_11_1": [
        (how_many("n * d + c * d + 12 * d**2"), "one n · d is missing"),
        (how_many("2 * n * d + c * d + 8 * d**2"), "one of the matrices of the MLP is missing"),
        (how_many("2 * n * d + c * d + 11 * d**2"), "one d² is missing"),
        (how_many("2 * n * d + 12 * d**2"), "the c · d of the positions are missing"),
        (how_many("2 * n * d + c * d + 6 * d**2"), "four times as large as those of attention"),
        (how_many("n * c * d"), "Add up rows times columns"),
    ],
    "check_11_2": [
        (entropy("first_scores / temperature", sign="+"), "an entropy is not negative"),
        (entropy("first_scores * temperature"), "falls with the temperature"),
        (entropy("first_scores"), "the same at every temperature"),
        ("def entropy(temperature):\n    return temperature", "take minus the sum of p log p"),
    ],
    "check_11_3": [
        ('without = arrays\nsame = ["bac"]', "and only those, should be zeros"),
        ('without = {key: 0.0 * array for key, array in arrays.items()}\nsame = ["bac"]', "and only those, should be zeros"),
        (NO_POSITIONS + 'same = ["bac", "acb", "cab", "cba"]', "asks with its own query"),
        (NO_POSITIONS + "same = []", "a sum does not know their order"),
        (NO_POSITIONS + 'same = ["bac", "cab"]', "one of yours is right"),
        (NO_POSITIONS + 'same = ["cba"]', "so it must be c"),
    ],
    "check_11_4": [
        (jacobian("np.diag(p * (1 - p))"), "only the diagonal is there"),
        (jacobian("np.outer(p, p) - np.diag(p)"), "the other way round"),
        (jacobian("np.outer(p, 1 - p)"), "off the diagonal δ is 0, not 1"),
        (jacobian("np.diag(p) + np.outer(p, p) - 2 * np.diag(p * p)"), "off the diagonal the sign is wrong"),
        (jacobian("np.outer(p, p)"), "on the diagonal stands"),
        ("def softmax_jacobian(p):\n    return 0.25", "on the diagonal stands"),
        ("def softmax_jacobian(p):\n    return 'p'", "on the diagonal stands"),
    ],
}
