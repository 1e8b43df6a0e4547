"""What test_interruption.py interrupts: the parts of the library that change something and restore it, or change it as a whole."""

import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import (
    Value,
    compare_with_torch,
    compile,
    define,
    detect_anomaly,
    drawn,
    enable_grad,
    grad,
    hessian,
    no_grad,
    play,
    recording,
    scan,
    scope,
    where,
    while_loop,
)
from autograd import draw as draw_graph
from autograd.errors import CompileError
from autograd.ops import OPERATIONS

Scenario = Callable[[], tuple[Callable[[], Any], Callable[[], dict[str, Any]]]]
"""Makes what runs, and what tells what it left behind, beside the state of the library: {} for nothing."""

ROWS = list(OPERATIONS)

FOLDER = tempfile.TemporaryDirectory()


def nothing() -> dict[str, Any]:
    return {}


@no_grad()
def paused(x: Value) -> Any:
    return x * x


@scope("generator")
def generated(x: Value) -> Any:
    yield x * 2.0
    yield x * 3.0


def of_contexts() -> Any:
    shared = no_grad()

    def run() -> None:
        x = Value(2.0)
        with no_grad():
            x * x
            with enable_grad(), scope("a"), detect_anomaly():
                x * x
        with shared, shared:
            x + x
        paused(x)
        list(generated(x))

    return run, nothing


def of_an_exit_stack() -> Any:
    def run() -> None:
        with ExitStack() as stack:
            stack.enter_context(no_grad())
            stack.enter_context(scope("a"))
            Value(2.0) * 3.0

    return run, nothing


def of_define() -> Any:
    def run() -> None:
        define("own_row", lambda xp, a: a * a, lambda xp, y, a: 2.0 * a, check_at=[(0.5,)])
        OPERATIONS.pop("own_row")

    def left() -> dict[str, Any]:
        own = [name for name in OPERATIONS if name not in ROWS]
        OPERATIONS.pop("own_row", None)
        return {} if own in ([], ["own_row"]) and list(OPERATIONS) == ROWS else {"operations": own}

    return run, left


def choosing(x: Any) -> Any:
    y = where(x > 1.0, lambda: x * x, lambda: x + 1.0)
    return y * 2.0 if x > 0.0 else y


def of_recording() -> Any:
    def run() -> None:
        with recording.recording() as now:
            x = Value(2.0)
            assert now.trace is not None
            now.trace.add([x])
            choosing(x)

    return run, nothing


def of_transforms() -> Any:
    w = Value(2.0)

    def run() -> None:
        grad(lambda x: x * x * w)(3.0)
        with no_grad():
            hessian(lambda x: x[0] * x[1])([1.0, 2.0])

    return run, nothing


def of_backward() -> Any:
    x, y = Value(2.0), Value(3.0)
    x.grad, y.grad = 10.0, 20.0
    z = x * y + x

    def left() -> dict[str, Any]:
        times = (x.grad - 10.0) / 4.0, (y.grad - 20.0) / 2.0
        return {} if times[0] == times[1] == int(times[0]) else {"gradients": (x.grad, y.grad)}

    return z.backward, left


def of_a_node_made_by_hand() -> Any:
    x = Value(2.0)
    x.grad = 10.0
    z = Value(4.0, (x,), "square")

    def _backward() -> None:
        x.grad += 4.0 * z.grad

    z._backward = _backward

    def run() -> None:
        assert z._slopes == (4.0,)
        z.backward()

    def left() -> dict[str, Any]:
        times = (x.grad - 10.0) / 4.0
        return {} if times == int(times) else {"gradient": x.grad}

    return run, left


def of_a_program() -> Any:
    x, y = Value(2.0), Value(3.0)
    x.grad, y.grad = 10.0, 20.0
    program = compile(x * y + x, executor="numpy")

    def left() -> dict[str, Any]:
        times = (x.grad - 10.0) / 4.0, (y.grad - 20.0) / 2.0
        return {} if times[0] == times[1] == int(times[0]) else {"gradients": (x.grad, y.grad)}

    return program, left


def modes() -> Any:
    model = perceptron()
    return model.eval, lambda: [module.training for module in model.modules()]


def of_a_mode() -> Any:
    return of_a_change(modes)


def scheduled() -> Any:
    schedule = nn.schedules.StepLR(nn.SGD(perceptron().parameters(), lr=0.1), 1, 0.5)
    return schedule.step, lambda: (schedule.epoch, schedule.optimizer.lr)


def of_a_schedule() -> Any:
    return of_a_change(scheduled)


def of_a_compiled(called: bool) -> Any:
    f = compile(lambda x: choosing(x) + 0.0 * drawn(random.random), executor="numpy")
    if called:
        f([2.0, 0.5, -1.0])

    def run() -> None:
        f([2.0, 0.5, -1.0])
        f.value_and_grad(2.0)

    def left() -> dict[str, Any]:
        result = f([2.0, 0.5, -1.0]).tolist(), f.value_and_grad(2.0)
        return {} if result == ([8.0, 3.0, 0.0], (8.0, 8.0)) else {"answers": result}

    return run, left


