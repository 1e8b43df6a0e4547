"""Files are written whole or not at all, and only where a file is to be."""

import os
import shutil
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import Drawing, Value, draw, play
from autograd._runtime import files
from autograd._runtime.files import write_atomically
from autograd.errors import InputError
from nn import MLP, History, load, save
from nn.data import csv

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")


def by_graphviz() -> Drawing:
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")
    return draw(Value(1.0) * 2.0, engine="dot")


WRITERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "save": ("weights", lambda path: save(MLP(2, [2, 1]), path)),
    "draw(…).save": ("graph.gv", lambda path: draw(Value(1.0) * 2.0, engine="builtin").save(path)),
    "draw(…).render by Graphviz": ("graph.svg", lambda path: by_graphviz().render(outfile=path, cleanup=True)),
    "draw(…).render": ("graph.svg", lambda path: draw(Value(1.0) * 2.0, engine="builtin").render(outfile=path, cleanup=True)),
    "play(…).save": ("graph.html", lambda path: play(Value(1.0) * 2.0).save(path)),
    "History.to_csv": ("history.csv", lambda path: History().to_csv(path)),
}
each_writer = pytest.mark.parametrize(("name", "write"), WRITERS.values(), ids=WRITERS)


@posix
@each_writer
def test_a_pipe_is_refused(name: str, write: Callable[[Any], Any], tmp_path: Path) -> None:
    pipe = tmp_path / name
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="a device, a pipe or a socket") as raised:
        write(pipe)
    assert raised.value.filename == str(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == [name]


@posix
@each_writer
def test_a_device_is_refused(name: str, write: Callable[[Any], Any], tmp_path: Path) -> None:
    link = tmp_path / name
    link.symlink_to("/dev/null")
    with pytest.raises(OSError, match="a device, a pipe or a socket"):
        write(link)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert link.is_symlink()


@each_writer
def test_a_folder_is_refused(name: str, write: Callable[[Any], Any], tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match="this is a folder"):
        write(tmp_path / name)
    assert os.listdir(tmp_path) == [name]


@posix
def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
        with pytest.raises(OSError, match="a device, a pipe or a socket"):
            write_atomically(Path("s"), b"new")


@each_writer
@pytest.mark.parametrize("length", [100, 230, 255])
def test_long_names(name: str, write: Callable[[Any], Any], length: int, tmp_path: Path) -> None:
    suffix = Path(name).suffix
    path = tmp_path / ("x" * (length - len(suffix)) + suffix)
    for _ in range(2):  # a new file, and an old one
        write(path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@posix
def test_long_names_in_other_scripts(tmp_path: Path) -> None:
    path = tmp_path / ("名" * 85)  # 255 bytes
    write_atomically(path, b"new")
    assert os.listdir(tmp_path) == [path.name]


@each_writer
@pytest.mark.parametrize("path", [None, 3, 1.5, b"weights", ["weights"], "a\0b", object()])
def test_what_is_no_path_is_refused(name: str, write: Callable[[Any], Any], path: Any) -> None:
    if path is None and "graph." in name and name != "graph.html":
        return  # the name that the drawing has
    with pytest.raises(InputError, match="a path, as in|a path is a string|a player is saved as an HTML page"):
        write(path)


@pytest.mark.parametrize("path", [None, 3, b"weights", "a\0b"])
def test_what_is_no_path_is_not_read(path: Any) -> None:
    with pytest.raises(InputError, match="path"):
        load(MLP(2, [1]), path)
    with pytest.raises(InputError, match="path"):
        csv(path, target=0)


@posix
def test_hard_links_stay(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for old, new in ((b"long and old", b"new"), (b"old", b"long and new")):
        one.write_bytes(old)
        other.unlink(missing_ok=True)
        other.hardlink_to(one)
        write_atomically(other, new)
        assert one.read_bytes() == other.read_bytes() == new
        assert one.samefile(other)
        assert sorted(os.listdir(tmp_path)) == ["one", "other"]


@posix
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
def test_hard_links_keep_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"old")
    other.hardlink_to(one)
    fsync, calls = os.fsync, []

    def interrupted(file: int) -> None:
        calls.append(file)
        if len(calls) == 1:
            raise error
        fsync(file)

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(type(error)):
        write_atomically(one, b"long and new")
    assert one.read_bytes() == other.read_bytes() == b"old"
    assert one.samefile(other)


@posix
def test_owner_and_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    path.chmod(0o640)
    before = path.stat()
    write_atomically(path, b"new")
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert path.read_bytes() == b"new"


@posix
def test_an_owner_that_cannot_be_given_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    before = path.stat()

    def refused(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(files, "_is_made_alike", lambda *_: False)
    write_atomically(path, b"new")
    assert path.stat().st_ino == before.st_ino
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]
    monkeypatch.undo()
    monkeypatch.setattr(os, "chown", refused)
    other = os.stat_result([before.st_mode, before.st_ino, before.st_dev, 1, before.st_uid + 1, *before[5:]])
    assert not files._is_made_alike(path, other)


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write everything")
def test_a_folder_where_no_file_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    tmp_path.chmod(0o500)
    try:
        write_atomically(path, b"new")
        with pytest.raises(PermissionError):
            write_atomically(tmp_path / "other", b"new")
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == b"new"
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        write_atomically(path, b"newer")
    assert path.read_bytes() == b"new"


@posix
def test_links(tmp_path: Path) -> None:
    new, link, chain, loop = (tmp_path / name for name in ("new", "link", "chain", "loop"))
    link.symlink_to("new")
    chain.symlink_to("link")
    loop.symlink_to("loop")
    write_atomically(chain, b"new")  # to what is not there yet
    assert new.read_bytes() == b"new"
    write_atomically(chain, b"newer")
    assert new.read_bytes() == b"newer"
    assert chain.is_symlink()
    assert link.is_symlink()
    with pytest.raises(OSError, match="symbolic links") as raised:
        write_atomically(loop, b"new")
    assert raised.value.filename == str(loop)
    assert loop.is_symlink()


def test_readers_see_one_content_or_the_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([65 + i]) * 100_000 for i in range(20)]
    path.write_bytes(contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    thread = threading.Thread(target=read)
    thread.start()
    for content in contents:
        write_atomically(path, content)
    done.set()
    thread.join()
    assert seen <= set(contents)
