"""Trust in words and tables: was the advice right, how people decide, and what nobody saw coming."""

from collections.abc import Sequence

from components.tables import bullets, csv_bytes, empty, panel, small, table
from components.words import NOTHING, of_100, plural, safe
from domain.drift import FEWEST_CASES
from domain.failure_review import Verdict
from domain.wording import percent
from services.rows.trust import FEWEST, Behaviour, Trust, TrustRow

KINDS = {"all": "", "model": "model", "machine": "machine", "role": "role"}
FEW = f"fewer than {FEWEST_CASES} cases"
HIDDEN = f"fewer than {FEWEST} people"
MANY_OVERRIDES, MANY_QUICK = 0.4, 0.3
PERSONAL = (
    ("Account", "name, user name, roles, places, e-mail, active or not", "to sign in and to sign", "IT"),
    ("Sessions and sign-in attempts", "time, address, accepted or not", "security", "nobody but IT"),
    ("Signature", "printed name, time, meaning", "traceability of a decision", "whoever sees the case"),
    ("Audit entry", "who did what when; the only place of reaction times", "traceability",
     "plant manager, IT"),
    ("Comment, opinion, finding, photo, report, verdict on a failure",
     "author, time, content; a photo without camera data", "the case", "whoever sees the case"),
    ("Duty, delegation, assignment, snooze, message", "who, from, until", "reaching the right person",
     "the same site"),
    (
        "Draft",
        "what is being typed; in the browser too, until the server has it, a week at most",
        "a lost connection loses nothing",
        "only the person; whoever uses the same browser profile, until it was sent",
    ),
)  # fmt: skip


def headline(trust: Trust) -> str:
    """Was the advice right; HTML."""
    if not trust.rows or not trust.rows[0].judged:
        return "<b>Nothing is judged yet.</b> Findings of technicians decide whether advice was right."
    every = trust.rows[0]
    return (
        f"<b>In {every.right} of {every.judged} cases with a finding the advice was right.</b> "
        f"{every.cases - every.judged} of {every.cases} have none: nobody looked, so this is not the share "
        f"of all advice. {plural(_missed(trust), 'failure')} came without anybody acting before."
    )


def _missed(trust: Trust) -> int:
    return sum((row.verdict or row.proposed) != Verdict.TOO_LATE for row in trust.missed)


def groups_panel(rows: Sequence[TrustRow]) -> str:
    """Hit rate of every group; behaviour only where enough people decided."""
    if not rows:
        return panel("Advice and decisions, last 90 days", empty("No advice yet."))
    head = (
        "",
        "Advice",
        "Right, as found",
        "Overridden",
        "Overrides right",
        "To decide",
        "Approved under 10 s",
    )
    note = f"behaviour only for {FEWEST} people and more together"
    return panel(
        "Advice and decisions, last 90 days",
        table(head, [_row(r) for r in rows], right=(1, 2, 3, 4, 5, 6)),
        note,
    )


def _row(row: TrustRow) -> Sequence[str]:
    name = safe(row.name) + small(KINDS[row.kind])
    right = f"{row.right} of {row.judged}" if row.judged else NOTHING
    if row.behaviour is None:
        return name, str(row.cases), right, small(HIDDEN), "", "", ""
    b = row.behaviour
    minutes = NOTHING if b.minutes_to_decide is None else f"{b.minutes_to_decide:.1f} min"
    over = percent(b.overrides_right, 0)
    if b.overrides_right is not None:
        over += f" of {b.overrides_judged}"
    return name, str(row.cases), right, percent(b.overridden, 0), over, minutes, percent(b.under_10_s, 0)


def advice_panel(trust: Trust) -> str:
    """What the figures suggest."""
    found = next((row.behaviour for row in trust.rows if row.kind == "all"), None)
    return panel(
        "What this suggests", bullets(suggestions(found), "Nothing stands out, or too few people decided.")
    )


def suggestions(b: Behaviour | None) -> list[str]:
    """Sentences about what stands out; none for fewer than FEWEST people."""
    said = []
    if b is not None and b.under_10_s is not None and b.under_10_s > MANY_QUICK:
        said.append(
            f"{percent(b.under_10_s, 0)} of approvals took less than ten seconds: nobody can read a card in "
            "that time. Ask for a word on the evidence, or approve small things by rule."
        )
    if b is not None and b.overridden > MANY_OVERRIDES:
        said.append(
            f"{percent(b.overridden, 0)} of advice is overridden: the advice or its threshold does not fit "
            "the floor."
        )
    if b is not None and b.overrides_right is not None and b.overrides_right < 0.5:
        said.append("Most rejected advice turned out right: show people how past advice ended.")
    return said


def calibration_panel(trust: Trust) -> str:
    """What the card said beside what was found."""
    if not trust.bins:
        return panel("Does the stated risk hold?", empty("No finding yet."))
    rows = [
        (f"{of_100(b.low)} to {of_100(b.high)}" if b.low else f"under {of_100(b.high)}", str(b.judged),
         of_100(b.stated), of_100(b.found) if b.judged >= FEWEST_CASES else small(FEW))
        for b in trust.bins
    ]  # fmt: skip
    head = ("Stated risk", "With a finding", "Stated on average", "Found worn or failed")
    note = "only cases with a finding: failures are found more often than good machines"
    body = table(head, rows, right=(1, 2, 3)) + small(note)
    return panel("Does the stated risk hold?", body)


def personal_panel() -> str:
    """Every personal field, for the works council."""
    rows = [tuple(safe(cell) for cell in row) for row in PERSONAL]
    return panel("Personal data, for the works council", table(("What", "Fields", "For", "Seen by"), rows))


def trust_csv(trust: Trust) -> bytes:
    """The groups as CSV; what is hidden on the screen is hidden here."""
    head = (
        "kind",
        "name",
        "advice",
        "judged",
        "right",
        "people",
        "overridden",
        "minutes to decide",
        "under 10 s",
    )
    return csv_bytes(head, (_cells(row) for row in trust.rows))


def _cells(row: TrustRow) -> Sequence[object]:
    b = row.behaviour
    rest = (b.people, b.overridden, b.minutes_to_decide, b.under_10_s) if b else (HIDDEN, "", "", "")
    return (row.kind, row.name, row.cases, row.judged, row.right, *rest)