def of_compile() -> Any:
    return of_a_compiled(called=False)


def of_a_compiled_call() -> Any:
    return of_a_compiled(called=True)


def of_a_function_that_draws() -> Any:
    rng, array_rng = random.Random(0), np.random.default_rng(0)
    states = rng.getstate(), array_rng.bit_generator.state
    f = compile(lambda x: x * rng.random() + array_rng.random(), executor="numpy")

    def run() -> None:
        with suppress(CompileError):
            f(2.0)

    def left() -> dict[str, Any]:
        return {} if (rng.getstate(), array_rng.bit_generator.state) == states else {"generators": "advanced"}

    return run, left


X, Y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1]


def trained(executor: str, model: Any, **options: Any) -> Any:
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    options = {"epochs": 2, "batch_size": 2, "executor": executor, "progress": False, "rng": random.Random(0), **options}
    return nn.fit(model, X, Y, optimizer=optimizer, **options)


def perceptron() -> Any:
    return nn.MLP(2, [2], rng=random.Random(0))


def weights_after_each_step(executor: str) -> list[list[float]]:
    model = perceptron()
    results = [[p.data for p in model.parameters()]]
    step = nn.SGD.update

    class Watched(nn.SGD):
        def update(self, numbers: Any, gradient: Any) -> Any:
            new = step(self, numbers, gradient)
            results.append(new.tolist())
            return new

    nn.fit(
        model,
        X,
        Y,
        optimizer=Watched(model.parameters(), lr=0.1),
        epochs=2,
        batch_size=2,
        executor=executor,
        progress=False,
        rng=random.Random(0),
    )
    return results


STEPS: dict[str, list[list[float]]] = {}


def of_a_fit(executor: str) -> Any:
    steps = STEPS.setdefault(executor, weights_after_each_step(executor))
    model = perceptron()
    model.modules()[-1].training = False  # as it is to be afterwards
    flags = [module.training for module in model.modules()]

    def left() -> dict[str, Any]:
        results: dict[str, Any] = {}
        now = [p.data for p in model.parameters()]
        if not any(np.allclose(now, step, rtol=1e-9, atol=0.0) for step in steps):
            results["weights"] = now
        if [module.training for module in model.modules()] != flags:
            results["training"] = [module.training for module in model.modules()]
        return results

    return lambda: trained(executor, model, validation=(X, Y)), left


def of_fit_eager() -> Any:
    return of_a_fit("eager")


def of_fit_compiled() -> Any:
    return of_a_fit("numpy")


def of_a_change(prepare: Callable[[], tuple[Callable[[], Any], Callable[[], Any]]]) -> Any:
    """Something that changes as a whole or not at all. `prepare` makes what changes it, and what reads it."""
    change, read = prepare()
    change()
    after = read()
    change, read = prepare()
    before = read()
    return change, lambda: {} if read() in (before, after) else {"half of a change": read()}


def with_gradients() -> Any:
    model = perceptron()
    for i, p in enumerate(model.parameters()):
        p.grad = 1.0 + i
    return model


def stepping() -> Any:
    parameters = with_gradients().parameters()
    optimizer = nn.Adam(parameters, lr=0.1)
    optimizer.step()

    def read() -> Any:
        moments = optimizer.steps, np.asarray(optimizer.mean).tolist(), np.asarray(optimizer.square).tolist()
        return [p.data for p in parameters], moments

    return optimizer.step, read


def clipping() -> Any:
    parameters = with_gradients().parameters()
    return lambda: nn.clip_grad_norm_(parameters, 1.0), lambda: [p.grad for p in parameters]


def loading() -> Any:
    model = nn.MLP(2, [2], rng=random.Random(1))
    path = Path(FOLDER.name, "weights.safetensors")
    nn.save(perceptron(), path)

    def load() -> None:
        nn.load(model, path)

    return load, model.state_dict


def of_load() -> Any:
    run, left = of_a_change(loading)
    return run, left


def of_step() -> Any:
    return of_a_change(stepping)


def of_clip() -> Any:
    return of_a_change(clipping)


def of_inference(answer: Callable[[Any, Any], Any], rows: int) -> Any:
    model = nn.MLP(2, [8, 2], rng=random.Random(0))
    model.modules()[-1].training = False
    flags, weights = [module.training for module in model.modules()], model.state_dict()
    samples = [[float(i), 1.0] for i in range(rows)]

    def left() -> dict[str, Any]:
        now = [module.training for module in model.modules()], model.state_dict()
        return {} if now == (flags, weights) else {"model": now}

    return lambda: answer(model, samples), left


def of_predict() -> Any:
    return of_inference(nn.predict, 3)


def of_evaluate() -> Any:
    return of_inference(lambda model, samples: nn.evaluate(model, samples, [0] * len(samples)), 1000)


