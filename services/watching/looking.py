"""One look at a model at work at a site, every plant hour: stored, and what follows from it proposed."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from statistics import fmean
from typing import Any

from sqlalchemy import Connection, select

from data.store import model_watch as store
from data.store import predictions, registry, stops
from data.store import tables as t
from data.store.database import Database
from domain.calibration import calibration
from domain.cases import CaseState
from domain.clock import DAY, HOUR, SECOND, wall_us
from domain.drift import FEWEST_MACHINES, MOVED_SHARE, NOW_US, SHIFTED_PSI, moved
from domain.equipment import plural
from domain.model_gates import Stage
from domain.telemetry import METRICS
from domain.wording import percent
from services.queries.common import names_of
from services.rows.model_watch import Look, OutputDrift
from services.situation import Site, site_at
from services.watching.inputs import drift
from services.watching.learning import rows
from services.watching.proposing import open_case, still_says_so
from services.watching.truth import SCORED, told

EVERY_US = HOUR
BEFORE_US = 5 * DAY
_TINY = 1e-6
REPLACED = "replaced"  # from before proposals were cases: waiting then, proposed anew as a case


def look_due(database: Database) -> int:
    """Look at the champions of every site that takes advice where the last look is an hour old."""
    s, made = t.sites.c, 0
    with database.read() as tx:
        sites = tx.execute(select(s.site_id).where(s.shadow.is_(False)).order_by(s.site_id)).scalars().all()
        champions = [row for row in registry.versions(tx, (Stage.CHAMPION,)) if _plant(row)]
        due = [
            (site, row)
            for site in sites
            for row in champions
            if site_at(tx, site).now_us - store.looked_us(tx, site, row["name"]) >= EVERY_US
        ]
    for site_id, champion in due:
        with database.read() as tx:
            site = site_at(tx, site_id)
            found = look(tx, site, champion)
        with database.write() as tx:
            keep(tx, site, found)
        made += 1
    return made


def look(tx: Connection, site: Site, champion: Mapping[str, Any]) -> Look:
    """Everything about one model at one site, as of now."""
    card, now = json.loads(champion["card"]), site.now_us
    kinds = dict(predictions.units(tx, card["window"]["groups"], site.site_id))
    names = names_of(tx, kinds)
    units = [(unit, names.get(unit, unit)) for unit in kinds]
    key = (champion["name"], champion["version"])
    cases, total, machines, days = told(tx, units, key, now, int(card["horizon_s"]) * SECOND)
    return Look(
        model=key[0], version=key[1], made_us=now, days=days,
        inputs=drift(tx, site.site_id, [(unit, name, kinds[unit]) for unit, name in units], now),
        output=outputs(tx, key, list(kinds), now), calibration=calibration(cases), total=total,
        machines=machines, learning=rows(tx, site.site_id, dict(units), now),
    )  # fmt: skip


def outputs(tx: Connection, key: tuple[str, str], units: list[str], now_us: int) -> OutputDrift:
    """Stated chances as log odds: the last two days against the five before."""
    then: list[float] = []
    now: list[float] = []
    for unit in units:
        for row in registry.spoken(tx, *key, unit, now_us - NOW_US - BEFORE_US):
            if row.status == SCORED:
                (now if row.at_us > now_us - NOW_US else then).append(row.probability)
    compared = moved(list(map(_odds, then)), list(map(_odds, now)))
    if compared is None:
        return OutputDrift(None, None, None, len(now))
    return OutputDrift(compared.psi, fmean(then), fmean(now), len(now))


def keep(tx: Connection, site: Site, found: Look) -> None:
    """Store a look, and open the case of a training where it says so and nothing is under way.

    Nothing is proposed about a model that people have stopped.
    """
    store.put_look(tx, {
        "site_id": site.site_id, "model_name": found.model, "model_version": found.version,
        "made_us": found.made_us, "made_wall_us": wall_us(), "document": json.dumps(asdict(found)),
    })  # fmt: skip
    why = reasons(found)
    if not why or stops.stopped(tx, site.site_id, found.model, hold=True):
        return
    if still_says_so(tx, site, found.model):
        return
    shadowed = any(row["name"] == found.model for row in registry.versions(tx, (Stage.SHADOW,)))
    if not shadowed and not _settled(tx, site, found):
        open_case(tx, site, found, why)


def reasons(found: Look) -> list[str]:
    """Why the model should be trained anew, in sentences; none when nothing says so.

    Sensors that moved are told beside chances that moved or do not hold, never alone: seasons, products
    and orders move sensors all the time, and a model that still says what comes needs no training.
    """
    said: list[str] = []
    if found.output.psi is not None and found.output.psi >= SHIFTED_PSI:
        said.append(f"the stated chances have moved (PSI {found.output.psi:.2f})")
    c = found.calibration
    if c.off and c.stated is not None and c.found is not None:
        stated = f"{percent(c.stated)} failures were stated on average"
        said.append(f"{stated}, {percent(c.found)} came, in {c.cases} cases")
    return [*said, *moved_inputs(found)] if said else []


def moved_inputs(found: Look) -> list[str]:
    """Sensors that moved on many machines of a kind, in sentences."""
    return [
        f"{METRICS[row.metric].label} has moved on {row.shifted} of {row.compared} {plural(row.machine_type)}"
        for row in found.inputs
        if row.compared >= FEWEST_MACHINES and row.shifted >= MOVED_SHARE * row.compared
    ]


def _plant(row: Mapping[str, Any]) -> bool:
    card = json.loads(row["card"])
    return (card.get("data") or {}).get("kind") == "plant" and bool((card.get("window") or {}).get("groups"))


def _settled(tx: Connection, site: Site, found: Look) -> bool:
    """Did a case about this version open within a week? People have answered; it is not repeated."""
    return any(
        row["model_version"] == found.version
        and row["state"] != REPLACED
        and row["case_state"] not in (CaseState.WITHDRAWN, CaseState.CANCELLED)
        and site.now_us - row["opened_us"] < 7 * DAY
        for row in store.proposals(tx, site.site_id)
        if row["model_name"] == found.model
    )


def _odds(probability: float) -> float:
    p = min(max(probability, _TINY), 1 - _TINY)
    return math.log(p / (1 - p))
