"""Trains what watches a plant's machines: autoencoder and variational autoencoder, beside the classic.

Only healthy windows teach: those after which the controller logged no failure for three days. Members are
each blind to half of the machines; what they say of those sets the thresholds.
"""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from domain.errors import SettingsError
from models.anomaly.machines import history
from models.anomaly.machines.card import Card, DataNote, PeerNote
from models.anomaly.machines.history import Score, Track, Windows
from models.anomaly.machines.network import Farthest, Prepared, Smoothed, Watching
from models.anomaly.running import run
from models.anomaly.train import EPOCHS, MEMBERS, MIDDLE, Report, export, fitted, no_report
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.dataspec import DataSpec
from models.failure import plant
from models.failure.plant import Machine
from models.features import plant as features
from models.features.plant import CHANGES, TYPES
from models.session import open_session

STEPS, STRIDE = 16, 32
BEYOND = 1e-3  # of healthy half hours lie further than UNIT
NEVER = 1e6
LEAST = 1e-3  # of a change: a signal that moves less by itself is measured by this
SEED = 7
RATE = 0.5  # false alarms a machine and month
FEWEST = 100  # healthy windows of a type, STRIDE half hours apart
NAMES = ("farthest", "autoencoder", "variational")
SERVED = "farthest"
GOLDEN, BACKGROUND = 32, 16
LIMITS = (
    "A machine is compared with its own days since its last stop: what crept in before them is not seen.",
    "It says that a machine is unlike its usual days and where, never what is wrong or when it fails.",
    "Until 16 hours have passed since a failure or a maintenance there is no score.",
)
LICENCE = "Apache-2.0; histories of the virtual plant are made by this project"


def train(data: DataSpec, out: Path, report: Report = no_report) -> dict[str, float]:
    """Train on the `train-*` plants of `data` (or the one that it names); returns the card's figures."""
    began = time.monotonic()
    torch.set_num_threads(1)
    paths = plant.plants(data.folder, ("train",))
    machines = [machine for path in paths for machine in plant.machines(path)]
    report("readings", 0.1)
    prepared, kinds = _prepared(machines)
    machines = [one for one in machines if one.machine_type in kinds]
    seen = [_seen(prepared, machine) for machine in machines]
    fold = np.repeat(np.arange(len(seen)) % MEMBERS, [len(one) for one in seen])
    rows = np.concatenate(seen)
    out.mkdir(parents=True, exist_ok=True)
    found: dict[str, float] = {"machines": float(len(machines)), "windows": float(len(rows))}
    peers, thresholds = {}, dict[str, float]()
    for number, name in enumerate(NAMES):
        members = _members(name, rows, fold, SEED)
        tracks = _blind(prepared, members, machines)
        tops = history.thresholds(tracks, RATE)
        found |= {f"{name}_{key}": value for key, value in history.figures(tracks, tops).items()}
        path = out / (MODEL_FILE if name == SERVED else f"peer_{name}.onnx")
        export(Watching(prepared, members).eval(), _some(machines), path)
        if name == SERVED:
            thresholds = tops
        else:
            peers[name] = PeerNote(sha256=file_hash(path), thresholds=tops)
        report(name, 0.2 + 0.8 * (number + 1) / len(NAMES))
    _write_cases(machines, kinds, out)
    simulated = any(plant.simulated(path) for path in paths)
    write_card(out, _card(found, thresholds, peers, simulated, len(machines), len(rows), began, out))
    return found


def _healthy(machine: Machine) -> npt.NDArray[np.int64]:
    places = np.flatnonzero(features.usable(machine.bins))
    return np.asarray(places[history.healthy(machine, places)])


def _prepared(machines: list[Machine]) -> tuple[Prepared, list[str]]:
    """What is usual for each type of machine; a type with too few healthy windows is left out."""
    smoothed, changes = Smoothed(STEPS), dict[str, list[Windows]]()
    for machine in machines:
        for windows in history.chunks(machine, _healthy(machine)[::STRIDE]):
            changes.setdefault(machine.machine_type, []).append(smoothed(torch.from_numpy(windows))[0][:, -1])
    high = torch.full((len(TYPES), len(CHANGES)), NEVER)
    low, kinds = -high, []
    for kind, parts in changes.items():
        every = np.concatenate(parts)
        if kind in TYPES and len(every) >= FEWEST:
            kinds.append(kind)
            place = TYPES.index(kind)
            high[place], low[place] = _reach(every, 1 - BEYOND, 1), _reach(every, BEYOND, -1)
    if not kinds:
        raise SettingsError(f"no type of machine has {FEWEST} healthy windows to learn from")
    return Prepared(STEPS, high, low).eval(), sorted(kinds)


