"""What a window of a plant machine becomes before the networks see it, within the same ONNX file.

The changes of each gauge against the machine's own usual values, smoothed, by how far healthy machines of its
type go by themselves, up and down: UNIT is where one half hour in a thousand lies beyond.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.anomaly.network import Mean
from models.features.plant import CHANGES, GAUGES, MASK_OF, TYPES, VALUES

SMOOTH = 8  # half hours
UNIT = 3.0
MOST = 30.0  # deviations beyond it count as so large
COLUMNS = slice(len(GAUGES), len(GAUGES) + len(CHANGES))
MASKS = [VALUES + MASK_OF[place] for place in range(COLUMNS.start, COLUMNS.stop)]


class Smoothed(nn.Module):
    """Windows (N, 32, 41) to smoothed changes (N, steps, C), 0 where unknown, and what is there (N, C)."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.register_buffer("masks", torch.tensor(MASKS))

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Means over the known of the last SMOOTH half hours."""
        tail = window[:, -(self.steps + SMOOTH - 1) :]
        mask = tail.index_select(2, self.masks)
        change = tail[:, :, COLUMNS] * mask
        total, count = (_last(one, self.steps) for one in (change, mask))
        return total / count.clamp_min(1.0), (count[:, -1] > 0).to(window.dtype)


def _last(values: Tensor, steps: int) -> Tensor:
    """Sums over the last SMOOTH steps of each of the last `steps`."""
    return torch.stack([values[:, k : k + steps] for k in range(SMOOTH)]).sum(dim=0)


class Prepared(nn.Module):
    """Windows (N, 32, 41) to deviations (N, steps, C), and which signals are there (N, C)."""

    def __init__(self, steps: int, high: Tensor, low: Tensor) -> None:
        """`high` (above 0) and `low` (below 0), (G, C): how far each signal goes, by type of machine."""
        super().__init__()
        self.smoothed = Smoothed(steps)
        self.register_buffer("high", high)
        self.register_buffer("low", low)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """What is not there deviates by nothing."""
        change, there = self.smoothed(window)
        kind = window[:, -1, -len(TYPES) :]
        up, down = change / (kind @ self.high)[:, None, :], change / (kind @ self.low)[:, None, :]
        far = torch.where(change > 0, up, -down) * UNIT
        return far.clamp(-MOST, MOST) * there[:, None, :], there


class Farthest(nn.Module):
    """How far each signal has gone by now: the classic, with nothing learned."""

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Score (N,) and parts (N, C) of deviations (N, T, C)."""
        parts = seen[:, -1] ** 2
        return parts.amax(dim=1).sqrt(), parts


class Watching(nn.Module):
    """The served file: windows (N, 32, 41) to scores (N,) and the signals' parts of them (N, C)."""

    def __init__(self, prepared: Prepared, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.prepared, self.mean = prepared, Mean(list(members))

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Signals that are not there have no part; the score is the root of the largest."""
        seen, there = self.prepared(window)
        _, parts = self.mean(seen)
        parts = parts * there
        return parts.amax(dim=1).clamp_min(1e-12).sqrt(), parts
