"""The watch over models in words and tables; no share and no chance that fewer than 20 cases back."""

from collections.abc import Sequence

from components.card import state_words
from components.links import link
from components.tables import bullets, csv_bytes, empty, panel, small, table
from components.words import NOTHING, metric_label, moment, of_100, plural, safe
from domain.calibration import Calibration
from domain.cases import CaseKind
from domain.drift import FEWEST_CASES, MOVED_SHARE
from domain.wording import percent
from services.rows.model_watch import DriftRow, Learning, Look, OutputDrift, ProposalRow, Tally, WatchView
from services.rows.site import SiteRow

BEFORE = {
    "approved": "approved; python -m runtime retrain runs it",
    "rejected": "rejected",
    "done": "done",
    "replaced": "proposed anew as a case",
}
UNDER_WAY = {"proposed", "seen", "approved", "sent"}


def headline(view: WatchView) -> str:
    """Does anything want attention; HTML."""
    if not view.looks:
        return "<b>Nobody has looked yet.</b> The scoring process looks every hour of plant time."
    waiting = [one for one in view.proposals if one.state in UNDER_WAY]
    learning = sum(len(look.learning) for look in view.looks)
    said = f"{plural(learning, 'machine')} learning." if learning else "No machine is learning."
    if not waiting:
        return f"<b>Nothing asks for new training.</b> {said}"
    return f"<b>{plural(len(waiting), 'proposal')} to train a model anew.</b> {said}"


def truth_panel(look: Look) -> str:
    """Stated beside found, and alarms beside failures, over what is known by now."""
    c, t = look.calibration, look.total
    rows = [
        ("Failures in a day, stated on average", of_100(c.stated) if c.stated is not None else few(c.cases)),
        ("Failures in a day, as they came", _found(c)),
        ("Brier score", f"{c.brier:.4f}" if c.brier is not None else few(c.cases)),
        ("Alarms that were right", share(t.true, t.true + t.false)),
        ("Failures warned 4 to 24 h ahead", share(t.warned, t.failures)),
    ]
    body = table(
        (), [(safe(name), f'<span class="tw-num">{value}</span>') for name, value in rows], right=(1,)
    )
    more = (
        f"{c.cases:,} cases count, one a machine and day; {c.censored} were cut off by a maintenance, the "
        f"others are weighted for them. {t.alarms} alarms: {t.true} with a failure, {t.false} without, "
        f"{t.censored} cut off, {t.waiting} not over yet."
    )
    return panel("Stated, and what came", body + small(safe(more)), f"last {look.days:.0f} days")


def _found(c: Calibration) -> str:
    if c.found is None:
        return few(c.cases)
    mark = ' <span class="tw-tag tw-high">&#9650; not as stated</span>' if c.off else ""
    return of_100(c.found) + mark


def few(cases: int) -> str:
    """What stands in the place of a share with too little behind it."""
    return small(f"too few: {cases} of {FEWEST_CASES} cases")


def share(part: int, whole: int) -> str:
    """A share with its count, or that there are too few cases for one."""
    if not whole:
        return NOTHING
    return few(whole) if whole < FEWEST_CASES else f"{percent(part / whole, 0)} of {whole}"


def calibration_panel(c: Calibration) -> str:
    """The same by stated chance."""
    if not c.bins:
        return panel("By stated chance", empty("No case has ended yet."))
    rows = [
        (f"{percent(b.low, 0)} to {percent(b.high, 0)}", str(b.cases), percent(b.stated),
         few(b.cases) if b.found is None else percent(b.found))
        for b in c.bins
    ]  # fmt: skip
    return panel("By stated chance", table(("Stated", "Cases", "On average", "Came"), rows, right=(1, 2, 3)))


def machines_panel(rows: Sequence[Tally]) -> str:
    """Machines with an alarm or a failure."""
    if not rows:
        return panel("By machine", empty("No alarm and no failure yet."))
    head = ("Machine", "Alarms", "Right", "Wrong", "Cut off", "Failures", "Warned", "Share right")
    cells = [
        (safe(r.machine), *(str(n) for n in (r.alarms, r.true, r.false, r.censored, r.failures, r.warned)),
         share(r.true, r.true + r.false))
        for r in rows
    ]  # fmt: skip
    return panel("By machine", table(head, cells, right=tuple(range(1, 8)), tight=True))


