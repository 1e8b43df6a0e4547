"""Compiled code on disk: found by the next process, never trusted where others could have written, and a cache that fails is no error."""

import ctypes
import errno
import gc
import json
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from executors import EXECUTORS
from in_threads import in_threads

import autograd

if "native" not in EXECUTORS:
    pytest.skip("needs llvmlite", allow_module_level=True)

from autograd.compiled.backends.llvm import code_cache, machine_code
from autograd.compiled.backends.llvm.machine_code import Loaded, processor
from autograd.compiled.backends.llvm.text import Module

posix = pytest.mark.skipif(os.name != "posix", reason="needs permissions of POSIX")


def storing(number: float) -> Module:
    """A module whose function stores a number."""
    module = Module(1)
    f = module.function("kernel", ["ptr %to"])
    f.line(f"store double {f.literal(number)}, ptr %to")
    f.end()
    return module


def stored(number: float) -> float:
    """What the compiled function of `storing(number)` stores: loaded anew, as in a new process."""
    result, loaded = ctypes.c_double(-1.0), Loaded(storing(number))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loaded.address)(ctypes.addressof(result))
    return result.value


class Start:
    """Starts as new processes would, and notes what they compile."""

    def __init__(self, compiled: list[str]) -> None:
        self.compiled = compiled

    def __call__(self, number: float = 7.0) -> int:
        """How many modules are compiled to store a number, which must be right."""
        code_cache._usable_folder.cache_clear()
        before = len(self.compiled)
        assert stored(number) == number
        return len(self.compiled) - before


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the cache is."""
    folder = tmp_path / "caches"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def start(base: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    host, compiled = processor(), []
    compile_text = host.compile

    def noted(text: str) -> bytes:
        compiled.append(text)
        return compile_text(text)

    monkeypatch.setattr(host, "compile", noted)
    yield Start(compiled)
    code_cache._usable_folder.cache_clear()


def entries(base: Path) -> list[Path]:
    return sorted((base / code_cache.NAME).iterdir())


def state(base: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in base.rglob("*") if path.is_file()}


# -- what is found, and what is damaged -----------------------------------------------------------------------------------


def test_what_was_compiled_is_found(base: Path, start: Start) -> None:
    assert start() == 1
    kept = state(base)
    assert start() == 0
    assert state(base) == kept
    assert start(8.0) == 1
    assert len(entries(base)) == 2


@posix
def test_the_folder_and_its_files_are_for_this_user_alone(base: Path, start: Start) -> None:
    mask = os.umask(0)
    try:
        start()
    finally:
        os.umask(mask)
    assert (base / code_cache.NAME).stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in entries(base)] == [0o600]


def test_another_version_of_anything_is_another_entry(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of LLVM, of the processor, of the vectors, or of how kernels are called: all are in `version`."""
    assert start() == 1
    host = processor()
    for part in (str(machine_code.FORMAT), str(host.llvm.llvm_version_info), host.triple, host.name, host.flags):
        assert part in host.version
    monkeypatch.setattr(host, "version", host.version + " of tomorrow")
    assert start() == 1
    assert len(entries(base)) == 2


