"""The one network of both failure models: a recurrent encoder with a risk head and a life head.

Input: windows (N, T, F), F = values, then masks, then one-hot groups (machine types). Scaling is
part of the network: each value is centred and scaled by its group's healthy mean and spread, and is
zero where its mask is. Life is a discrete-time hazard over the bins between `edges`; what survives
the last edge is "at least that long", so censored lives enter the loss as what they are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.failure.samples import Layout


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a network: kind of encoder (gru, lstm, tcn), its width, depth and dropout."""

    kind: str = "gru"
    width: int = 48
    layers: int = 1
    dropout: float = 0.1


class _Residual(nn.Module):
    """A dilated causal convolution block (TCN)."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * dilation, 0), 0.0)
        self.conv = nn.Conv1d(width, width, 3, dilation=dilation)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) to (N, C, T)."""
        return x + self.drop(torch.relu(self.conv(self.pad(x))))


class _Tcn(nn.Module):
    """Blocks with dilation 1, 2, 4, 8, 16: 63 steps are seen by the last."""

    def __init__(self, inputs: int, shape: Shape) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, shape.width, 1)
        self.blocks = nn.Sequential(*(_Residual(shape.width, 2**i, shape.dropout) for i in range(5)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to the last step's state (N, width)."""
        return self.blocks(self.enter(x.transpose(1, 2)))[:, :, -1]


class _Recurrent(nn.Module):
    def __init__(self, inputs: int, shape: Shape) -> None:
        super().__init__()
        cell = nn.GRU if shape.kind == "gru" else nn.LSTM
        between = shape.dropout if shape.layers > 1 else 0.0
        self.cell = cell(inputs, shape.width, shape.layers, batch_first=True, dropout=between)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to the last step's state (N, width)."""
        return self.cell(x)[0][:, -1]


class FailureNetwork(nn.Module):
    """Windows (N, T, F) to a risk logit (N,) and hazard logits (N, K)."""

    def __init__(self, layout: Layout, mean: Tensor, scale: Tensor, bins: int, shape: Shape) -> None:
        super().__init__()
        self.layout = layout
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("mask_of", torch.tensor([layout.values + m for m in layout.mask_of]))
        inputs = layout.values + layout.masks + layout.groups
        self.encoder = (_Tcn if shape.kind == "tcn" else _Recurrent)(inputs, shape)
        self.drop = nn.Dropout(shape.dropout)
        self.risk = nn.Linear(shape.width, 1)
        self.life = nn.Linear(shape.width, bins)
        nn.init.constant_(self.life.bias, -3.0)

    def scaled(self, window: Tensor) -> Tensor:
        """Centred and scaled values, with masks and groups as they came."""
        values = window[:, :, : self.layout.values]
        rest = window[:, :, self.layout.values :]
        mask = torch.index_select(window, 2, self.mask_of)
        mean, scale = self.mean, self.scale
        if self.layout.groups:
            group = window[:, -1:, self.layout.values + self.layout.masks :]
            mean, scale = group @ self.mean, group @ self.scale
        value = torch.clamp((values - mean) / scale, -8.0, 8.0) * mask
        return torch.cat((value, rest), dim=2)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Risk logit (N,), hazard logits (N, K)."""
        state = self.drop(self.encoder(self.scaled(window)))
        return self.risk(state)[:, 0], self.life(state)


def survival(hazard_logits: Tensor) -> Tensor:
    """Probability to outlive each edge, (N, K + 1), from 1 downwards."""
    alive = torch.exp(torch.cumsum(nn.functional.logsigmoid(-hazard_logits), dim=1))
    return torch.cat((torch.ones_like(alive[:, :1]), alive), dim=1)


def expected_life(alive: Tensor, widths: Tensor) -> Tensor:
    """Mean of life cut at the last edge (N,): the area under the survival curve."""
    return ((alive[:, 1:] + alive[:, :-1]) / 2) @ widths


def life_quantile(alive: Tensor, widths: Tensor, level: float) -> Tensor:
    """The life that is outlived with probability 1 - level (N,), at most the last edge."""
    upper, lower = alive[:, :-1], alive[:, 1:]
    share = torch.clamp((upper - (1.0 - level)) / torch.clamp(upper - lower, min=1e-9), 0.0, 1.0)
    return share @ widths


class Served(nn.Module):
    """What is exported: the members' mean, calibrated probability, and life with its interval.

    `calibration` = (slope, offset) on the mean logit; `margin` = (low, high) widens the interval of
    the 5 % and 95 % quantiles by what the validation runs asked for (conformal).
    """

    def __init__(
        self,
        members: list[FailureNetwork],
        edges: Tensor,
        calibration: tuple[float, float],
        margin: tuple[float, float],
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("widths", edges[1:] - edges[:-1])
        self.limit = float(edges[-1])
        self.calibration, self.margin = calibration, margin

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """`probability` (N,), `rul` (N, 3) = low, expected, high."""
        outputs = [member(window) for member in self.members]
        logit = torch.stack([risk for risk, _ in outputs]).mean(0)
        alive = torch.stack([survival(life) for _, life in outputs]).mean(0)
        probability = torch.sigmoid(self.calibration[0] * logit + self.calibration[1])
        middle = expected_life(alive, self.widths)
        low = torch.clamp(life_quantile(alive, self.widths, 0.05) - self.margin[0], min=0.0)
        high = torch.clamp(life_quantile(alive, self.widths, 0.95) + self.margin[1], max=self.limit)
        low, high = torch.minimum(low, middle), torch.maximum(high, middle)
        return probability, torch.stack((low, middle, high), dim=1)


def loss(
    outputs: tuple[Tensor, Tensor],
    target: tuple[Tensor, Tensor, Tensor],
    edges: Tensor,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Tensor:
    """Censored likelihood of the hazard + squared error of the cut life + cross entropy of the risk.

    `target` = life (N,), observed (N,) 1 or 0, label (N,) 1, 0 or NaN (none). A censored life is a
    lower bound: it enters the likelihood as survival, and the squared error only from below.
    """
    risk, hazard = outputs
    life, observed, label = target
    limit, widths = edges[-1], edges[1:] - edges[:-1]
    reached = (life[:, None] >= edges[None, 1:]).float()
    died = observed[:, None] * (1 - reached) * (life[:, None] >= edges[None, :-1]).float()
    log_likelihood = reached * nn.functional.logsigmoid(-hazard) + died * nn.functional.logsigmoid(hazard)
    gap = (expected_life(survival(hazard), widths) - torch.minimum(life, limit)) / limit
    known = (observed > 0) | (life >= limit)
    gap = torch.where(known, gap, torch.clamp(gap, max=0.0))
    marked = ~torch.isnan(label)
    entropy = nn.functional.binary_cross_entropy_with_logits(
        risk, torch.nan_to_num(label), weight=marked.float(), reduction="sum"
    ) / torch.clamp(marked.sum(), min=1)
    return (
        -weights[0] * log_likelihood.sum(1).mean() + weights[1] * 10 * (gap**2).mean() + weights[2] * entropy
    )
