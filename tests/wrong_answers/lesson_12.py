"""Notebook 12: beyond networks."""

SWING = """\
def swing(state):
    for _ in range({}):
        state = step(lambda state: [state[1], {}], state, 0.05)
    return state


last = swing([2.0, 1.0])
determinant = {}"""

PUT = """\
def put(spot, strike, rate, years, volatility):
    d1 = (log(spot / strike) + (rate + volatility**2 / 2) * years) / (volatility * sqrt(years))
    d2 = d1 - volatility * sqrt(years)
    return {}


deltas, gammas = {}, {}"""
RIGHT = "strike * exp(-rate * years) * normal(-d2) - spot * normal(-d1)"

ARM = """\
def manipulability(q):
    (a, b, c), (d, e, f) = jacobian(hand)(q)
    return {}


uphill = {}"""
DETERMINANT = "(a * a + b * b + c * c) * (d * d + e * e + f * f) - (a * d + b * e + c * f) ** 2"

WRONG = {
    "check_12_1": [
        ("def swing(state):\n    return state\n\n\nlast = swing([2.0, 1.0])\ndeterminant = 1.0", "has not moved"),
        (SWING.format(100, "sin(state[0])", 1.0), "it pulls back"),
        (SWING.format(100, "-cos(state[0])", 1.0), "not by −cos φ"),
        (SWING.format(100, "-state[0]", 1.0), "small angles only"),
        (SWING.format(1, "-sin(state[0])", 1.0), "count the steps"),
        (SWING.format(99, "-sin(state[0])", 1.0), "count the steps"),
        (SWING.format(100, "-sin(state[0])", "np.trace(jacobian(swing)([2.0, 1.0]))"), "the determinant is not"),
        (SWING.format(100, "-sin(state[0])", "jacobian(swing)([2.0, 1.0])"), "the determinant is not"),
    ],
    "check_12_2": [
        ("left = 0", "81 numbers are asked for"),
        ("left = by_years + 0.5 * sigma**2 * spot**2 * gamma + r * spot * delta - r * price", "theta has the wrong sign"),
        ("left = theta + sigma**2 * spot**2 * gamma + r * spot * delta - r * price", "the factor ½"),
        ("left = theta + 0.5 * sigma * spot**2 * gamma + r * spot * delta - r * price", "the volatility is squared"),
        ("left = theta + 0.5 * sigma**2 * spot * gamma + r * spot * delta - r * price", "the spot is squared"),
        ("left = theta + 0.5 * sigma**2 * spot**2 * gamma + r * spot * delta", "the last term is missing"),
        ("left = theta + 0.5 * sigma**2 * spot**2 * gamma + r * spot * delta + r * price", "has a minus"),
    ],
    "check_12_3": [
        (PUT.format("strike * normal(-d2) - spot * normal(-d1)", 1.0, 0.0), "so it is discounted"),
        (PUT.format("strike * exp(-rate * years) * normal(d2) - spot * normal(d1)", 1.0, 0.0), "it is Φ(−d), not Φ(d)"),
        (PUT.format("call(spot, strike, rate, years, volatility)", 0.0, 0.0), "the price of the call"),
        (PUT.format("spot * normal(-d1) - strike * exp(-rate * years) * normal(-d2)", 1.0, 0.0), "the strike is received"),
        (PUT.format(RIGHT, -1.0, 0.0), "not the other way round"),
        (PUT.format(RIGHT, 0.0, 0.0), "the deltas differ"),
        (PUT.format(RIGHT, 1.0, 1.0), "only the gammas"),
        (PUT.format(RIGHT, "delta", 0.0), "the same at every spot"),
    ],
    "check_12_4": [
        (ARM.format(DETERMINANT, "grad(manipulability)([0.3, 0.9, -0.4])"), "w is its root"),
        (
            ARM.format("math.sqrt(abs(np.linalg.det(np.transpose([[a, b, c], [d, e, f]]) @ [[a, b, c], [d, e, f]])))", "[0, 0, 0]"),
            "det(JᵀJ) is always 0",
        ),
        (ARM.format(f"sqrt({DETERMINANT})", "grad(lambda q: manipulability(q) ** 2)([0.3, 0.9, -0.4])"), "that of w²"),
        (ARM.format(f"sqrt({DETERMINANT})", "[-x for x in grad(manipulability)([0.3, 0.9, -0.4])]"), "the wrong sign"),
        (ARM.format(f"sqrt({DETERMINANT})", "grad(manipulability)([0.3, 0.4, 0.5])"), "its gradient is not"),
        (ARM.format("a * e - b * d", "grad(manipulability)([0.3, 0.9, -0.4])"), "two columns only"),
    ],
}
