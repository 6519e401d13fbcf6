"""Trains anomaly models: autoencoder and variational autoencoder, beside T squared; no labels are read."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from domain.errors import SettingsError
from domain.wording import percent
from models.anomaly import healthy, running, sound
from models.anomaly.card import Card, PeerNote
from models.anomaly.deviation import Floats
from models.anomaly.healthy import Healthy
from models.anomaly.kinds import KINDS, Kind
from models.anomaly.network import T2, AutoEncoder, Mean, Variational
from models.anomaly.series import Run
from models.card import BACKGROUND_FILE, GOLDEN_FILE, MODEL_FILE, file_hash, write_card
from models.dataspec import DataSpec
from models.session import open_session

Report = Callable[[str, float], None]
SEEDS = (7, 8, 9)
MEMBERS, MIDDLE, EPOCHS, BATCH, RATE = 2, 8, 30, 256, 2e-3
FEWEST_WINDOWS = 200
EXACT = 1e-5  # of the score, or relative where the score is above 1
GOLDEN, BACKGROUND = 32, 64
NAMES = ("t2", "autoencoder", "variational")


def no_report(_text: str, _share: float) -> None:
    """Nobody listens."""


def train(data: DataSpec, out: Path, report: Report = no_report) -> dict[str, float]:
    """Train on the healthy beginnings of the runs of `data`; returns what healthy readings say.

    `threshold_spread` is the standard deviation of each network's threshold over three seeds.
    """
    began = time.monotonic()
    torch.set_num_threads(1)
    kind = KINDS[data.kind]
    runs = kind.read(data)
    found = healthy.gather(kind, runs)
    if len(found.windows) < FEWEST_WINDOWS:
        raise SettingsError(f"{len(found.windows)} healthy readings are too few to learn from")
    out.mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {"runs": float(len(runs)), "healthy_readings": float(len(found.windows))}
    peers, parts = {}, np.zeros((0, len(kind.channels)), np.float32)
    for number, name in enumerate(NAMES):
        served = name == kind.served
        path = out / (MODEL_FILE if served else f"peer_{name}.onnx")
        members, score, share = _fit(name, kind, found, SEEDS[0], report, number)
        export(Mean(members).eval(), found.windows[:GOLDEN], path)
        threshold = (kind.least if served else 0.0) or float(np.quantile(score, 1 - kind.rate))
        figures[f"{name}_threshold"] = threshold
        if name != "t2":
            others = [_fit(name, kind, found, seed, no_report, 0)[1] for seed in SEEDS[1:]]
            each = [threshold, *(float(np.quantile(one, 1 - kind.rate)) for one in others)]
            figures[f"{name}_threshold_spread"] = float(np.std(each, ddof=1))
        if served:
            parts = share
        else:
            # Where runs have thresholds of their own, a peer's is the run's alone: none is shared.
            peers[name] = PeerNote(sha256=file_hash(path), threshold=0.0 if kind.least else threshold)
    _write_cases(found, out)
    tops = np.quantile(parts, 1 - kind.rate, axis=0).tolist()
    shared = dict(zip(kind.channels, tops, strict=True))
    limits = dict.fromkeys(kind.channels, kind.least**2) if kind.least else shared
    write_card(out, _card(kind, runs, figures, peers, limits, began, out))
    return figures


def _fit(
    name: str, kind: Kind, found: Healthy, seed: int, report: Report, number: int
) -> tuple[list[nn.Module], np.ndarray[tuple[int], np.dtype[np.float64]], Floats]:
    """Members, each blind to one part of the runs (of one run: of its time), and what they say of it."""
    fold = _folds(found.run)
    members: list[nn.Module] = []
    score, parts = np.zeros(len(found.run)), np.zeros((len(found.run), len(kind.channels)), np.float32)
    for k in range(MEMBERS):
        own = fold == k
        member = fitted(name, found.windows[~own], seed * 100 + k)
        report(f"{name}, member {k + 1}", 0.9 * (number + (k + 1) / MEMBERS) / len(NAMES))
        members.append(member)
        with torch.no_grad():
            said, share = member(torch.from_numpy(found.windows[own]))
        score[own], parts[own] = said.numpy(), share.numpy()
    return members, score[found.sets], parts[found.sets]


def _folds(run: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The part of each window (N,): by run, or by time where there are fewer runs than parts."""
    if len(np.unique(run)) < MEMBERS:
        return np.arange(len(run)) * MEMBERS // len(run)
    return np.asarray(run % MEMBERS)


