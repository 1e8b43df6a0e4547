"""The usual wrong answers of notebook 10."""

TAX = """
def with_where(income):
    above = where(income <= 50.0, {middle}, {high})
    return {low}
"""


def tax(
    middle: str = "0.2 * (income - 10.0)", high: str = "8.0 + 0.4 * (income - 50.0)", low: str = "where(income <= 10.0, 0.0, above)"
) -> str:
    return TAX.format(middle=middle, high=high, low=low)


ATTENTION = """
def attention(queries, keys, values):
    outputs = []
    for query in queries:
        weights = {weights}
        outputs.append([{output} for k in range(4)])
    return outputs


shapes = {shapes}
"""


def attention(
    weights: str = "autograd.softmax([autograd.dot(query, key) for key in keys])",
    output: str = "autograd.dot(weights, [value[k] for value in values])",
    shapes: str = "[(6, 6), (6, 4)]",
) -> str:
    return ATTENTION.format(weights=weights, output=output, shapes=shapes)


WRONG = {
    "check_10_1": [
        ("answer = (6, 0, 0, 2)", "each of six vectors meets each of six others"),
        ("answer = (1, 6, 0, 2)", "Six dots that share nothing"),
        ("answer = (1, 0, 1, 2)", "a grid with a hole stays single dots"),
        ("answer = (1, 0, 0, 1)", "How many full grids are in it?"),
        ("answer = (1, 0, 0, 0)", "two parts of the table are full"),
        ("answer = (1, 0, 0, 9)", "none of the four numbers is above 2"),
    ],
    "check_10_2": [
        ("with_where = with_if", "an if is left"),
        (tax(high="0.4 * (income - 50.0)"), "the 8 are missing"),
        (tax(high="0.4 * income"), "not of the whole income"),
        (tax(low="above"), "yours is negative there"),
        (tax(middle="0.4 * (income - 10.0)"), "20 % are due"),
        (tax(high="0.0 * income"), "should be 0, 0, 0, 2, 8, 12 and 28"),
    ],
    "check_10_3": [
        (attention(weights="[autograd.dot(query, key) for key in keys]"), "the softmax is missing"),
        (attention(output="weights[0] * values[0][k]"), "not yet the weighted sums"),
        ("def attention(queries, keys, values):\n    return 1.0\n\n\nshapes = [(6, 6), (6, 4)]", "not yet the weighted sums"),
        (attention(shapes="[(6, 4), (6, 6)]"), "in the other order"),
        (attention(shapes="[(6, 6), (6, 6)]"), "six positions, four numbers each"),
        (attention(shapes="[(6, 6)]"), "There are two products"),
        (attention(shapes="[(1, 6), (1, 4)]"), "six queries meet six keys"),
    ],
}
