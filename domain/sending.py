"""How an edge node sends a metric: a part of what a model is given, and so of the version of its features."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass

from domain.clock import MINUTE, SECOND

SLOWEST_US = 15 * MINUTE  # as long as a reading stands (models.features.bins.HOLD_US)


@dataclass(frozen=True, slots=True)
class Sending:
    """`deadband` in the metric's unit: smaller changes are not sent. Milliseconds between two samples, and
    seconds that one value stands for. None where the node says nothing of it."""

    deadband: float | None = None
    sampling_ms: float | None = None
    aggregate_s: float | None = None

    @property
    def slow(self) -> bool:
        """Is a value sampled, or one value for a stretch, further apart than a reading stands?"""
        apart_us = max((self.sampling_ms or 0) * SECOND / 1_000, (self.aggregate_s or 0) * SECOND)
        return apart_us > SLOWEST_US


Sent = Mapping[str, Sending]


def version_of(features: str, sent: Sent) -> str:
    """The version of the features with how the metrics are sent: `plant-1` where no node says anything of it,
    else `plant-1+` and 8 digits that change with any deadband, sampling or aggregation."""
    if not sent:
        return features
    told = json.dumps(sorted((name, *astuple(one)) for name, one in sent.items()))
    return f"{features}+{hashlib.sha256(told.encode()).hexdigest()[:8]}"
