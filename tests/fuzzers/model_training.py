"""What random models are trained with: losses, penalties, optimizers, schedules, metrics."""

from __future__ import annotations

from fuzzers.model_pieces import Piece

LOSSES = [
    Piece("mse", top="loss = mse"),
    Piece("mae", top="loss = mae"),
    Piece("partial", top="loss = partial(huber, delta=0.5)", changes=("loss.keywords['delta'] = 0.1",)),
    Piece(
        "global weight",
        top="W = 1.0\ndef loss(output, target):\n    return W * mse(output, target)",
        changes=("global W\nW = 0.5", "global W\nW *= 0.5"),
    ),
    Piece(
        "object",
        top="class Loss:\n    def __init__(self):\n        self.weight, self.calls = 1.0, 0\n    def __call__(self, output, target):\n        return self.weight * mse(output, target)\nloss = Loss()",
        changes=("loss.weight = 0.25", "loss.weight = Value(0.5)"),
    ),
    Piece(
        "closure",
        top="def made(k):\n    def loss(output, target):\n        return k['w'] * mse(output, target)\n    return loss, k\nloss, HELD = made({'w': 1.0})",
        changes=("HELD['w'] *= 0.5",),
    ),
    Piece("branch", top="def loss(output, target):\n    return mse(output, target) if target > 0.0 else 2.0 * mse(output, target)"),
    Piece(
        "branch on the error",
        top="def loss(output, target):\n    d = first(output) - target\n    return d * d if d > 0.1 else 0.5 * d * d + d * 0.1",
    ),
    Piece(
        "counter",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target) / (1.0 + 0.01 * self.calls)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece(
        "counter that does not matter",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece(
        "curriculum",
        top="class Loss:\n    calls = 0\n    def __call__(self, output, target):\n        self.calls += 1\n        return mse(output, target) if self.calls < 12 else mae(output, target)\nloss = Loss()",
        probe="loss.calls",
    ),
    Piece("unseen", top="def loss(output, target):\n    return mse(output, target + 0.1 * random.random())"),
    Piece("drawn", top="def loss(output, target):\n    return mse(output, target + 0.1 * drawn(random.random))"),
    Piece(
        "detached",
        top="def loss(output, target):\n    with no_grad():\n        d = 2.0 * (first(output) - target)\n    return d * first(output)",
    ),
    Piece(
        "of what the model kept",
        "self.hidden = h",
        "self.hidden = None",
        top="def loss(output, target):\n    return mse(output, target) + 0.1 * model.hidden[0] ** 2",
    ),
    Piece(
        "logged",
        top="SEEN = []\ndef loss(output, target):\n    one = mse(output, target)\n    SEEN.append(one)\n    return one",
        probe="len(SEEN)",
    ),
    Piece(
        "relative to the last",
        top="LAST = [Value(0.0)]\ndef loss(output, target):\n    one = mse(output, target)\n    before, LAST[0] = LAST[0], one\n    return one + 0.1 * before",
    ),
]


PENALTIES = [
    Piece("l2", top="def penalty(model):\n    return l2(model.parameters(), 0.01)"),
    Piece("l1", top="def penalty(model):\n    return l1(model.first.parameters(), 0.01)"),
    Piece(
        "annealed",
        top="STRENGTH = [0.1]\ndef penalty(model):\n    return STRENGTH[0] * model.first.weight[0][0] ** 2",
        changes=("STRENGTH[0] *= 0.5",),
    ),
    Piece(
        "annealed closure",
        top="def annealed(k):\n    def penalty(model):\n        return l2(model.parameters(), k)\n    def change(new):\n        nonlocal k\n        k = new\n    return penalty, change\npenalty, anneal = annealed(0.01)",
        changes=("anneal(0.1)",),
    ),
    Piece(
        "counter", top="T = 0\ndef penalty(model):\n    global T\n    T += 1\n    return model.first.weight[0][0] * (0.1 / T)", probe="T"
    ),
    Piece("unseen", top="def penalty(model):\n    return model.first.weight[0][0] * random.random()"),
    Piece(
        "unseen decides",
        top="def penalty(model):\n    w = model.first.weight[0]\n    return w[0] * 0.1 if random.random() < 0.5 else w[1] * 0.1",
    ),
    Piece("drawn", top="def penalty(model):\n    return model.first.weight[0][0] * drawn(random.random)"),
    Piece(
        "detached",
        top="def penalty(model):\n    with no_grad():\n        t = model.first.weight[0][0] * 1\n    return 0.1 * t * model.first.weight[0][1]",
    ),
    Piece("branch", top="def penalty(model):\n    w = model.first.weight[0][0]\n    return w * 0.1 if w > 0.1 else w * w"),
    Piece("of what the model kept", "self.kept = h", "self.kept = None", top="def penalty(model):\n    return 0.1 * model.kept[0] ** 2"),
    Piece(
        "of what the model added up",
        "self.total = self.total + h[0] * h[0]",
        "self.total = Value(0.0)",
        top="def penalty(model):\n    total, model.total = model.total, Value(0.0)\n    return 0.1 * total",
    ),
    Piece("of an answer", top="def penalty(model):\n    out = first(model([0.25, 0.5, 1.0]))\n    return 0.1 * out * out"),
    Piece("numbers of weights", top="def penalty(model):\n    return model.first.weight[0][0] * model.first.weight[0][1].data"),
    Piece(
        "turns", top="TURN = [tanh, sigmoid]\ndef penalty(model):\n    TURN.reverse()\n    return 0.1 * TURN[0](model.first.weight[0][0])"
    ),
]


OPTIMIZERS = [
    Piece("SGD", top="optimizer = SGD(model.parameters(), lr=0.1)", changes=("optimizer.lr = 0.05",)),
    Piece("momentum", top="optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)"),
    Piece("Adam", top="optimizer = Adam(model.parameters(), lr=0.05)"),
    Piece("clipped", top="optimizer = AdamW(model.parameters(), lr=0.05, global_clipnorm=0.5)"),
    Piece("some parameters", top="optimizer = SGD(model.first.parameters(), lr=0.1)"),
    Piece(
        "own rule",
        top="class Rule(Optimizer):\n    def rule(self, parameters, gradients):\n        return parameters - self.lr * np.sign(gradients)\noptimizer = Rule(model.parameters(), lr=0.01)",
    ),
    Piece(
        "own step",
        top="class Step(Optimizer):\n    def step(self):\n        for p in self.parameters:\n            p.data -= self.lr * p.grad\noptimizer = Step(model.parameters(), lr=0.1)",
    ),
    Piece(
        "own update",
        top="class Update(SGD):\n    def update(self, parameters, gradients):\n        return super().update(parameters, 2.0 * gradients)\noptimizer = Update(model.parameters(), lr=0.05)",
    ),
    Piece(
        "step of an instance",
        top="optimizer = SGD(model.parameters(), lr=0.1)\ndef step():\n    for p in optimizer.parameters:\n        p.data -= 0.05 * p.grad\noptimizer.step = step",
    ),
    Piece(
        "step that clamps",
        top="class Step(SGD):\n    def step(self):\n        super().step()\n        model.first.bias[0].data = min(0.02, model.first.bias[0].data)\noptimizer = Step(model.parameters(), lr=0.1)",
    ),
]


CHANGING_OPTIMIZERS = [
    Piece(
        "step that changes",
        top="class Step(SGD):\n    def step(self):\n        super().step()\n        @\noptimizer = Step(model.parameters(), lr=0.05)",
    ),
    Piece(
        "rule that changes",
        top="class Rule(SGD):\n    def rule(self, parameters, gradients):\n        @\n        return super().rule(parameters, gradients)\noptimizer = Rule(model.parameters(), lr=0.05)",
    ),
]
"""Where ``@`` stands is a change of another piece."""


SCHEDULES = ["StepLR(optimizer, 1, 0.5)", "CosineAnnealingLR(optimizer, 3)", "ExponentialLR(optimizer, 0.5)"]


METRICS = [
    Piece("a mean", top="def metric(outputs, targets):\n    return sum(map(first, outputs)) / len(outputs)"),
    Piece("draws", top="def metric(outputs, targets):\n    return random.random()"),
]


CHANGING_METRICS = [Piece("changes", top="def metric(outputs, targets):\n    @\n    return first(outputs[0])")]


HEADS = {"number": "self.last(h)[0]", "list": "self.last(h)", "tuple": "(self.last(h)[0],)"}
