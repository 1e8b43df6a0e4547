"""Everything works in every environment, or says in one line what it needs: locales, homes, streams, subinterpreters, forks."""

import ast
import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from executors import EXECUTORS

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow

EVERYTHING = """
import random, sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="autograd|nn|<string>|__main__")
from pathlib import Path
import autograd, nn
from autograd import Value, check_gradients, compile, draw, play

for executor in sys.argv[2:]:
    f = compile(lambda x, y: x * y, executor=executor)
    assert f.value_and_grad(2.0, 5.0) == (10.0, (5.0, 2.0))
    assert "∂" not in f.source or "∂".isprintable()

folder = Path(sys.argv[1])
X, y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], [1, 1, 0, 0]
model = nn.MLP(2, [3, 2], rng=random.Random(0))
def κ(outputs, targets):
    return 0.5
for progress in (True, False):
    nn.fit(model, X, y, epochs=2, metrics=[κ], progress=progress)
nn.save(model, folder / "weights.safetensors")
nn.load(model, folder / "weights.safetensors")
(folder / "data.csv").write_text("Größe,price\\n1,2\\n3,4\\n", encoding="utf-8")
nn.data.csv(folder / "data.csv", "price")

a = Value(2.0, label="α → ∂")
b = a * a + 1.0
draw(b).save(folder / "graph.dot")
draw(b).render(outfile=folder / "graph.svg", cleanup=True)
play(b).save(folder / "page.html")
for name in ("graph.svg", "graph.dot", "page.html"):
    assert "α" in (folder / name).read_text(encoding="utf-8"), name
"""


