"""Stops as a file: reasons that the inputs tell, and rules that know only half of it."""

from pathlib import Path

import numpy as np

from models.classification.stops import cases as files
from models.classification.stops.features import COLUMNS

REASONS = ("breakdown", "tool", "repair")
TOLD = {name: COLUMNS.index(f"state: {state}") for name, state in
        (("breakdown", "aborted"), ("tool", "held"), ("repair", "stopped"))}  # fmt: skip


def write(folder: Path, stops: int = 300, *, rules: bool = False, seed: int = 1, **changes: object) -> Path:
    """`stops` stops with two moments each; the rules know breakdowns, or with `rules` everything."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    inputs = []
    for number in range(stops):
        reason = REASONS[int(draw.integers(len(REASONS)))]
        for ended in (False, True):
            row = draw.random(len(COLUMNS)).astype(np.float32)
            row[list(TOLD.values())] = 0.0
            row[TOLD[reason if draw.random() < 0.95 else "tool"]] = 1.0
            inputs.append(row)
            rows.append(
                {
                    "stop": f"north/hall/line/cnc-1|{number}", "equipment_id": "north/hall/line/cnc-1",
                    "from_us": number * 1_000, "at_us": number * 1_000 + 500 * (1 + ended), "ended": ended,
                    "reason": reason, "told_by": "mes", "simulated": True,
                    "rule": reason if rules or reason == "breakdown" else "operator_hold",
                }
                | changes
            )  # fmt: skip
    files.write(folder, rows, np.stack(inputs))
    return folder
