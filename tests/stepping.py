"""Run something with a trace function, which Python calls at each line."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def stepped(run: Callable[[], Any], trace: Callable[[FrameType, str, Any], Any]) -> None:
    """Run it; afterwards the trace function that was there before is there again, such as that of coverage."""
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