def of_loops() -> Any:
    """Loops that are recorded as loops, and one that each sample leaves after its own number of rounds."""

    def looping(x: Any) -> Any:
        total = scan(lambda carry, factor: (carry * factor, None), x, [1.0, 2.0, 3.0])[0]
        return total + while_loop(lambda y: y < 5.0, lambda y: y * 2.0, x, max_rounds=9)

    f = compile(looping, executor="numpy")

    def left() -> dict[str, Any]:
        value, slope = f.value_and_grad([2.0, 6.0])
        answers = value.tolist(), slope.tolist(), grad(looping)(2.0)
        return {} if answers == ([20.0, 42.0], [10.0, 7.0], 10.0) else {"answers": answers}

    return lambda: (f.value_and_grad([2.0, 6.0]), grad(looping)(2.0)), left


def of_diagnose() -> Any:
    rng, drawing = random.Random(0), random.Random(1)
    model = nn.Sequential(nn.Linear(2, 2, rng=rng), nn.Dropout(0.5, drawing), nn.Linear(2, 2, rng=rng))
    model.modules()[-1].training = False
    for i, p in enumerate(model.parameters()):
        p.grad = 1.0 + i

    def state() -> Any:
        return [(p.data, p.grad) for p in model.parameters()], [module.training for module in model.modules()], drawing.getstate()

    before = state()
    return lambda: nn.diagnose(model, X, Y, lr=0.1), lambda: {} if state() == before else {"model": state()}


def of_torch() -> Any:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    root = x * y + x
    for node, gradient in ((x, 10.0), (y, 20.0), (root, 30.0)):
        node.grad = gradient

    def left() -> dict[str, Any]:
        now = x.grad, y.grad, root.grad
        return {} if now == (10.0, 20.0, 30.0) else {"gradients": now}

    return lambda: compare_with_torch(root), left


def of_files(write: Callable[[str], Any], name: str, *allowed: str) -> Any:
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, name)
    path.write_bytes(b"old")

    def left() -> dict[str, Any]:
        others = [other.name for other in Path(folder.name).iterdir() if other.name not in (name, *allowed)]
        content = path.read_bytes()
        whole = (
            content == b"old"
            or content.endswith((b"</svg>\n", b"</svg>", b"</html>\n", b"20,0.1,0.5,1.0\n"))
            or (len(content) > 100 and name.endswith("safetensors"))
        )
        return {} if whole and not others else {"files": (others, content)}

    return lambda: write(str(path)), left


def of_film() -> Any:
    model = nn.Linear(3, 1, rng=random.Random(0))
    samples, targets = [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]], [[0.0], [1.0]]
    history = nn.fit(model, samples, targets, loss=nn.mse, epochs=1, snapshots=2, progress=False, executor="eager")
    flags, weights = [module.training for module in model.modules()], model.state_dict()

    def left() -> dict[str, Any]:
        now = [module.training for module in model.modules()], model.state_dict()
        return {} if now == (flags, weights) else {"model": now}

    return lambda: nn.film(model, history), left


def of_save() -> Any:
    model = perceptron()
    return of_files(lambda path: nn.save(model, path), "weights.safetensors")


def of_history() -> Any:
    history = nn.History(loss=[0.1] * 20, metrics={"accuracy": [0.5] * 20}, seconds=[1.0] * 20)
    return of_files(history.to_csv, "history.csv")


def of_play() -> Any:
    x = Value(2.0, label="x")
    return of_files(play(x * x).save, "graph.html")


def of_draw() -> Any:
    x = Value(2.0, label="x")
    drawing = draw_graph(x * x, engine="builtin")
    return of_files(lambda path: drawing.render(outfile=path), "graph.svg", "graph.gv")


def of_draw_with_cleanup() -> Any:
    x = Value(2.0, label="x")
    drawing = draw_graph(x * x, engine="builtin")
    return of_files(lambda path: drawing.render(outfile=path, cleanup=True), "graph.svg")


SCENARIOS: dict[str, Scenario] = {
    "contexts": of_contexts,
    "an exit stack": of_an_exit_stack,
    "define": of_define,
    "a function that draws": of_a_function_that_draws,
    "step": of_step,
    "clip": of_clip,
    "load": of_load,
    "predict": of_predict,
    "evaluate": of_evaluate,
    "recording": of_recording,
    "transforms": of_transforms,
    "backward": of_backward,
    "a node made by hand": of_a_node_made_by_hand,
    "a program": of_a_program,
    "a mode": of_a_mode,
    "a schedule": of_a_schedule,
    "compile": of_compile,
    "a compiled call": of_a_compiled_call,
    "fit, eager": of_fit_eager,
    "fit, compiled": of_fit_compiled,
    "a loop": of_loops,
    "diagnose": of_diagnose,
    "a comparison with PyTorch": of_torch,
    "save": of_save,
    "a history": of_history,
    "play": of_play,
    "a film": of_film,
    "draw": of_draw,
    "draw with cleanup": of_draw_with_cleanup,
}

FREED = [of_an_exit_stack]
"""Where the state is restored when the traceback is freed: what ExitStack has not taken yet, it cannot leave."""
