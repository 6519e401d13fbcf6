"""The data that a classifier can be trained on: how each is read, and what it is judged by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from domain.errors import SettingsError
from models.classification import ai4i, mill, plates
from models.classification.table import Floats, Table
from models.dataspec import DataSpec


@dataclass(frozen=True, slots=True)
class Kind:
    """One set.

    `columns` name the readings, `channels` the signal of each: an explanation speaks of signals.
    `features` turns readings (..., C) into the model's input (..., F), the same in training and serving.
    `protocol`: how cases are held out; `metric`: what settings are chosen by, on training cases only.
    """

    name: str
    columns: tuple[str, ...]
    channels: tuple[str, ...]
    read: Callable[[DataSpec, str], Table]
    features: Callable[[Floats], Floats]
    version: str
    targets: tuple[str, ...]
    protocol: Literal["five-fold", "leave-one-out"]
    metric: Literal["f1", "macro_f1", "accuracy"]
    candidates: tuple[str, ...]
    peers: tuple[str, ...]
    positive: str
    source: str
    licence: str
    limits: tuple[str, ...]

    def file_and_target(self, subset: str) -> tuple[str, str]:
        """SUBSET is a target, or a file of the set, or FILE.csv@TARGET."""
        file, _, target = subset.partition("@")
        if not file.endswith(".csv"):
            file, target = "", file
        target = target or self.targets[0]
        if target not in self.targets:
            raise SettingsError(f"{target!r} is no target of {self.name}: {', '.join(self.targets)}")
        return file, target


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="ai4i2020",
            columns=ai4i.COLUMNS,
            channels=ai4i.COLUMNS,
            read=ai4i.read,
            features=ai4i.features,
            version="ai4i-1",
            targets=("failure", "mode"),
            protocol="five-fold",
            metric="f1",
            candidates=("forest",),
            peers=("boosting", "hist_boosting", "logistic"),
            positive="1",
            source="AI4I 2020 predictive maintenance, a synthetic milling machine",
            licence="CC BY 4.0 as far as known; the weights stay with who trains them",
            limits=("A random failure and a worn tool's end are drawn by chance: nobody foresees those.",),
        ),
        Kind(
            name="steel_plates_faults",
            columns=plates.COLUMNS,
            channels=plates.COLUMNS,
            read=plates.read,
            features=plates.features,
            version="plates-1",
            targets=("kind",),
            protocol="five-fold",
            metric="macro_f1",
            candidates=("trees",),
            peers=("boosting", "hist_boosting", "logistic"),
            positive="",
            source="Steel Plates Faults, 27 measures of a picture, 7 kinds",
            licence="none stated with the files; the weights stay with who trains them",
            limits=("Kind 0 is 'other': it gathers what the six named kinds are not.",),
        ),
        Kind(
            name="cnc_mill_tool_wear",
            columns=mill.COLUMNS,
            channels=mill.CHANNELS,
            read=mill.read,
            features=mill.features,
            version="mill-1",
            targets=("tool",),
            protocol="leave-one-out",
            metric="accuracy",
            candidates=("boosting",),
            peers=("forest", "logistic", "network"),
            positive="worn",
            source="CNC mill tool wear: experiments in wax on a real rig",
            licence="none stated with the files; the weights stay with who trains them",
            limits=(
                "A case is a whole experiment; a dozen of them cannot carry a fine figure.",
                "Its probabilities are too sure; calibrating them on so few cases made them worse.",
            ),
        ),
    )
}
