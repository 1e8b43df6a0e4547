"""The usual wrong answers to the exercises of notebook 6, and a piece of the hint that each must get."""


def constants(for_mse: str, for_mae: str) -> str:
    return f"best_for_mse = {for_mse}\nbest_for_mae = {for_mae}\n"


def logits(result: str) -> str:
    return f"def two_logits(z):\n    return {result}\n"


def soft(probabilities: str, loss: str) -> str:
    return f"probabilities = {probabilities}\nloss = {loss}\n"


def noise(loss: str, factor: str, constant: str) -> str:
    return f"loss, factor, constant = {loss}, {factor}, {constant}\n"


WRONG = {
    "check_6_1": [
        (constants("3", "20"), "the wrong way round"),
        (constants("20", "20"), "the outlier pulls no more"),
        (constants("3", "3"), "the outlier pulls much more"),
        (constants("20", "2.5"), "as many targets must lie below"),
        (constants("45.5", "3"), "must add up to 0"),
    ],
    "check_6_2": [
        (logits("[1 - sigmoid(z), sigmoid(z)]"), "are probabilities"),
        (logits("[z, 0.0]"), "the wrong way round"),
        (logits("[-z, z]"), "of your logits is 2z"),
        (logits("[1.0, z]"), "1 is e⁰, not e¹"),
        (logits("[1 - z, z]"), "are probabilities"),
    ],
    "check_6_3": [
        (soft("[1.0, 0.0, 0.0]", "0.0"), "does not become sure of class 0"),
        (soft("q", "0.0"), "does not become 0"),
        (soft("q", "-sum(p * math.log2(p) for p in q)"), "the loss is in bits"),
        (soft("q", "-math.log(0.7)"), "the other classes are missing"),
        (soft("q", "sum(p * math.log(p) for p in q)"), "has a minus in front"),
        (soft("q", "1.5"), "over all three classes"),
    ],
    "check_6_4": [
        (noise("mse", "1 / 8", "math.log(4)"), "squares come from normal noise"),
        (noise("mae", "2", "math.log(4)"), "the factor is 1 / s"),
        (noise("mae", "-1 / 2", "math.log(4)"), "the minus of the exponent"),
        (noise("mae", "1 / 2", "math.log(1 / 4)"), "is +log(2s)"),
        (noise("mae", "1 / 2", "1 / 4"), "not ¼ itself"),
        (noise("mae", "1 / 2", "math.log(2)"), "which is ¼, not ½"),
        (noise("mae", "1", "0"), "one after the other"),
    ],
}
