"""The capabilities of the models, and where each command of the command line finds its code.

A capability is a folder under models/ with the same files: `train.train(data, out, report)`,
`evaluate.evaluate(model, data)`, `predict.predict(model, data, out)`, `explain.explain(model, data, case)`
and `card.Card`. Their modules are imported when a command runs: training needs what serving does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from domain.errors import SettingsError
from models.dataspec import DataSpec


@dataclass(frozen=True, slots=True)
class Capability:
    """A row of the table: the kinds of data that it takes, and its modules by command.

    `apart`: kinds of data with modules of their own, and the package that holds these.
    """

    name: str
    kinds: tuple[str, ...]
    modules: dict[str, str]
    apart: dict[str, str] = field(default_factory=dict)

    def command(self, verb: str, kind: str = "") -> Callable[..., Any]:
        """The function behind `python -m runtime VERB CAP --data KIND:DIR`."""
        module = f"{self.apart[kind]}.{verb}" if kind in self.apart else self.modules[verb]
        found: Callable[..., Any] = getattr(import_module(module), verb)
        return found

    def data(self, text: str) -> DataSpec:
        """`--data` of this capability; SettingsError for another's kind, or a folder that is not there."""
        return DataSpec.parse(text, self.kinds)


VERBS = ("train", "evaluate", "predict", "explain")


def _capability(name: str, *kinds: str, **elsewhere: str) -> Capability:
    return Capability(name, kinds, {verb: f"models.{name}.{verb}" for verb in VERBS} | elsewhere)


TABLE = {
    row.name: row
    for row in (
        # The words of a failure's explanation are those of the desk, so they come from services.
        _capability("failure", "cmapss", "plant", explain="runtime.explaining"),
        replace(
            _capability("classification", "ai4i2020", "steel_plates_faults", "cnc_mill_tool_wear", "stops"),
            apart={"stops": "models.classification.stops"},
        ),
        # Recordings are judged by their own beginning, a plant's machines by their own usual days.
        replace(_capability("anomaly", "skab", "nab", "plant"), apart={"plant": "models.anomaly.machines"}),
        _capability("vision", "neu_steel", "plant"),
        _capability("quality", "plant"),
    )
}


def find(name: str) -> Capability:
    """The capability of that name; SettingsError lists those there are."""
    if name not in TABLE:
        raise SettingsError(f"{name!r} is no capability; these are: {', '.join(TABLE)}")
    return TABLE[name]
