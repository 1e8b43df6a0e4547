"""The machine of the native executor: when it is compiled, and when it is loaded from the cache. A small one stands for it here."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small_machine
from executors import EXECUTORS

from autograd.compiled.backends.machine import code_cache, machine

if "native" not in EXECUTORS:
    pytest.skip("needs Numba", allow_module_level=True)
numba = pytest.importorskip("numba")


@pytest.fixture(autouse=True)
def _no_machine_is_left() -> Iterator[None]:
    """The small machine serves these tests only, and the real one none of them."""
    for function in (machine.machine, machine._made_once):
        function.cache_clear()
    yield
    for function in (machine.machine, machine._made_once):
        function.cache_clear()


ONCE, ALWAYS, NEVER = "once on this machine", "at every start, because ", ""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the cache is in. The machine is the small one, and both halves are compiled here."""
    small = tmp_path / "caches"
    small.mkdir(mode=0o755)
    monkeypatch.setattr(machine, "sources", small_machine.sources)
    monkeypatch.setattr(machine, "_compiling", lambda path: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(small))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return small


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with the small machine."""
    place = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "sources", small_machine.sources)
        patch.setenv("XDG_CACHE_HOME", str(place))
        patch.delenv("NUMBA_CACHE_DIR", raising=False)
        small_machine.work()
    return place / code_cache.NAME


@pytest.fixture
def kept(base: Path, made: Path) -> Path:
    """The entry of the small machine, which an earlier process has compiled."""
    folder = Path(shutil.copytree(made, base / code_cache.NAME))
    folder.chmod(0o700)
    return entry(base)


@pytest.fixture
def start(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What is said while a process gets its machine."""

    def said() -> str:
        small_machine.work()
        return capfd.readouterr().err

    return said


def entry(base: Path) -> Path:
    (found,) = (base / code_cache.NAME).iterdir()
    return found


def state(base: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in base.rglob("*") if path.is_file()}


def test_what_was_compiled_is_found(base: Path, start: Callable[[], str]) -> None:
    assert ONCE in start()
    kept = state(base)
    assert start() == NEVER
    assert state(base) == kept
    assert (base / code_cache.NAME).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_numba_was_given_is_used_and_numba_keeps_it(
    base: Path, tmp_path: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numba").mkdir()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    assert ONCE in start()
    assert start() == NEVER
    assert [path.name for path in (tmp_path / "numba").iterdir()] == [code_cache.NAME]
    assert numba.config.CACHE_DIR == str(tmp_path / "numba")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "changed": change,
    "garbage": lambda path: path.write_bytes(b"\x80\xff garbage" * 100),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("kind", [".py", ".pyc", ".nbi", ".nbc", code_cache.COMPLETE])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_noticed(kept: Path, kind: str, damage: str) -> None:
    assert code_cache.is_whole(kept)
    path = next(path for path in sorted(kept.rglob("*")) if path.name.endswith(kind))
    DAMAGE[damage](path)
    assert not code_cache.is_whole(kept)


@pytest.mark.parametrize("kind", [".py", ".nbc"])
def test_a_damaged_cache_is_made_again(kept: Path, start: Callable[[], str], kind: str) -> None:
    change(next(path for path in sorted(kept.rglob("*")) if path.name.endswith(kind)))
    assert ONCE in start()
    assert start() == NEVER


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "gone"])
@pytest.mark.parametrize("kind", [".py", ".nbi", ".nbc"])
def test_what_cannot_be_loaded_is_compiled_again(
    kept: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch, kind: str, damage: str
) -> None:
    """Even if all checksums held."""
    for path in [path for path in kept.rglob("*") if path.name.endswith((kind, ".pyc"))]:
        DAMAGE[damage](path)
    monkeypatch.setattr(code_cache, "is_whole", lambda entry: entry.exists())
    monkeypatch.setattr(machine, "_compiled", lambda texts, place: [machine._in_memory(*pair) for pair in texts.items()])
    assert ONCE in start()


def test_a_file_in_the_place_of_an_entry(kept: Path, start: Callable[[], str]) -> None:
    code_cache.discard(kept)
    kept.write_text("a file", encoding="utf-8")
    assert ONCE in start()
    assert start() == NEVER


