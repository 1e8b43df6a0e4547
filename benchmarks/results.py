"""The file of results, from which every measured figure of the READMEs and of other pages is taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results.json"


def results() -> dict[str, Any]:
    """What was measured, by the name of the measurement."""
    read: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return read


def record(name: str, value: Any) -> None:
    """Write one measurement to the file. The others stay."""
    text = json.dumps(results() | {name: value}, indent=1, sort_keys=True, ensure_ascii=False)
    RESULTS.write_text(f"{text}\n", encoding="utf-8")


def rounded(value: float) -> float:
    """Four digits: more would change with every run."""
    return float(f"{value:.4g}")
