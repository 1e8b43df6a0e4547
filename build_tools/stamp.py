"""The stamp of a compiled build: the hashes of its sources, so that the build is not used after a source was edited."""

import hashlib
from pathlib import Path

NAME = "autograd/compiled_from.txt"


def write(root: Path, target: Path, sources: list[str]) -> None:
    """Write the stamp below `target`: a line for each source, its hash and its path in the package. `choose_build` reads it."""
    lines = [
        f"{hashlib.sha256((root / source).read_bytes()).hexdigest()}  {Path(source).relative_to('autograd').as_posix()}\n"
        for source in sources
    ]
    (target / NAME).parent.mkdir(parents=True, exist_ok=True)
    (target / NAME).write_text("".join(lines), encoding="utf-8")
