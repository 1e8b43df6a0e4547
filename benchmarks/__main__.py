"""Print every table: ``python -m benchmarks [--only eager|compiled] [--seconds 5] [--write]``.

With ``--write`` the results are written to `results.json`, and their figures into the READMEs.
"""

import argparse
import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
    os.environ.setdefault(variable, "1")  # one thread each; the last is for JAX
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

from benchmarks import compiled, eager, figures  # noqa: E402 - NumPy reads those when it is imported
from benchmarks.results import record  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare with other engines, side by side.")
    parser.add_argument("--only", choices=("eager", "compiled"), help="one half of the tables")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to measure each group (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the results to results.json, and their figures into the READMEs")
    options = parser.parse_args()
    measured = {}
    if options.only != "compiled":
        measured |= eager.report(options.seconds)
    if options.only != "eager":
        measured |= compiled.report(options.seconds)
    if options.write:
        for name, value in measured.items():
            record(name, value)
        figures.main()


if __name__ == "__main__":
    main()
