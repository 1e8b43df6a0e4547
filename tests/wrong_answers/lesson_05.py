"""The usual wrong answers to the exercises of notebook 5, and a piece of the hint that each must get."""


def initialiser(name: str, result: str) -> str:
    return f"def {name}(fan_in, fan_out, rng):\n    return {result}\n"


def block(result: str) -> str:
    return (
        "class Residual(Module):\n"
        "    def __init__(self, size, rng):\n"
        '        self.layer = Layer(size, size, "sigmoid", rng=rng, initialiser=xavier_uniform)\n\n'
        "    def __call__(self, x):\n"
        f"        return {result}\n"
    )


WRONG = {
    "check_5_1": [
        (initialiser("forward_uniform", "rng.uniform(-math.sqrt(1 / fan_in), math.sqrt(1 / fan_in))"), "bound²/3, not bound²"),
        (initialiser("forward_uniform", "rng.uniform(-1 / fan_in, 1 / fan_in)"), "which should be the variance"),
        (initialiser("forward_uniform", "rng.uniform(-3 / fan_in, 3 / fan_in)"), "A root is missing"),
        (initialiser("forward_uniform", "rng.uniform(-math.sqrt(3 / fan_out), math.sqrt(3 / fan_out))"), "instead of the fan-in"),
        (initialiser("forward_uniform", "xavier_uniform(fan_in, fan_out, rng)"), "this is Xavier's range"),
        (initialiser("forward_uniform", "he_uniform(fan_in, fan_out, rng)"), "this is He's range"),
        (initialiser("forward_uniform", "rng.gauss(0.0, math.sqrt(1 / fan_in))"), "the distribution is not uniform"),
        (initialiser("forward_uniform", "rng.uniform(0.0, math.sqrt(3 / fan_in))"), "none of your weights is negative"),
        (initialiser("forward_uniform", "Value(rng.uniform(-1 / fan_in, 1 / fan_in))"), "which should be the variance"),
        (initialiser("forward_uniform", "[rng.uniform(-1.0, 1.0) for _ in range(fan_in)]"), "returns a list"),
        (initialiser("forward_uniform", "'uniform'"), "returns a str"),
        (initialiser("forward_uniform", "None").replace("return", "bound ="), "Is `return` missing?"),
        ("forward_uniform = 0.3", "a function, given without calling it"),
    ],
    "check_5_2": [
        ("ratio = 1", "equal outgoing weights"),
        ("ratio = 0.6 / 0.4", "Turn the fraction over"),
        ("ratio = (0.4 / 0.6) ** 2", "once, not twice"),
        ("ratio = 0.4 / 0.5", "compared with neuron 1"),
        ("ratio = [Value(1.5)]", "Turn the fraction over"),
        ("ratio = 0.4 - 0.6", "this is a difference"),
    ],
    "check_5_3": [
        (initialiser("for_sigmoid", "xavier_uniform(fan_in, fan_out, rng)"), "Xavier's range as it was"),
        (initialiser("for_sigmoid", "xavier_uniform(fan_in, fan_out, rng) / 4"), "a quarter of Xavier's"),
        (initialiser("for_sigmoid", "2 * xavier_uniform(fan_in, fan_out, rng)"), "that makes ½"),
        (initialiser("for_sigmoid", "[xavier_uniform(fan_in, fan_out, rng)] * 4"), "returns a list"),
        (initialiser("for_sigmoid", "16 * xavier_uniform(fan_in, fan_out, rng)"), "It is the variance that grows 16 times"),
    ],
    "check_5_4": [
        (block("self.layer(x)"), "The way around it is missing"),
        (block("x"), "the way around alone"),
        (block("x + self.layer(x)"), "joined the two lists"),
        (block("[p + q.data for p, q in zip(x, self.layer(x))]"), "no gradient comes back through the layer"),
        (block("[getattr(p, 'data', p) + q.data for p, q in zip(x, self.layer(x))]"), "no gradient comes back through the layer"),
        (block("[p + q for p, q in zip(x, self.layer(x))]").replace("return", "result ="), "Is `return` missing?"),
        (block("[a * b for a, b in zip(x, self.layer(x), strict=True)]"), "you multiply"),
    ],
}
