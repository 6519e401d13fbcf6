"""Inspected pictures: the gallery, one picture with where it shows, what model and people said."""

from base64 import b64encode
from collections.abc import Sequence

from components.links import href
from components.tables import csv_bytes, empty, heading, panel, small, table
from components.tokens import HIGH
from components.words import NOTHING, instant, moment, plural, safe
from domain.inspection import GOOD, LABELS, UNKNOWN, label_words
from services.rows.pictures import Gallery, Inspection, Said
from services.rows.site import SiteRow

SOURCES = {"mqtt": "camera, MQTT", "folder": "watched folder", "http": "sent by HTTP"}
GONE = "This picture is no longer kept; what was said of it is."


def headline(found: Gallery) -> str:
    """The sentence on top; HTML."""
    asked = (
        f"<b>{plural(found.open, 'picture')} {'waits' if found.open == 1 else 'wait'} for a person.</b>"
        if found.open
        else "<b>No picture waits for a person.</b>"
    )
    queue = f" {plural(found.waiting, 'picture')} not judged yet." if found.waiting else ""
    refused = f" {plural(found.refused, 'picture')} refused." if found.refused else ""
    return asked + queue + refused


def gallery(found: Gallery, site: SiteRow, now_us: int, *, heat: bool, query: dict[str, str]) -> str:
    """Cards, newest first; each opens its picture. `query` are the filters, kept in the links."""
    if not found.shown:
        return panel("", empty("No picture fits. Cameras send by MQTT, HTTP, or into the watched folder."))
    cards = "".join(_card(one, site, now_us, heat, query) for one in found.shown)
    return f'<div class="tw-pictures">{cards}</div>'


def _card(one: Inspection, site: SiteRow, now_us: int, heat: bool, query: dict[str, str]) -> str:
    link = href("pictures", **{**query, "id": one.inspection_id})
    when = moment(one.taken_us, site.time_zone, now_us)
    where = f"{safe(one.machine)}, {when}"
    return (
        f'<a {link} aria-label="{safe(words_of(one))}, {where}"><span class="tw-picture">'
        f"{image(one, heat=heat)}<span>{verdict(one)}{small(where)}</span></span></a>"
    )


def image(one: Inspection, *, heat: bool, large: bool = False) -> str:
    """The picture, with the regions that spoke for the label over it."""
    if one.picture is None:
        return f'<span class="tw-photo gone">{safe(GONE)}</span>'
    data = b64encode(one.picture).decode("ascii")
    kind = "png" if one.picture.startswith(b"\x89PNG") else "bmp" if one.picture[:2] == b"BM" else "jpeg"
    photo = f'<img src="data:image/{kind};base64,{data}" alt="{safe(words_of(one))}">'
    over = _regions(one.regions) if heat and one.regions else ""
    return f'<span class="tw-photo{" large" if large else ""}">{photo}{over}</span>'


def _regions(rows: Sequence[Sequence[int]]) -> str:
    cells = "".join(
        f'<rect x="{x}" y="{y}" width="1.02" height="1.02" fill="{HIGH}" fill-opacity="{value * 0.007:.2f}"/>'
        for y, row in enumerate(rows)
        for x, value in enumerate(row)
        if value > 8
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows[0])} {len(rows)}" '
        f'width="200" height="200" preserveAspectRatio="none">{cells}</svg>'
    )
    data = b64encode(drawn.encode()).decode("ascii")
    return f'<img class="over" src="data:image/svg+xml;base64,{data}" alt="">'


def words_of(one: Inspection) -> str:
    """What it is, as far as anybody has said; text."""
    if one.said_label:
        return label_words(one.said_label)
    if one.state == "refused":
        return "Refused"
    if not one.label:
        return "Not judged"
    return label_words(UNKNOWN) if one.unknown else label_words(one.label)


