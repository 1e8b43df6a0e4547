"""Print every table: ``python -m benchmarks [--only eager|compiled|growth|training] [--seconds 5] [--write]``.

With ``--write`` the results are written to `results.json`, and their figures into the pages.
"""

import argparse
import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ.setdefault(variable, "1")  # one thread each; the last is for JAX
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

from benchmarks import compiled, eager, figures, growth, training  # noqa: E402 - NumPy reads those when it is imported
from benchmarks.results import record, results  # noqa: E402

PARTS = {"eager": eager.report, "compiled": compiled.report, "growth": growth.report, "training": lambda seconds: training.report()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare with other engines, side by side.")
    parser.add_argument("--only", choices=PARTS, help="some of the tables")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to measure each group (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the results to results.json, and their figures into the pages")
    options = parser.parse_args()
    measured = {}
    for name, report in PARTS.items():
        if options.only in (None, name):
            measured |= report(options.seconds)
    if options.write:
        for name, value in measured.items():
            record(name, value)
        figures.main()
        growth.draw_plot(results()[growth.NAME])


if __name__ == "__main__":
    main()
