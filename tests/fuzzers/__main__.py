"""``python tests/fuzzers graphs --minutes 60 --seed 1``: a fuzzer, for longer than the tests run it; also functions, models, nestings."""

import sys
from importlib import import_module
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
FUZZERS = ("graphs", "functions", "models", "nestings")

if __name__ == "__main__":
    sys.path[0:1] = [str(TESTS.parent), str(TESTS)]
    if len(sys.argv) < 2 or sys.argv[1] not in FUZZERS:
        raise SystemExit(f"usage: python tests/fuzzers {'|'.join(FUZZERS)} [--minutes M] [--seed S]")
    import_module(f"fuzzers.{sys.argv.pop(1)}").main()
