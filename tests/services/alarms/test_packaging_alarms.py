"""Alarm figures on the codes of real packaging machines, against plain pandas.

The set "Alarm logs of industrial packaging machines" (Tosato et al., CC BY) lies beside the repository:
stretches of 1,720 minutes of 20 machines, each with the codes that came, in their order. The file holds
no times within a stretch. So counts, rates and the most frequent are those of the real log; for what
needs times (floods, chattering) the real codes are laid over the stretch in bursts drawn by a fixed
seed. The burst made by hand is always there.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from domain.alarms.kpis import AlarmKpis
from domain.alarms.life import Priority
from domain.clock import MINUTE, SECOND
from services.alarms.figures import kpis
from tests.kits.alarm_rules import Asked, columns

FOLDER = (
    Path(os.environ.get("TAKTWISE_DATASETS", Path(__file__).resolve().parents[3].parent / "shared/datasets"))
    / "alpi_packaging_alarms"
)
STRETCH_US = 1_720 * MINUTE
EVERY = 60  # stretches overlap by 1,660 of 1,720 minutes: each 60th is enough
LEVELS = (Priority.LOW, Priority.LOW, Priority.LOW, Priority.LOW, Priority.MEDIUM, Priority.HIGH)


def stretches() -> list[tuple[int, list[int]]]:
    """(machine, codes in order), the padding zeros left out."""
    file = FOLDER / "train.npz"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    with np.load(file) as log:
        codes, machines = log["x_train"][::EVERY], log["stratify_train"][::EVERY]
    return [(int(m), [int(c) for c in row if c]) for m, row in zip(machines, codes, strict=True)]


def in_bursts(codes: list[int], seed: int) -> list[Asked]:
    """The codes in their order, most of them close behind the one before."""
    rng = np.random.default_rng(seed)
    gaps = np.where(rng.random(len(codes)) < 0.85, rng.exponential(20, len(codes)), rng.exponential(3_000))
    times = (np.cumsum(gaps) * SECOND).astype(np.int64) % STRETCH_US
    return [
        Asked(int(at), str(code), LEVELS[code % len(LEVELS)])
        for at, code in zip(np.sort(times), codes, strict=True)
    ]


def by_pandas(asked: list[Asked]) -> dict[str, object]:
    """The same figures, by a frame with an index of times."""
    log = pd.DataFrame([(a.at_us, a.alarm_id, a.priority) for a in asked], columns=["at", "alarm", "level"])
    when = pd.to_datetime(log["at"], unit="us")
    ten = pd.Series(1, index=pd.DatetimeIndex(when)).rolling("10min").sum()
    steps = pd.concat(
        [pd.DataFrame({"at": log["at"] + 10 * MINUTE, "n": -1}), pd.DataFrame({"at": log["at"], "n": 1})]
    ).sort_values("at", kind="stable")
    inside = steps["n"].cumsum()
    flood = pd.Series(np.where(inside > 10, 1.0, np.where(inside < 5, 0.0, np.nan))).ffill().fillna(0.0)
    at = steps["at"].clip(upper=STRETCH_US).to_numpy()
    lasting = (np.diff(at) * flood.to_numpy()[:-1]).sum()
    third = log.groupby("alarm")["at"].diff(2)
    chatter = log[third <= MINUTE].groupby("alarm").size()
    return {
        "total": len(log),
        "rate": len(log) / 172,
        "worst": int(ten.max()),
        "floods": int((flood.diff().fillna(flood.iloc[0]) == 1).sum()),
        "flooded": lasting / STRETCH_US,
        "split": log["level"].value_counts(normalize=True).to_dict(),
        "counts": log["alarm"].value_counts().to_dict(),
        "chattering": chatter.to_dict(),
    }


def compare(found: AlarmKpis, asked: list[Asked]) -> None:
    plain = by_pandas(asked)
    assert found.total == plain["total"] and found.rate == pytest.approx(plain["rate"])
    assert found.worst == plain["worst"] and len(found.floods) == plain["floods"]
    assert found.flooded == pytest.approx(plain["flooded"])
    assert {p: share for p, share in found.split.items() if share} == pytest.approx(plain["split"])
    counts = plain["counts"]
    assert dict(found.frequent) == counts
    assert [n for _, n in found.frequent] == sorted(counts.values(), reverse=True)
    assert dict(found.chattering) == plain["chattering"]


def test_every_figure_of_the_real_codes_is_that_of_plain_pandas():
    log = stretches()
    assert len({machine for machine, _ in log}) == 20 and len(log) > 600
    floods = chattering = 0
    for number, (_, codes) in enumerate(log):
        asked = in_bursts(codes, number)
        found = kpis(columns(asked), 0, STRETCH_US, shown=len(codes))
        compare(found, asked)
        floods += len(found.floods)
        chattering += len(found.chattering)
    assert floods > 100 and chattering > 100  # the bursts do make what is compared


def test_the_real_log_s_most_frequent_codes_and_rates_by_machine():
    log = pd.DataFrame(stretches(), columns=["machine", "codes"])
    plain = log.explode("codes").groupby("machine")["codes"]
    for machine, rows in log.groupby("machine"):
        one_after_another = [code for codes in rows["codes"] for code in codes]
        span = STRETCH_US * len(rows)
        step = span // len(one_after_another)
        asked = [Asked(k * step, str(c), Priority.LOW) for k, c in enumerate(one_after_another)]
        found = kpis(columns(asked), 0, span, shown=5)
        top = plain.get_group(machine).value_counts()
        assert [n for _, n in found.frequent] == top.head(5).tolist()
        assert all(top[int(code)] == n for code, n in found.frequent)
        assert found.rate == pytest.approx(len(one_after_another) / (172 * len(rows)))


def test_a_burst_made_by_hand():
    times = [k * 30 * SECOND for k in range(14)] + [3_600 * SECOND]
    asked = [Asked(at, "A" if k % 2 else "B", Priority.LOW) for k, at in enumerate(times)]
    found = kpis(columns(asked), 0, STRETCH_US, shown=9)
    compare(found, asked)
    assert len(found.floods) == 1 and found.worst == 14 and not found.chattering
