"""What an interrupt does not reach."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from autograd._runtime.uninterrupted import uninterrupted


@pytest.fixture
def interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_ends_the_waiting_and_not_the_work() -> None:
    done = threading.Event()

    def work() -> None:
        signal.raise_signal(signal.SIGINT)  # Python calls the handler in the main thread
        time.sleep(0.2)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work)
    assert done.wait(timeout=60.0)


def test_an_error_is_that_of_the_work() -> None:
    with pytest.raises(ZeroDivisionError):
        uninterrupted(lambda: 1 / 0)


def test_no_thread_is_started_for_what_is_no_main_thread() -> None:
    used: list[bool] = []

    def run() -> None:
        used.append(uninterrupted(threading.current_thread) is threading.current_thread())

    other = threading.Thread(target=run)
    other.start()
    other.join()
    assert used == [True]
    assert uninterrupted(threading.current_thread) is not threading.current_thread()


def test_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert uninterrupted(threading.current_thread) is threading.main_thread()
