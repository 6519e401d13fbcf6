"""`explain failure`: SHAP values of one case of a data set, without a database."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import SettingsError
from models import registry
from models.dataspec import DataSpec
from models.failure import cmapss, evaluate, known
from services.score.explaining import Explaining


def explain(model: Path, data: DataSpec, case: str) -> dict[str, Any]:
    """Prediction, base value, and a contribution per sensor and time segment, largest first.

    `case` is a unit of the test part. SettingsError when the model, the data or the case is not there.
    """
    loaded = registry.load(model)
    card = loaded.card
    if data.kind != "cmapss" or card.data.kind != "cmapss":
        raise SettingsError(
            f"{card.name} explains cases of C-MAPSS data only; the plant's are explained in the app"
        )
    engines = cmapss.engines(data, "test")
    places = {str(engine.unit): place for place, engine in enumerate(engines)}
    if case not in places:
        raise SettingsError(f"--case {case!r}: no such unit; the first is {engines[0].unit}")
    engine = engines[places[case]]
    found = known.trust(card, [engine])
    window = evaluate.engine_windows(card, [engine])
    rul = known.widened(loaded.scorer.score(window).rul, found, card.life_limit)
    cycles = engine.last
    steps = card.window.steps
    told = Explaining(loaded).explain(case, "engine", window[0], cycles - steps, cycles)
    low, middle, high = rul[0].tolist()
    return {
        "case": case,
        "model": f"{card.name} {card.version}",
        "probability": told.output_value,
        "horizon": f"{card.horizon:g} {card.horizon_unit}",
        "rul": middle,
        "rul_lo": low,
        "rul_hi": high,
        "base_value": told.base_value,
        "additivity_error": told.additivity_error,
        "background": told.background,
        "method": told.method,
        "counterfactual": asdict(told.counterfactual) if told.counterfactual else None,
        "contributions": [
            {
                "sensor": part.metric,
                "segment": part.segment,
                "from_cycle": max(1, part.from_us + 1),
                "to_cycle": part.to_us,
                "value": part.value,
                "observed": part.observed,
                "usual": part.usual,
            }
            for part in sorted(told.contributions, key=lambda part: -abs(part.value))
        ],
    }
