"""Small recordings in the formats of SKAB and NAB, drawn here: tests need no data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = (
    "Accelerometer1RMS", "Accelerometer2RMS", "Current", "Pressure", "Temperature", "Thermocouple",
    "Voltage", "Volume Flow RateRMS",
)  # fmt: skip


def write_skab(folder: Path, runs: int, seed: int, *, truth: bool = True) -> Path:
    """Runs of 600 readings: the temperature wanders, and from 380 to 500 the flow is low."""
    draw = np.random.default_rng(seed)
    for number in range(runs):
        table = draw.normal(0, 1, (600, 8)) + 20
        table[:, 4] += np.cumsum(draw.normal(0, 0.1, 600))
        odd = np.zeros(600, dtype=int)
        odd[380:500] = 1
        table[odd > 0, 7] -= 4
        frame = pd.DataFrame(table, columns=list(NAMES))
        times = pd.date_range("2020-03-09 10:14:33", periods=600, freq="s").strftime("%Y-%m-%d %H:%M:%S")
        frame.insert(0, "datetime", times)
        if truth:
            frame["anomaly"], frame["changepoint"] = odd.astype(float), 0.0
        path = folder / ("valve1" if number % 2 else "other") / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, sep=";", index=False)
    return folder


def write_nab(folder: Path, seed: int) -> Path:
    """Two series of 1,500 readings; the first jumps in a labelled window."""
    draw = np.random.default_rng(seed)
    folder.joinpath("realTraffic").mkdir(parents=True, exist_ok=True)
    times = pd.date_range("2015-09-01", periods=1500, freq="5min").strftime("%Y-%m-%d %H:%M:%S")
    windows = {}
    for number in range(2):
        value = draw.normal(50, 2, 1500)
        name = f"realTraffic/speed_{number}.csv"
        windows[name] = [] if number else [[f"{times[900]}.000000", f"{times[960]}.000000"]]
        if not number:
            value[900:961] += 30
        pd.DataFrame({"timestamp": times, "value": value}).to_csv(folder / name, index=False)
    (folder / "combined_windows.json").write_text(json.dumps(windows), encoding="utf-8")
    return folder
