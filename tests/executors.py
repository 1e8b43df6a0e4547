"""The executors that can be tested here; the first is the reference."""

import importlib.util
import os

EXECUTORS = ["numpy", "native"]
if importlib.util.find_spec("numba") is None and not os.environ.get("SCALAR_AUTOGRAD_REQUIRE_NUMBA"):
    EXECUTORS.remove("native")
