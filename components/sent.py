"""What became of the orders that decisions sent: in words, as tables and as CSV."""

from collections.abc import Sequence

from components.course import receiver
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, lapse, plural, safe
from domain.clock import SECOND
from services.rows.sent import Hand, OddStock, Receiver, Sent

HEAD = ("Receiver", "Orders", "Accepted", "Refused", "Taken back", "Waiting", "Sent within",
        "Answered within", "95 of 100 within", "Longest")  # fmt: skip


def headline(found: Sent) -> str:
    """How surely and how fast; HTML."""
    whole = found.whole
    if not whole.orders:
        return "<b>No order was sent in this time.</b>"
    said = (
        f"<b>{whole.accepted:,} of {plural(whole.orders, 'order')} to MES and ERP "
        f"{'was' if whole.accepted == 1 else 'were'} accepted.</b>"
    )
    if whole.half_us is not None and whole.most_us is not None:
        said += (
            f" Half were answered within {lapse(whole.half_us)} of the decision, 95 of 100 within "
            f"{lapse(whole.most_us)}."
        )
    if found.acts is not None:
        said += (
            f" {plural(found.cases, 'case')} took {found.acts:g} {_acts(found.acts)} of people each (median)."
        )
    return said


def _acts(count: float) -> str:
    return "act" if count == 1 else "acts"


def receivers_panel(found: Sent) -> str:
    """A line for each receiver; times are medians unless said otherwise."""
    if not found.receivers:
        return panel("Orders by receiver", empty("No order was sent in this time."))
    rows = [_cells(one, safe(receiver(one.queue))) for one in found.receivers]
    if len(rows) > 1:
        rows.append(_cells(found.whole, "<b>All</b>"))
    note = "times from the decision on, median" + ("; the newest orders only" if found.cut else "")
    return panel("Orders by receiver", table(HEAD, rows, right=range(1, len(HEAD)), tight=True), note)


def _cells(one: Receiver, name: str) -> Sequence[str]:
    refused = f'<span class="tw-high tw-num">&#9650; {one.refused:,}</span>' if one.refused else "0"
    times = (one.out_us, one.half_us, one.most_us, one.longest_us)
    return (
        name, f"{one.orders:,}", f"{one.accepted:,}", refused, f"{one.taken_back:,}", f"{one.waiting:,}",
        *(NOTHING if us is None else f'<span class="tw-nw">{lapse(us)}</span>' for us in times),
    )  # fmt: skip


def reasons_panel(reasons: Sequence[tuple[str, int]]) -> str:
    """Why receivers refused, in their words."""
    rows = [(safe(words), f"{count:,}") for words, count in reasons]
    html = table(("Said by the receiver", "Orders"), rows, right=(1,), tight=True)
    return panel("Why orders were refused", html if rows else empty("No order was refused."))


def hands_panel(hands: Sequence[Hand]) -> str:
    """What people did at these cases; nobody is named."""
    rows = [(safe(one.action), f"{one.times:,}", f"{one.cases:,}") for one in hands]
    html = table(("What people did", "Times", "Cases"), rows, right=(1, 2), tight=True)
    return panel("Acts of people", html if rows else empty("Nobody did anything in this time."))


def stock_panel(parts: int, odd: Sequence[OddStock]) -> str:
    """Stock records of the ERP that cannot be right."""
    title = "Stock records that contradict themselves"
    if not odd:
        text = f"None of {plural(parts, 'part')}." if parts else "The ERP has told no stock yet."
        return panel(title, empty(text))
    rows = [(f"{safe(one.name)}{small(safe(one.part_id))}", safe(one.module), safe(one.words)) for one in odd]
    note = f"{len(odd):,} of {plural(parts, 'part')}"
    return panel(title, table(("Part", "Told by", "What it says"), rows, tight=True), note)


def sent_csv(found: Sent) -> bytes:
    """The receivers; times in seconds."""
    head = ("receiver", "orders", "accepted", "refused", "taken_back", "waiting", "sent_median_s",
            "answered_median_s", "answered_p95_s", "answered_longest_s")  # fmt: skip
    return csv_bytes(head, (_numbers(one) for one in found.receivers))


def _numbers(one: Receiver) -> Sequence[object]:
    times = (one.out_us, one.half_us, one.most_us, one.longest_us)
    counts = (one.orders, one.accepted, one.refused, one.taken_back, one.waiting)
    return one.queue, *counts, *("" if us is None else us / SECOND for us in times)