def python(*arguments: object, env: dict[str, str | None] | None = None) -> subprocess.CompletedProcess[bytes]:
    """A process of its own, with these arguments and this environment; None takes a variable away."""
    known = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), **(env or {})}
    kept = {name: value for name, value in known.items() if value is not None}
    done = subprocess.run([sys.executable, *map(str, arguments)], env=kept, capture_output=True, timeout=300.0, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done


def run(code: str, *arguments: object, env: dict[str, str | None] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Code in a process of its own. It is passed in ASCII, because the process has its arguments in the encoding of its locale."""
    return python("-c", f"exec({code!a})", *arguments, env=env)


# -- locales ------------------------------------------------------------------------------------------------------------

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture(params=["ascii", "latin-1", "checked"])
def locale(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a locale; of "checked", where an encoding that is not named is an error."""
    if request.param == "ascii":
        return ASCII
    if request.param == "checked":
        return {"PYTHONWARNDEFAULTENCODING": "1"}
    localedef = shutil.which("localedef")
    name = "en_US.ISO-8859-1"
    if (
        localedef is None
        or subprocess.run([localedef, "-i", "en_US", "-f", "ISO-8859-1", tmp_path / name], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs localedef and its data")
    return {"LC_ALL": name, "LOCPATH": str(tmp_path), "PYTHONUTF8": "0"}


def test_the_locales_are_what_they_are_called(locale: dict[str, str]) -> None:
    code = "import locale, sys; print(locale.getencoding(), sys.flags.warn_default_encoding)"
    found = run(code, env=locale).stdout.decode().strip()
    assert found in ("ANSI_X3.4-1968 0", "ISO-8859-1 0") if "LC_ALL" in locale else found.endswith(" 1")


def test_everything_in_every_locale(locale: dict[str, str], tmp_path: Path) -> None:
    done = run(EVERYTHING, tmp_path, *EXECUTORS, env=locale)
    assert b"epoch 2/2" in done.stdout
    assert rb"\u03ba" in done.stdout or "κ".encode() in done.stdout


def test_the_command_in_every_locale(locale: dict[str, str], tmp_path: Path) -> None:
    python("-m", "nn", "--data", "digits", "--epochs", 1, "--hidden", 2, "--out", tmp_path / "results", env=locale)
    assert (tmp_path / "results" / "neuron.svg").exists()


def test_every_text_file_names_its_encoding() -> None:
    """Also those that these processes do not come across."""
    for folder in ("autograd", "nn", "build_tools", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in ("open", "read_text", "write_text"):
                    modes = [x.value for x in call.args[:2] if isinstance(x, ast.Constant) and isinstance(x.value, str)]
                    is_text = ast.unparse(call.func) not in ("os.open", "tarfile.open") and not any(
                        re.fullmatch(r"[rwxa]\+?b", mode) for mode in modes
                    )
                    assert not is_text or "encoding" in [word.arg for word in call.keywords], f"{path}:{call.lineno}"


# -- homes --------------------------------------------------------------------------------------------------------------

WORK = """
import numpy as np
from autograd import compile, dot, exp
from autograd.compiled.backends.llvm import machine_code

compiled = []
compile_text = machine_code._Processor.compile
machine_code._Processor.compile = lambda self, text: compiled.append(text) or compile_text(self, text)
f = compile(lambda w, x: exp(dot(w, x)), in_axes=(None, 0), executor="native")
value, gradient = f.value_and_grad(np.zeros(3), np.ones((5, 3)), wrt=0, reduce="sum")
assert value == 5.0 and gradient.tolist() == [5.0] * 3
print("compiled" if compiled else "found")
"""
"""The native executor at work; prints whether it found its code in the cache."""

native = pytest.mark.skipif("native" not in EXECUTORS, reason="needs llvmlite")


@native
@pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="needs to become another user")
@pytest.mark.parametrize("home", [None, "/nonexistent"])
def test_a_user_that_nobody_knows(home: str | None, tmp_path: Path) -> None:
    """Without a name, and without a home or with one that cannot be written."""
    change = f"""
import os, sys
for name in ("HOME", "XDG_CACHE_HOME"):
    os.environ.pop(name, None)
if {home!r}:
    os.environ["HOME"] = {home!r}
os.setgid(54321)
os.setuid(54321)
"""
    first = "import autograd.compiled.backends.llvm.executable, llvmlite.binding, numpy\nfrom autograd import compile\ncompile(lambda x: x)(1.0)\n"
    done = run(first + change + WORK, env={"XDG_CACHE_HOME": str(tmp_path)})  # first as a user who can read where Python is installed
    assert done.stdout.split() == [b"compiled"]
    assert done.stderr == b""


def test_everything_without_a_home(tmp_path: Path) -> None:
    run(EVERYTHING, tmp_path, "numpy", env={"HOME": None, "XDG_CACHE_HOME": None})


@native
def test_no_folder_at_all_can_be_written() -> None:
    nowhere = "import tempfile; tempfile.tempdir = '/nonexistent'\n"
    done = run(nowhere + WORK, env={"XDG_CACHE_HOME": "/dev/null"})
    assert (done.stdout.split(), done.stderr) == ([b"compiled"], b"")


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A disk of 64 kB; skipped where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a disk; test_code_cache has its stub")
    return disk


@native
def test_a_full_disk(small_disk: Path) -> None:
    try:
        for filled in (False, True):
            if filled:
                with contextlib.suppress(OSError), open(small_disk / "filled", "wb", buffering=0) as file:
                    while True:
                        file.write(b"0" * 1024)
            assert run(WORK, env={"XDG_CACHE_HOME": str(small_disk), "TMPDIR": str(small_disk)}).stderr == b""
    finally:
        subprocess.run(["umount", small_disk], check=True)


@native
@pytest.mark.parametrize("found", [False, True])
def test_a_disk_for_reading_only(small_disk: Path, found: bool) -> None:
    """What an earlier process compiled is found there."""
    try:
        subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
        if found:
            run(WORK, env={"XDG_CACHE_HOME": str(small_disk)})
        subprocess.run(["mount", "-o", "remount,ro,size=16m", small_disk], check=True)
        done = run(WORK, env={"XDG_CACHE_HOME": str(small_disk)})
        assert (done.stdout.split(), done.stderr) == ([b"found" if found else b"compiled"], b"")
    finally:
        subprocess.run(["umount", small_disk], check=True)


# -- streams ------------------------------------------------------------------------------------------------------------

TRAINED = """
import io, random, sys
class Bare:
    def write(self, text): pass
closed = io.StringIO()
closed.close()
before = sys.stdout, sys.stderr
sys.stdout, sys.stderr = {streams}
import nn
from nn import __main__
for progress in (True, False):
    model = nn.MLP(2, [3, 2], rng=random.Random(0))
    history = nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [1, 0], epochs=1, progress=progress, executor="numpy")
    assert len(history.loss) == 1
    nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [1, 0], epochs=1, patience=1, loss=lambda a, b: (a[0] - float(b)) ** 2 if a[0].data else 0.0)
sys.stdout, sys.stderr = before
"""


@pytest.mark.parametrize("streams", ["None, None", "Bare(), Bare()", "closed, closed"])
def test_training_on_any_streams(streams: str) -> None:
    run(TRAINED.format(streams=streams))


@native
@pytest.mark.parametrize("stderr", ["None", "closed"])
def test_compiling_natively_without_standard_error(stderr: str, tmp_path: Path) -> None:
    code = f"import io, sys; closed = io.StringIO(); closed.close(); before = sys.stderr; sys.stderr = {stderr}\n"
    run(code + WORK + "sys.stderr = before", env={"XDG_CACHE_HOME": str(tmp_path)})


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&- <&-"])
def test_the_command_without_streams(closed: str, tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m nn --data digits --epochs 1 --hidden 2 --out "{tmp_path}" {closed}'
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, check=False, timeout=300.0)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.safetensors").exists()
    wrong = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m nn --epochs -1 {closed}'], cwd=ROOT, capture_output=True, check=False, timeout=300.0
    )
    assert wrong.returncode == 2
    assert b"Traceback" not in wrong.stderr


# -- subinterpreters ----------------------------------------------------------------------------------------------------

INTERPRETERS = "_interpreters" if importlib.util.find_spec("_interpreters") else "_xxsubinterpreters"

WITHIN = """
import sys
sys.path[:0] = {path!r}
from autograd import NATIVE, Value, grad
assert not NATIVE
x = Value(3.0)
(x * x).backward()
assert x.grad == 6.0
assert grad(lambda v: v ** 3)(2.0) == 12.0
"""

AROUND = """
import sys
import {interpreters} as interpreters
main_first = sys.argv[1] == "first"
if main_first:
    import autograd
for _ in range(2):
    own = interpreters.create()
    failure = interpreters.run_string(own, {within!r})
    assert failure is None, failure
    interpreters.destroy(own)
import autograd
from autograd import Value, compile
x = Value(3.0)
y = x * x + x
y.backward()
assert x.grad == 7.0
assert isinstance(y, Value) and type(x + 1.0) is Value
assert compile(lambda v: v * v, executor="numpy")(3.0) == 9.0
print(autograd.NATIVE)
"""


@pytest.mark.skipif(importlib.util.find_spec(INTERPRETERS) is None, reason="needs subinterpreters")
@pytest.mark.parametrize("order", ["first", "last"])
def test_a_subinterpreter_has_the_plain_core_and_leaves_the_main_one_alone(order: str) -> None:
    within = WITHIN.format(path=[str(ROOT), *[p for p in sys.path if p]])
    here = run("import autograd; print(autograd.NATIVE)").stdout
    assert run(AROUND.format(interpreters=INTERPRETERS, within=within), order).stdout == here


# -- what could hang ----------------------------------------------------------------------------------------------------

CALLS_ITSELF = """
import sys
from autograd import compile, grad
@compile(executor=sys.argv[1])
def power(x, n):
    return 1.0 if n < 1.0 else x * power(x, n - 1.0)
assert power(2.0, 5.0) == 32.0
assert power.value_and_grad(2.0, 3.0, wrt=0) == (8.0, 12.0)
assert grad(power)(2.0, 3.0) == 12.0
endless = compile(lambda x: endless(x) + 1.0, executor=sys.argv[1])
try:
    endless(1.0)
except RecursionError:
    pass
assert power(2.0, 4.0) == 16.0
"""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_compiled_function_that_calls_itself(executor: str) -> None:
    run(CALLS_ITSELF, executor)


FORKED = """
import gc, os, threading, warnings
from autograd import Value, compile, no_grad, where

recording, done = threading.Event(), threading.Event()

def slow(x):
    recording.set()
    done.wait(timeout=60.0)
    return where(x > 0.0, lambda: x * 2.0, lambda: x)

f = compile(slow, executor="numpy")
thread = threading.Thread(target=lambda: f(1.0))
thread.start()
assert recording.wait(timeout=30.0)
warnings.simplefilter("ignore")  # of a fork beside threads
child = os.fork()
if child == 0:
    done.set()
    right = gc.isenabled() and f(3.0) == 6.0 and f.value_and_grad(3.0) == (6.0, 2.0) and gc.isenabled()
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
done.set()
thread.join()
assert gc.isenabled()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_records() -> None:
    run(FORKED)


FORKED_AFTER = """
import os
import numpy as np
from autograd import compile
f = compile(lambda x: x * x + 1.0, executor="native")
x = np.arange(400_000.0)
expected = f.value_and_grad(x)[1]
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(f.value_and_grad(x)[1], expected) else 1)
_, status = os.waitpid(child, 0)
assert np.array_equal(f.value_and_grad(x)[1], expected)
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@native
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_child_runs_kernels_that_its_parent_loaded(threads: str) -> None:
    """Also after threads of the parent, of which the child has none, ran them."""
    run("import warnings; warnings.simplefilter('ignore')\n" + FORKED_AFTER, env={"SCALAR_AUTOGRAD_THREADS": threads})


# -- threads of BLAS ----------------------------------------------------------------------------------------------------

SMALL_NETWORK = """
import random, sys, time
import numpy as np
import nn
from nn.optimizers import Adam
rng = np.random.default_rng(0)
X, y = rng.normal(size=(320, 784)), rng.integers(0, 10, 320)
model = nn.MLP(784, [30, 10], rng=random.Random(0))
optimizer = Adam(model.parameters())

def train(epochs):
    nn.fit(model, X, y, optimizer=optimizer, epochs=epochs, metrics=[], progress=False, executor=sys.argv[1])

train(1)
time.sleep(0.5)  # until threads that were started are asleep
start, own = time.process_time(), time.thread_time()
train(3)
time.sleep(0.1)
own = time.thread_time() - own
others = time.process_time() - start - own
assert others < 0.1 * own, (others, own)
"""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_training_a_small_network_wakes_no_threads_of_blas(executor: str) -> None:
    """By processor time, which a busy machine does not change."""
    run(SMALL_NETWORK, executor, env={"OPENBLAS_NUM_THREADS": None, "OMP_NUM_THREADS": None})
