"""The networks: what cannot be rebuilt from a narrow middle is odd. Score and the signals' parts of it.

Each takes windows (N, T, C) of deviations and gives `score` (N,) and `parts` (N, C): the mean squared
error of each signal over the window's last steps; the score is the root of their mean.
"""

from typing import Any

import torch
from torch import Tensor, nn

LAST = 4


def _answer(error: Tensor) -> tuple[Tensor, Tensor]:
    parts = error[:, -LAST:].mean(dim=1)
    return parts.mean(dim=1).clamp_min(1e-12).sqrt(), parts


class T2(nn.Module):
    """Hotelling's T squared over the newest deviation, per signal: the classic, with nothing learned."""

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Score (N,) and parts (N, C)."""
        parts = window[:, -1] ** 2
        return parts.mean(dim=1).clamp_min(1e-12).sqrt(), parts


class AutoEncoder(nn.Module):
    """Rebuilds a window from `middle` numbers."""

    def __init__(self, steps: int, channels: int, middle: int, width: int = 64) -> None:
        super().__init__()
        cells = steps * channels
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(cells, width), nn.GELU())
        self.narrow: nn.Module = nn.Linear(width, middle)
        self.decode = nn.Sequential(nn.Linear(middle, width), nn.GELU(), nn.Linear(width, cells))

    def rebuilt(self, code: Tensor, window: Tensor) -> Tensor:
        """The window (N, T, C) that a code (N, middle) stands for."""
        found: Tensor = self.decode(code)
        return found.reshape(window.shape)

    def loss(self, window: Tensor) -> Tensor:
        """Mean squared error of rebuilding."""
        return ((self.rebuilt(self.narrow(self.encode(window)), window) - window) ** 2).mean()

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Score (N,) and parts (N, C)."""
        return _answer((self.rebuilt(self.narrow(self.encode(window)), window) - window) ** 2)


class Variational(AutoEncoder):
    """Rebuilds a window from a code that is drawn around a mean; serves with the mean itself."""

    weight = 0.02

    def __init__(self, steps: int, channels: int, middle: int, width: int = 64) -> None:
        super().__init__(steps, channels, middle, width)
        self.spread = nn.Linear(width, middle)

    def loss(self, window: Tensor) -> Tensor:
        """Squared error plus the distance of the code from a standard normal (Kingma and Welling 2014)."""
        hidden = self.encode(window)
        mean, log_var = self.narrow(hidden), self.spread(hidden).clamp(-8, 4)
        code = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        error = ((self.rebuilt(code, window) - window) ** 2).mean()
        distance = -0.5 * (1 + log_var - mean**2 - log_var.exp()).mean()
        return error + self.weight * distance


class Mean(nn.Module):
    """Members trained on different runs, averaged."""

    def __init__(self, members: list[Any]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Mean score (N,) and mean parts (N, C)."""
        found = [member(window) for member in self.members]
        score = torch.stack([one[0] for one in found]).mean(dim=0)
        return score, torch.stack([one[1] for one in found]).mean(dim=0)