def changed(place: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[place if place >= 0 else len(content) // 2] ^= 1
        path.write_bytes(content)

    return damage


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "truncated within the checksum": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"0"),
    "empty": lambda path: path.write_bytes(b""),
    "changed checksum": changed(3),
    "changed code": changed(-1),
    "garbage": lambda path: path.write_bytes(b"\x80\xff garbage" * 1000),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_again(base: Path, start: Start, damage: str) -> None:
    assert start() == 1
    (path,) = entries(base)
    DAMAGE[damage](path)
    assert start() == 1
    assert start() == 0


def test_the_entry_of_another_module_is_foreign(base: Path, start: Start) -> None:
    """A whole entry under a wrong name: its function is not the one that was asked for."""
    start(1.0)
    (first,) = entries(base)
    start(2.0)
    (second,) = [path for path in entries(base) if path != first]
    shutil.copyfile(first, second)
    assert start(2.0) == 1
    assert start(2.0) == 0
    assert start(1.0) == 0


def test_a_folder_in_the_place_of_an_entry(base: Path, start: Start) -> None:
    start()
    (path,) = entries(base)
    path.unlink()
    path.mkdir()
    assert start() == 1
    assert start() == 1  # it cannot be replaced
    assert entries(base) == [path]


# -- folders that cannot or must not be used ------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(base: Path, start: Start, mode: int) -> None:
    start()
    (base / code_cache.NAME).chmod(mode)
    before = state(base)
    assert start() == 1
    assert start(9.0) == 1
    assert state(base) == before
    with pytest.raises(OSError, match="others may write to it: delete it"):
        code_cache.cache_folder()


@posix
def test_a_folder_of_somebody_else_is_not_used(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert start() == 1
    with pytest.raises(OSError, match="it belongs to another user"):
        code_cache.cache_folder()


@posix
def test_a_folder_that_everybody_may_replace_is_not_used(base: Path, start: Start) -> None:
    start()
    base.chmod(0o777)
    assert start() == 1
    with pytest.raises(OSError, match="everybody may write to"):
        code_cache.cache_folder()
    base.chmod(0o1777)  # as /tmp: only owners may replace what is theirs
    assert start() == 0


@posix
def test_a_link_is_judged_by_what_it_points_to(base: Path, tmp_path: Path, start: Start) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    own = open_to_all / "own"
    own.mkdir(mode=0o700)
    (base / code_cache.NAME).symlink_to(own)
    assert start() == 1
    assert not list(own.iterdir())


def test_no_folder_can_be_made(base: Path, start: Start) -> None:
    base.rmdir()
    base.write_text("a file", encoding="utf-8")
    assert start() == 1
    assert start() == 1
    autograd.clear_cache()


def test_a_file_in_the_place_of_the_folder(base: Path, start: Start) -> None:
    (base / code_cache.NAME).write_text("a file", encoding="utf-8")
    assert start() == 1
    autograd.clear_cache()
    assert (base / code_cache.NAME).read_text(encoding="utf-8") == "a file"


def test_a_user_without_a_home(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", nowhere)
    assert start() == 1
    assert start() == 1
    with pytest.raises(OSError, match="this user has no home folder: set XDG_CACHE_HOME"):
        code_cache.cache_folder()


def test_without_a_setting_it_is_below_the_home(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in (None, ""):
        monkeypatch.delenv("XDG_CACHE_HOME") if setting is None else monkeypatch.setenv("XDG_CACHE_HOME", setting)
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        assert start(11.0) == (1 if setting is None else 0)
        assert len(list((tmp_path / ".cache" / code_cache.NAME).iterdir())) == 1


def refused(number: int) -> Callable[..., Any]:
    def raises(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return raises


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
@pytest.mark.parametrize(("owner", "name"), [(Path, "mkdir"), (code_cache.tempfile, "mkstemp"), (os, "fdopen"), (os, "replace")])
def test_a_disk_that_refuses(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, number: int) -> None:
    """Wherever it is noticed, the code runs, and nothing stays behind that the next process could mistake for it."""
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, refused(number))
        assert start() == 1
    assert not list(base.rglob("*/*"))
    assert start() == 1
    assert start() == 0


def test_a_disk_that_is_full_while_a_file_is_written(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.fdopen

    class Full:
        def __init__(self, number: int) -> None:
            self.file = opened(number, "wb")

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, content: bytes) -> None:
            self.file.write(content[:100])
            refused(errno.ENOSPC)()

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", lambda number, mode: Full(number))
        assert start() == 1
    assert entries(base) == []


def test_a_cache_for_reading_only_is_read(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    before = state(base)
    for owner, name in ((code_cache.tempfile, "mkstemp"), (code_cache.tempfile, "TemporaryFile"), (os, "replace"), (Path, "unlink")):
        monkeypatch.setattr(owner, name, refused(errno.EROFS))
    assert start() == 0
    assert start(9.0) == 1
    autograd.clear_cache()
    assert state(base) == before


# -- its size -------------------------------------------------------------------------------------------------------------


def test_the_oldest_entries_are_removed(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start(1.0)
    (first,) = entries(base)
    size = first.stat().st_size
    monkeypatch.setattr(code_cache, "LARGEST", 4 * size + size // 2)
    order = [first]
    for k in range(2, 8):
        start(float(k))
        order += [path for path in entries(base) if path not in order]
        os.utime(order[-1], (1e9 + k, 1e9 + k))
        if k == 2:
            os.utime(first, (1e9 + 1, 1e9 + 1))
    assert entries(base) == sorted(order[-4:])
    assert start(7.0) == start(4.0) == 0
    assert start(1.0) == 1


def test_the_folder_is_not_looked_through_for_every_entry(base: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []
    monkeypatch.setattr(code_cache, "_bound", looks.append)
    monkeypatch.setattr(code_cache._Written, "size", code_cache.LARGEST)  # as at the start of a process
    for k in range(20):
        start(100.0 + k)
    assert looks == [base / code_cache.NAME]


def test_clear_cache_removes_all_of_it(base: Path, start: Start) -> None:
    for number in (1.0, 2.0):
        start(number)
    loaded = Loaded(storing(1.0))
    (base / "of another program").write_text("", encoding="utf-8")
    autograd.clear_cache()
    assert entries(base) == []
    assert (base / "of another program").exists()
    result = ctypes.c_double()
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(loaded.address)(ctypes.addressof(result))
    assert result.value == 1.0
    assert start(1.0) == 1
    shutil.rmtree(base / code_cache.NAME)
    autograd.clear_cache()
    code_cache._usable_folder.cache_clear()
    autograd.clear_cache()


def test_a_folder_that_is_removed_while_a_process_runs(base: Path, start: Start) -> None:
    start(1.0)
    shutil.rmtree(base / code_cache.NAME)
    assert stored(1.0) == 1.0
    assert start(1.0) <= 1


# -- processes and threads ------------------------------------------------------------------------------------------------

COUNTED = """
import json, sys
import numpy as np
from autograd import compile, dot, exp, sin
from autograd.compiled.backends.llvm import machine_code, step_table

compiled, made = [], []
compile_text, kernel = machine_code._Processor.compile, step_table.kernel
machine_code._Processor.compile = lambda self, text: compiled.append(text) or compile_text(self, text)
step_table.kernel = lambda make, *key: made.append(make.__name__) or kernel(make, *key)
short = compile(lambda x, y: exp(x * y) + x, executor="native")
long = compile(lambda w, x: dot(h := [exp(sin(dot(row, x))) for row in w], h), in_axes=(None, 0), executor="native")
w, x = np.ones((9, 9)) / 9.0, np.linspace(0.0, 1.0, 90).reshape(10, 9)
for work in sys.argv[1].split(","):
    if work == "value":
        short(x[0], x[1]), long(w, x)
    elif work == "gradient":
        short.value_and_grad(x[0], x[1]), long.value_and_grad(w, x, wrt=0, reduce="sum")
    print(json.dumps([len(compiled), made]))
"""


def process(code: str, *arguments: str, base: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "XDG_CACHE_HOME": str(base)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=120.0, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def counted(base: Path, work: str) -> list[tuple[int, list[str]]]:
    return [tuple(json.loads(line)) for line in process(COUNTED, work, base=base).splitlines()]


def test_the_next_process_compiles_nothing(tmp_path: Path) -> None:
    ((first, _),) = counted(tmp_path, "gradient")
    assert first > 0
    kept = state(tmp_path)
    assert len(kept) == first
    assert counted(tmp_path, "gradient")[0][0] == 0
    assert state(tmp_path) == kept


def test_nothing_is_compiled_that_is_not_run(tmp_path: Path) -> None:
    """Import and recording compile nothing; values need no kernels of gradients."""
    before, values, gradients, again = counted(tmp_path, "nothing,value,gradient,gradient")
    assert before == (0, [])
    backward = [name for name in values[1] if "backward" in name or name == "seeds_kernel"]
    assert values[0] > 0
    assert backward == []
    assert gradients[0] > values[0]
    assert any("backward" in name for name in gradients[1])
    assert again[0] == gradients[0]


def test_threads_compile_at_the_same_time(base: Path, start: Start) -> None:
    code_cache._usable_folder.cache_clear()

    def work(_: int) -> None:
        for k in range(20):
            number = 100.0 + k
            assert stored(number) == number

    in_threads(work, 4)
    assert len(start.compiled) == len(set(start.compiled)) == len(entries(base)) == 20


def test_processes_compile_at_the_same_time(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", COUNTED, "gradient"]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    for one in running:
        _, errors = one.communicate(timeout=120.0)
        with one:
            assert (one.returncode, errors) == (0, b"")
    assert counted(tmp_path, "gradient")[0][0] == 0
    assert not [path for path in (tmp_path / code_cache.NAME).iterdir() if path.name.startswith("new-")]


FORKED = """
import os, threading, time, warnings
import numpy as np
from autograd import compile
from autograd.compiled.backends.llvm import machine_code

started = threading.Event()
compile_text = machine_code._Processor.compile

def slow(self, text):
    started.set()
    time.sleep(0.2)
    return compile_text(self, text)

machine_code._Processor.compile = slow
f = compile(lambda x: x * x + 1.0, executor="native")
thread = threading.Thread(target=lambda: f(np.ones(5)))
thread.start()
assert started.wait(timeout=60.0)
warnings.simplefilter("ignore")  # of a fork beside threads
child = os.fork()
if child == 0:
    g = compile(lambda x: x * x * x, executor="native")
    right = g.value_and_grad(np.full(5, 2.0))[1].tolist() == [12.0] * 5
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
thread.join()
assert f(np.full(3, 2.0)).tolist() == [5.0] * 3
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_compiles(tmp_path: Path) -> None:
    process(FORKED, base=tmp_path)


def test_code_that_nobody_refers_to_is_unloaded(start: Start) -> None:
    """When the next is loaded. Kernels of a program of its own go with it; those that all programs share stay."""
    loaded = Loaded(storing(3.0))
    ((_, engine),) = [kept for kept in machine_code._ENGINES.values() if kept[0]() is loaded]
    reference = weakref.ref(engine)
    del loaded, engine
    gc.collect()
    other = Loaded(storing(4.0))
    gc.collect()
    assert reference() is None
    assert other.address


FIRST_USE = """
import sys, warnings
from in_threads import in_threads
from nn import MLP, fit, mse

sys.setswitchinterval(1e-5)
warnings.simplefilter("error")
X, Y = [[0.1 * i, 0.2, -0.3 * i] for i in range(9)], [0.1 * i for i in range(9)]

def train(_):
    model = MLP(3, [8, 1], "tanh")
    for _ in range(3):
        fit(model, X, Y, loss=mse, epochs=3, batch_size=4, progress=False)

in_threads(train, 4)
"""


def test_the_first_use_in_several_threads(tmp_path: Path) -> None:
    """There is one engine for the kernels that all programs share; and threads that shuffle do not make others seem to draw."""
    process(FIRST_USE, base=tmp_path)