def _reach(changes: Windows, share: float, sign: int) -> Tensor:
    """How far each signal goes on one side (C,); a signal that never moves is never far."""
    far = np.maximum(sign * np.quantile(changes, share, axis=0), LEAST)
    return torch.from_numpy(sign * np.where(changes.any(axis=0), far, NEVER)).to(torch.float32)


def _seen(prepared: Prepared, machine: Machine) -> Windows:
    """Healthy deviations (N, STEPS, C) of a machine."""
    with torch.no_grad():
        found = [
            prepared(torch.from_numpy(windows))[0].numpy()
            for windows in history.chunks(machine, _healthy(machine)[::STRIDE])
        ]
    return np.concatenate(found) if found else np.zeros((0, STEPS, len(CHANGES)), np.float32)


def _members(name: str, rows: Windows, fold: npt.NDArray[np.int64], seed: int) -> list[nn.Module]:
    """Members, each blind to one part of the machines."""
    if name == "farthest":
        return [Farthest() for _ in range(MEMBERS)]
    return [fitted(name, rows[fold != k], seed * 100 + k) for k in range(MEMBERS)]


def _blind(prepared: Prepared, members: list[nn.Module], machines: list[Machine]) -> list[Track]:
    """Every machine as the member says that never saw it."""
    watching = [Watching(prepared, [member]).eval() for member in members]
    return [
        history.track(machine, _scores(watching[number % MEMBERS])) for number, machine in enumerate(machines)
    ]


def _scores(network: nn.Module) -> Score:
    def score(windows: Windows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        with torch.no_grad():
            found: tuple[Tensor, Tensor] = network(torch.from_numpy(windows))
        return found[0].numpy().astype(np.float64), found[1].numpy().astype(np.float64)

    return score


def _some(machines: list[Machine]) -> Windows:
    """Some healthy windows (N, 32, 41), of all machines."""
    every = [(machine, _healthy(machine)) for machine in machines]
    return np.concatenate([
        features.windows(machine.machine_type, machine.bins, places[len(places) // 2 :][:1])
        for machine, places in every
        if len(places)
    ])  # fmt: skip


def _write_cases(machines: list[Machine], kinds: list[str], out: Path) -> None:
    """Golden windows of all kinds of machine with their answers, and healthy ones behind explanations."""
    background = {}
    for kind in kinds:
        mine = [(one, _healthy(one)) for one in machines if one.machine_type == kind]
        each = max(1, BACKGROUND // len(mine) + 1)
        chosen = [
            features.windows(kind, one.bins, places[np.linspace(0, len(places) - 1, each).astype(int)])
            for one, places in mine
            if len(places)
        ]
        every = np.concatenate(chosen)
        background[kind] = every[np.linspace(0, len(every) - 1, BACKGROUND).astype(int)]
    golden = np.concatenate([windows[: GOLDEN // len(kinds)] for windows in background.values()])
    score, parts = run(open_session(out / MODEL_FILE), golden)
    np.savez_compressed(out / GOLDEN_FILE, window=golden, score=score, parts=parts)
    np.savez_compressed(out / BACKGROUND_FILE, **background)


def _card(
    found: dict[str, float],
    thresholds: dict[str, float],
    peers: dict[str, PeerNote],
    simulated: bool,
    machines: int,
    windows: int,
    began: float,
    out: Path,
) -> Card:
    now, digest = datetime.now(UTC), file_hash(out / MODEL_FILE)
    return Card(
        name="plant_anomaly",
        version=f"{now:%Y%m%d}-{digest[:8]}",
        created=now.isoformat(timespec="seconds"),
        intended_use="Says which machines are unlike their own usual days, in which signals, and since when.",
        limits=LIMITS,
        licence=LICENCE if simulated else "the plant's own",
        command="python -m runtime train anomaly --data plant:DIR --out MODEL",
        seeds=(SEED,),
        seconds=round(time.monotonic() - began, 1),
        settings={"steps": STEPS, "stride": STRIDE, "middle": MIDDLE, "epochs": EPOCHS},
        feature_version=features.FEATURE_VERSION,
        threshold_rule=f"a healthy machine is called odd at most {RATE:g} times a month, by type of machine",
        validation=found,
        test={},
        background=f"{BACKGROUND} healthy windows of each type of machine",
        sha256=digest,
        data=DataNote(
            source="history of the virtual plant" if simulated else "history of the plant",
            licence=LICENCE if simulated else "the plant's own",
            runs=machines,
            windows=windows,
            split=f"machines, in {MEMBERS} parts",
            simulated=simulated,
        ),
        signals=CHANGES,
        false_alarms=RATE,
        thresholds=thresholds,
        served=SERVED,
        peers=peers,
    )
