"""Print every table: ``python -m benchmarks [--seconds 5]``."""

import argparse

from benchmarks import eager


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare with other engines, side by side.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to measure each group (default: %(default)s)")
    eager.report(parser.parse_args().seconds)


if __name__ == "__main__":
    main()
