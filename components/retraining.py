"""The case of training a model anew: the figures behind it, what the training uses, and what became of it."""

from collections.abc import Sequence

from components.links import link
from components.tables import bullets, heading, panel, small, table
from components.words import moment, safe
from domain.evidence import CostInput
from domain.wording import percent
from services.rows.decide import CaseView, TrainingRow
from services.rows.site import SiteRow

STAGES = {
    "shadow": "in the shadow of the champion",
    "champion": "promoted: it is the champion",
    "retired": "dismissed, or retired since",
}


def figures(case: CaseView, site: SiteRow, now_us: int) -> str:
    """What the watch measured, each figure with where it is from; HTML."""
    rows = [_figure(one) for one in case.evidence.inputs]
    at = moment(case.evidence.at_us, site.time_zone, now_us)
    more = f'<p class="tw-small tw-gap">{link("All of the newest look", "model-watch")}</p>'
    return heading("What the watch saw", safe(at)) + table((), rows, right=(1,), tight=True) + more


def _figure(one: CostInput) -> Sequence[str]:
    value = percent(one.value) if one.unit == "share" else f"{one.value:.3g}"
    return safe(one.label) + small(safe(one.source)), f'<span class="tw-num tw-nw">{value}</span>'


def uses_panel(case: CaseView) -> str:
    """What the training would learn from, and how."""
    return panel("What the training uses", bullets(case.evidence.assumptions, ""))


def became_panel(case: CaseView) -> str:
    """Where the training stands, and its challenger before the gates."""
    found = case.training
    if found is None:
        return ""
    words = found.words or "Nobody has run it yet: python -m runtime retrain."
    told = f'<p class="tw-say">{safe(words[:1].upper() + words[1:])}</p>'
    return panel("What became of it", told + (_challenger(found) if found.challenger else ""))


def _challenger(found: TrainingRow) -> str:
    gates = [(f'<span class="tw-high tw-num">&#9650; refused by the gate {safe(name)}</span>', safe(said))
             for name, said in found.failed]  # fmt: skip
    gates += [(f"waits for the gate {safe(name)}", safe(said)) for name, said in found.open]
    rows = [
        (f"<b>Challenger {safe(found.challenger)}</b>", safe(STAGES.get(found.stage, "not known"))),
        *gates,
    ]
    way = link("Gates, promotion, roll-back", "models")
    return table((), rows, tight=True) + f'<p class="tw-small tw-gap">{way}</p>'