def verdict(one: Inspection) -> str:
    """The same with its mark: a triangle where something is wrong, a question mark where nobody knows."""
    words = safe(words_of(one))
    if one.said_label:
        mark = "" if one.said_label == GOOD else '<span class="tw-high">&#9650;</span> '
        return f"{mark}<b>{words}</b>{small('said by ' + safe(one.said_by))}"
    if one.state == "refused":
        return f"<b>{words}</b>{small(safe(one.reason))}"
    if one.unknown or not one.label:
        return f'<span class="tw-high">?</span> <b>{words}</b>{small("waits for a person")}'
    sure = f"{100 * (one.confidence or 0):.0f} %"
    if one.label == GOOD:
        return f"<b>{words}</b>{small(sure + (', unsure' if one.for_person else ''))}"
    return f'<span class="tw-high">&#9650;</span> <b>{words}</b>{small(f"{sure}, not confirmed")}'


def detail(one: Inspection, site: SiteRow, now_us: int) -> str:
    """What is known of one picture: chances, strangeness, where it came from."""
    rows = [
        (safe(label_words(name)), f'<span class="tw-num">{100 * value:.1f}</span>')
        for name, value in one.probabilities
    ]
    chances = table(("What the model says", "%"), rows, right=(1,), tight=True) if rows else ""
    strange = ""
    if one.strangeness is not None:
        far = "above 1.00: of no kind that the model knows" if one.unknown else "up to 1.00 is known"
        strange = small(f"Strangeness {one.strangeness:.2f} ({far}).")
    shown = (
        small(
            "Coloured: the regions that the network counted for this kind (class activation map; base and "
            f"regions add up to its score within {one.additivity_error:.0e})."
        )
        if one.regions
        else ""
    )
    why = f"<p>{safe(one.reason[:1].upper() + one.reason[1:])}.</p>" if one.reason else ""
    facts = small(
        f"{safe(one.machine)}, {safe(one.line)}. {moment(one.taken_us, site.time_zone, now_us)}, "
        f"{safe(SOURCES.get(one.source, one.source))}. {safe(one.model) or 'No model'}."
    )
    said = ""
    if one.said_label:
        when = moment(one.said_us, site.time_zone, now_us)
        said = f"<p><b>{safe(label_words(one.said_label))}</b>, said by {safe(one.said_by)}, {when}.</p>"
    return panel("This picture", said + why + chances + strange + shown + facts)


def confusion(rows: Sequence[Said]) -> str:
    """What the model said against what people said, of the pictures that people have named."""
    total = sum(row.count for row in rows)
    if not total:
        return panel("Model and people", empty("Nobody has named a picture yet."))
    right = sum(row.count for row in rows if row.model == row.person)
    people = [name for name in LABELS if any(row.person == name for row in rows)]
    models = sorted({row.model for row in rows}, key=lambda name: (name == UNKNOWN, name))
    counts = {(row.model, row.person): row.count for row in rows}
    body = [
        (
            safe(label_words(model) if model else "Not judged"),
            *(_cell(counts, model, name) for name in people),
        )
        for model in models
    ]
    head = ("The model said", *(label_words(name) for name in people))
    note = heading("", f"{right} of {plural(total, 'named picture')} as the model said")
    few = small("Too few to judge the model by.") if total < 20 else ""
    return panel(
        "Model and people", note + table(head, body, right=tuple(range(1, len(head))), tight=True) + few
    )


def _cell(counts: dict[tuple[str, str], int], model: str, person: str) -> str:
    number = counts.get((model, person), 0)
    if not number:
        return NOTHING
    return f"<b>{number}</b>" if model == person else f'<span class="tw-high">&#9650; {number}</span>'


def gallery_csv(rows: Sequence[Inspection], site: SiteRow) -> bytes:
    """The shown pictures as a table, without the pictures."""
    head = (
        "taken", "machine", "line", "picture_sha256", "state", "model", "label", "confidence", "unknown",
        "person_said", "said_by",
    )  # fmt: skip
    body = [
        (
            instant(r.taken_us, site.time_zone), r.machine, r.line, r.sha256, r.state, r.model, r.label,
            "" if r.confidence is None else f"{r.confidence:.4f}", str(r.unknown), r.said_label, r.said_by,
        )
        for r in rows
    ]  # fmt: skip
    return csv_bytes(head, body)
