"""What came out when a past prediction was computed again."""

from components.tables import empty, table
from components.words import life, moment, safe
from domain.prediction import Prediction
from services.rows.predict import Recomputation

WAITING = "Being computed again. It takes some seconds; this page shows it by itself."
NEVER = (
    "The data it saw and the model that made it are kept. Computing it again shows that the figure is theirs."
)
SOURCES = {"stored": "the data stored with it", "readings": "the readings, which still give the same data"}


def verdict(prediction: Prediction, again: Recomputation | None, zone: str, now_us: int) -> str:
    """One sentence, and the figures of then and now under each other (HTML)."""
    if again is None:
        return empty(NEVER)
    if again.state == "failed":
        return f'<p role="status">It could not be computed again: {safe(again.detail)}.</p>'
    return _sentence(again, zone, now_us) + _figures(prediction, again)


def _sentence(again: Recomputation, zone: str, now_us: int) -> str:
    when = safe(moment(again.done_wall_us, zone, now_us))
    source = SOURCES.get(again.detail, again.detail)
    if again.state == "same":
        return f'<p role="status">The same, computed again {when} from {safe(source)}.</p>'
    return (
        f'<p role="status"><span class="tw-mark">&#9650;</span> <b>Not the same</b>, computed again {when} '
        f"from {safe(source)}. Tell whoever looks after the models.</p>"
    )


def _figures(p: Prediction, again: Recomputation) -> str:
    rows = [
        ("Risk, of 100", _risk(p.probability), _risk(again.probability)),
        ("Remaining life", life(p.rul, None, None, p.life_unit), life(again.rul, None, None, p.life_unit)),
        ("Largest difference", "", f"{again.difference or 0.0:.1g}"),
    ]
    return table(("", "Then", "Again"), [tuple(safe(cell) for cell in row) for row in rows], right=(1, 2))


def _risk(probability: float | None) -> str:
    return "" if probability is None else f"{probability * 100:.3f}"