def fitted(name: str, seen: Floats, seed: int) -> nn.Module:
    """One network of that name, trained on windows (N, T, C)."""
    if name == "t2":
        return T2()
    torch.manual_seed(seed)
    shape = (seen.shape[1], seen.shape[2], min(MIDDLE, seen.shape[2]))
    network = AutoEncoder(*shape) if name == "autoencoder" else Variational(*shape)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    draw = np.random.default_rng(seed)
    rows = torch.from_numpy(seen)
    for _ in range(EPOCHS):
        for chosen in torch.from_numpy(draw.permutation(len(seen))).split(BATCH):
            value = network.loss(rows[chosen])
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
    return network.eval()


def export(network: nn.Module, example: Floats, path: Path) -> None:
    """Write ONNX for any number of windows; SettingsError when it answers otherwise than the network."""
    many = torch.export.Dim("windows", min=1, max=1_000_000)
    torch.onnx.export(
        network,
        (torch.from_numpy(example),),
        str(path),
        input_names=["window"],
        output_names=["score", "parts"],
        dynamic_shapes={"window": {0: many}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    with torch.no_grad():
        wanted = network(torch.from_numpy(example))[0].numpy()
    found = running.run(open_session(path), example)[0]
    error = float((np.abs(found - wanted) / np.maximum(wanted, 1)).max())
    if error > EXACT:
        raise SettingsError(f"{path.name} differs from the trained network by {error:.2g}")


def _write_cases(found: Healthy, out: Path) -> None:
    sets = found.windows[found.sets]
    golden = sets[np.linspace(0, len(sets) - 1, GOLDEN).astype(int)]
    score, _ = running.run(open_session(out / MODEL_FILE), golden)
    np.savez_compressed(out / GOLDEN_FILE, window=golden, score=score)
    chosen = np.linspace(0, len(sets) - 1, BACKGROUND).astype(int)
    np.savez_compressed(out / BACKGROUND_FILE, background=sets[chosen])


def _card(
    kind: Kind,
    runs: list[Run],
    figures: dict[str, float],
    peers: dict[str, PeerNote],
    limits: dict[str, float],
    began: float,
    out: Path,
) -> Card:
    now, digest = datetime.now(UTC), file_hash(out / MODEL_FILE)
    settings = {name: getattr(kind.settings, name) for name in kind.settings.__dataclass_fields__}
    return Card(
        name=f"{kind.name}_anomaly",
        version=f"{now:%Y%m%d}-{digest[:8]}",
        created=now.isoformat(timespec="seconds"),
        intended_use="Says which readings of a run are unlike its own beginning, and which signals are odd.",
        limits=kind.limits,
        licence=kind.licence,
        command=f"python -m runtime train anomaly --data {kind.name}:DIR --out MODEL",
        seeds=SEEDS,
        seconds=round(time.monotonic() - began, 1),
        settings=settings | {"middle": MIDDLE, "epochs": EPOCHS},
        feature_version=kind.version,
        threshold_rule=f"{percent(kind.rate, 0)} of healthy readings are above it, judged from half "
        "a beginning",
        validation=figures,
        test={},
        background=f"{BACKGROUND} healthy windows of the training runs",
        sha256=digest,
        kind=kind.name,
        source=kind.source,
        runs=len(runs),
        sound=sound.note(runs, kind.settings),
        channels=kind.channels,
        steps=kind.settings.steps,
        rate=kind.rate,
        threshold=figures[f"{kind.served}_threshold"],
        limits_by_signal=limits,
        served=kind.served,
        peers=peers,
    )
