"""The machine of the native executor: when it is compiled, and when it is loaded from the cache. A small one stands for it here."""

import re
from pathlib import Path

import pytest
from executors import EXECUTORS

from autograd.compiled.backends.machine import machine

pytestmark = pytest.mark.skipif("native" not in EXECUTORS, reason="needs Numba")

INSIDE = '@compiled("i8(i8)")\ndef next_to(x):\n    return x + 1\n'
ENTRY = '@compiled("i8(i8)", inside=False)\ndef {name}(x):\n    return next_to(x)\n'


def source(names: list[str]) -> str:
    """Text with these functions, of which all call another one."""
    kernels = Path(machine.__file__).with_name("kernels.py").read_text(encoding="utf-8")
    decorator = re.search(r"def compiled\(.*?\n\n\n", kernels, re.DOTALL)
    assert decorator is not None
    return "\n".join([machine.PRELUDE, decorator.group(), INSIDE, *[ENTRY.format(name=name) for name in names]])


def test_what_was_compiled_is_found_and_what_is_lost_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import numba

    names = ["load", "fill", "place_in_memory", "place_tables", "forward", "errors_where_wanted"]
    monkeypatch.setattr(machine, "sources", lambda: [source(names), source(["backward"])])
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))

    def made() -> str:
        """The output of a process while it loads the machine."""
        result = machine.machine.__wrapped__()
        assert result.forward(1) == result.backward(1) == result.load(1) == 2
        return capfd.readouterr().err

    assert "once on this machine" in made()
    kept = list(tmp_path.rglob("*.nbc"))
    assert made() == ""
    assert list(tmp_path.rglob("*.nbc")) == kept
    for path in kept:  # as on another processor, of one home
        path.unlink()
    assert "once on this machine" in made()
    assert made() == ""
    next(tmp_path.rglob("*.compiled")).unlink()  # interrupted between the halves
    assert "once on this machine" in made()
    assert made() == ""