def output_panel(found: OutputDrift) -> str:
    """Have the stated chances moved?"""
    if found.psi is None or found.before is None or found.now is None:
        return panel("Stated chances", empty("Too few predictions to compare two days with the five before."))
    mark = "moved" if found.psi >= 0.25 else "as before"
    rows = [
        ("On average, the five days before", percent(found.before, 2)),
        ("On average, the last two days", percent(found.now, 2)),
        ("PSI (a shift from 0.25 on)", f"{found.psi:.2f}, {mark}"),
    ]
    return panel("Stated chances", table((), [(safe(a), safe(b)) for a, b in rows], right=(1,)))


def inputs_panel(rows: Sequence[DriftRow]) -> str:
    """Sensors that have moved since each machine's own first days after its last change."""
    seen = [row for row in rows if row.shifted]
    compared = max((row.compared for row in rows), default=0)
    if not seen:
        none = "No sensor has moved." if compared else "No machine can be compared yet: all are learning."
        return panel("Sensors that have moved", empty(none))
    head = ("Sensor", "Machines", "Moved", "Furthest", "PSI", "KS", "KS at 1 %")
    body = table(head, [_drift(row) for row in seen], right=(2, 4, 5, 6))
    note = (
        "The last two days against the first three after the machine's last change. One machine alone may be "
        f"wearing; from {percent(MOVED_SHARE, 0)} of the machines of a type on, the plant has changed."
    )
    return panel("Sensors that have moved", body + small(note))


def _drift(row: DriftRow) -> Sequence[str]:
    return (
        safe(metric_label(row.metric)), safe(row.machine_type), f"{row.shifted} of {row.compared}",
        safe(row.worst) or NOTHING, f"{row.psi:.2f}", f"{row.ks:.2f}", f"{row.critical:.2f}",
    )  # fmt: skip


def learning_panel(rows: Sequence[Learning], site: SiteRow, now_us: int) -> str:
    """Machines whose usual values are new."""
    if not rows:
        return panel("Learning", empty("No machine is learning: nothing was changed in the last three days."))
    head = ("Machine", "Since", "Until", "Because of")
    cells = [
        (link(r.machine, "machine", id=r.equipment_id), moment(r.since_us, site.time_zone, now_us),
         moment(r.until_us, site.time_zone, now_us), safe(r.why))
        for r in rows
    ]  # fmt: skip
    note = "Its usual values are new: read its chances with care, and its interval as too narrow."
    return panel("Learning", table(head, cells, tight=True) + small(note))


def proposals_panel(rows: Sequence[ProposalRow], site: SiteRow, now_us: int) -> str:
    """Proposals, newest first."""
    if not rows:
        return panel("Proposals to train anew", empty("None yet."))
    head = ("When", "Model", "Why", "Stands", "Decided in")
    return panel(
        "Proposals to train anew", table(head, [_proposal(row, site, now_us) for row in rows], wide=2)
    )


def _proposal(row: ProposalRow, site: SiteRow, now_us: int) -> Sequence[str]:
    came = small(safe(f"became {row.new_version}")) if row.new_version else ""
    signed = safe(row.by) + small(safe(f"{row.meaning} {row.record_hash[:12]}")) if row.by else NOTHING
    if row.number is not None:
        signed = link(f"case {row.number}", "case", case=str(row.number))
    return (
        f'<span class="tw-nw">{moment(row.opened_us, site.time_zone, now_us)}</span>',
        f"{safe(row.model.replace('_', ' '))}{small(safe(row.version))}",
        why(row),
        _stands(row) + came + small(safe(row.reason)),
        signed,
    )


def _stands(row: ProposalRow) -> str:
    if row.number is None:
        return safe(BEFORE.get(row.state, row.state))
    waits = "waits for a decision" if row.state in ("proposed", "seen") else ""
    return safe(waits or state_words(CaseKind.RETRAINING, row.state))


def watch_csv(view: WatchView) -> bytes:
    """Machines with an alarm or a failure, by model, as CSV."""
    head = (
        "model",
        "version",
        "machine",
        "alarms",
        "right",
        "wrong",
        "cut off",
        "not over",
        "failures",
        "warned",
    )
    return csv_bytes(
        head,
        (
            (look.model, look.version, t.machine or "all", t.alarms, t.true, t.false, t.censored, t.waiting,
             t.failures, t.warned)
            for look in view.looks
            for t in (look.total, *look.machines)
        ),
    )  # fmt: skip


def why(row: ProposalRow) -> str:
    """Why it is proposed, as a list."""
    return bullets([one[:1].upper() + one[1:] + "." for one in row.why], "")