def test_what_numba_does_not_find_is_compiled_again(kept: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the checksums hold but the code was made for something else."""
    for path in kept.rglob("*.nbi"):
        path.unlink()
    monkeypatch.setattr(code_cache, "is_whole", lambda entry: entry.exists())
    assert ONCE in start()
    assert start() == NEVER


posix = pytest.mark.skipif(os.name != "posix", reason="needs permissions of POSIX")


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o720])
def test_a_folder_that_others_may_write_to_is_not_used(base: Path, kept: Path, start: Callable[[], str], mode: int) -> None:
    kept.parent.chmod(mode)
    before = state(base)
    assert "others may write to it: delete it" in start()
    assert state(base) == before


@posix
def test_a_folder_of_somebody_else_is_not_used(kept: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept.exists()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert "it belongs to another user" in start()


@posix
def test_a_folder_that_everybody_may_replace_is_not_used(base: Path, kept: Path, start: Callable[[], str]) -> None:
    assert kept.exists()
    base.chmod(0o777)
    assert "everybody may write to" in start()
    base.chmod(0o1777)  # as /tmp: only owners may replace what is theirs
    assert start() == NEVER


def test_no_folder_can_be_made(base: Path, start: Callable[[], str]) -> None:
    base.rmdir()
    base.write_text("a file", encoding="utf-8")
    assert ALWAYS in start()


def test_a_user_without_a_home(base: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert "this user has no home folder: set XDG_CACHE_HOME" in start()


def test_a_cache_for_reading_only(base: Path, kept: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba uses only folders that it could write to: it gets a copy."""
    assert kept.exists()
    before = state(base)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(machine, "_loaded", lambda path, is_compiled=False, real=machine._loaded: real(outside(path, base), is_compiled))
    assert start() == NEVER
    assert state(base) == before


def outside(path: Path, base: Path) -> Path:
    assert not path.is_relative_to(base)
    return path


def no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Path, "mkdir"),
        (Path, "write_text"),
        (Path, "rename"),
        (code_cache.tempfile, "TemporaryFile"),
        (code_cache.tempfile, "mkdtemp"),
        (numba.core.caching.IndexDataCacheFile, "_save_index"),
        (numba.core.caching.IndexDataCacheFile, "_save_data"),
    ],
)
def test_a_full_disk(base: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Wherever it is noticed, the machine is made, and nothing stays behind that the next process could mistake for it."""
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, no_space)
        assert "compiling the native executor" in start()
    assert ONCE in start()
    assert start() == NEVER
    assert len([*(base / code_cache.NAME).iterdir()]) == 1


def test_an_interrupt_leaves_nothing(base: Path, start: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = machine._loaded

    def interrupted(path: Path, is_compiled: bool = False) -> Any:
        loaded(path, is_compiled)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(machine, "_loaded", interrupted)
        with pytest.raises(KeyboardInterrupt):
            start()
    assert not [*(base / code_cache.NAME).iterdir()]


def test_threads_make_one_machine(base: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    real = machine.machine()
    for function in (machine.machine, machine._made_once):
        monkeypatch.setattr(machine, function.__name__, function)
        function.cache_clear()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(machine.machine())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1
    assert capfd.readouterr().err.count("compiling") == 1
    monkeypatch.setattr(machine, "make_machine", lambda: real)
    for function in (machine.machine, machine._made_once):
        function.cache_clear()
    assert machine.machine() is real


FORKED = """
import os, sys, threading, warnings
import small_machine
from autograd.compiled.backends.machine import machine

small_machine.install()
started = threading.Event()
loaded = machine._loaded

def slow(path, is_compiled=False):
    started.set()
    return loaded(path, is_compiled)

machine._loaded = slow
thread = threading.Thread(target=machine.machine)
thread.start()
assert started.wait(timeout=60.0)
warnings.simplefilter("ignore")  # of a fork beside threads
child = os.fork()
if child == 0:
    import numba
    right = machine.machine().forward(1) == numba.njit(lambda x: x + 1)(1) == 2
    os._exit(0 if right else 1)
_, status = os.waitpid(child, 0)
thread.join()
raise SystemExit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_compiles(base: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=120.0, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
