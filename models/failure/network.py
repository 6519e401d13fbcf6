"""The one network of all failure models: an encoder over time with a risk head and a life head.

Input: windows (N, T, F), F = values, then masks, then one-hot groups (machine types). Scaling is
part of the network: each value is centred and scaled by the mean and spread of its machine type, or of
the operating condition of its own step (the nearest one), and is zero where its mask is. Life is a
discrete-time hazard over the bins between `edges`; what survives the last edge is "at least that long",
so censored lives enter the loss as what they are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.failure.calibrate import OPEN, TAIL
from models.failure.conditions import GRID
from models.failure.horizons import TINY
from models.failure.samples import Layout


@dataclass(frozen=True, slots=True)
class Shape:
    """Size of a network: kind of encoder (gru, lstm, tcn), its width, depth and dropout.

    `pool`: so many steps are averaged into one before the encoder. `attend`: beside the last step's state
    the heads see a mean over all steps, weighted by what the network finds worth looking at. `summary`: width
    of the second branch; 0 for none.
    """

    kind: str = "gru"
    width: int = 48
    layers: int = 1
    dropout: float = 0.1
    pool: int = 1
    attend: bool = False
    summary: int = 0


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
        """(N, T, C) to the states (N, T, width)."""
        return self.blocks(self.enter(x.transpose(1, 2))).transpose(1, 2)


class _Recurrent(nn.Module):
    def __init__(self, inputs: int, shape: Shape) -> None:
        super().__init__()
        cell = nn.GRU if shape.kind == "gru" else nn.LSTM
        between = shape.dropout if shape.layers > 1 else 0.0
        self.cell = cell(inputs, shape.width, shape.layers, batch_first=True, dropout=between)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to the states (N, T, width)."""
        return self.cell(x)[0]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Mean and spread of each value by group, (G, V) each; a value of infinite spread says nothing there.

    `centres` (G, S): the groups are operating conditions, told by the first S values of a step.
    """

    mean: Tensor
    scale: Tensor
    centres: Tensor | None = None


class Summary(nn.Module):
    """The second branch, a small net over what a window is on the whole, as `baselines.summary` tells trees.

    An encoder over time hardly keeps sight of a level that rose by a little and stayed there. A value that
    was not seen is zero in `scaled`: it counts as usual. A window shorter than a part is taken whole.
    """

    def __init__(self, layout: Layout, width: int, dropout: float) -> None:
        super().__init__()
        self.values, first = layout.values, nn.Linear(5 * layout.values + layout.masks + layout.groups, width)
        self.net = nn.Sequential(
            first, nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width // 2), nn.ReLU()
        )

    def told(self, scaled: Tensor) -> Tensor:
        """Of each value the means of the newest 4 and 16 steps and of all, spread, trend; masks, groups."""
        value, rest = scaled[:, :, : self.values], scaled[:, -1, self.values :]
        mean = value.mean(1)
        spread = ((value - mean[:, None]) ** 2).mean(1).add(1e-6).sqrt()
        trend = value[:, -8:].mean(1) - value[:, :8].mean(1)
        return torch.cat((value[:, -4:].mean(1), value[:, -16:].mean(1), mean, spread, trend, rest), dim=1)

    def forward(self, scaled: Tensor) -> Tensor:
        """(N, T, F) to (N, width // 2)."""
        return self.net(self.told(scaled))


class FailureNetwork(nn.Module):
    """Windows (N, T, F) to a risk logit (N,) and hazard logits (N, K)."""

    def __init__(self, layout: Layout, scaling: Scaling, bins: int, shape: Shape) -> None:
        super().__init__()
        self.layout, self.pool = layout, shape.pool
        self.register_buffer("mean", scaling.mean)
        self.register_buffer("gain", 1.0 / scaling.scale)
        self.register_buffer("centres", scaling.centres)
        self.register_buffer("grid", torch.tensor(GRID, dtype=torch.float32))
        self.register_buffer("mask_of", torch.tensor([layout.values + m for m in layout.mask_of]))
        inputs = layout.values + layout.masks + layout.groups
        self.encoder = (_Tcn if shape.kind == "tcn" else _Recurrent)(inputs, shape)
        self.look = nn.Linear(shape.width, 1) if shape.attend else None
        self.drop = nn.Dropout(shape.dropout)
        self.summary = Summary(layout, shape.summary, shape.dropout) if shape.summary else None
        width = shape.width * (2 if shape.attend else 1) + shape.summary // 2
        self.risk = nn.Linear(width, 1)
        self.life = nn.Linear(width, bins)
        nn.init.constant_(self.life.bias, -3.0)

    def scaled(self, window: Tensor) -> Tensor:
        """Centred and scaled values, with masks and groups as they came."""
        values = window[:, :, : self.layout.values]
        rest = window[:, :, self.layout.values :]
        mask = torch.index_select(window, 2, self.mask_of)
        mean, gain = self.mean, self.gain
        if self.layout.groups:
            group = window[:, -1:, self.layout.values + self.layout.masks :]
            mean, gain = group @ self.mean, group @ self.gain
        if self.centres is not None:
            group = self.condition(window[:, :, : self.layout.settings])
            mean, gain = group @ self.mean, group @ self.gain
        value = torch.clamp((values - mean) * gain, -8.0, 8.0) * mask
        return torch.cat((value, rest), dim=2)

    def condition(self, settings: Tensor) -> Tensor:
        """Which condition is nearest to the settings (N, T, S), as one-hot (N, T, G)."""
        apart = (((settings[:, :, None, :] - self.centres) / self.grid) ** 2).sum(3)
        return (apart <= apart.amin(dim=2, keepdim=True)).float()

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor]:
        """Risk logit (N,), hazard logits (N, K)."""
        scaled = x = self.scaled(window)
        if self.pool > 1:
            x = nn.functional.avg_pool1d(x.transpose(1, 2), self.pool).transpose(1, 2)
        states = self.encoder(x)
        state = states[:, -1]
        if self.look is not None:
            weight = torch.softmax(self.look(states), dim=1)
            state = torch.cat((state, (weight * states).sum(1)), dim=1)
        if self.summary is not None:
            state = torch.cat((state, self.summary(scaled)), dim=1)
        state = self.drop(state)
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


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What the windows that no member saw asked for.

    `pair` = (slope, offset) on the mean logit; `margin` widens the interval (conformal); `read` (K + 1, H)
    reads survival at the horizons, `weights` (H, 3) make chances of it (`models.failure.horizons`).
    """

    pair: tuple[float, float]
    margin: float
    read: Tensor
    weights: Tensor


class Served(nn.Module):
    """What is exported: the mean of all members, calibrated probability, and life with its interval.

    `members` are in order of their folds, as many a fold as there are kinds of encoder.
    """

    def __init__(
        self, members: list[FailureNetwork], edges: Tensor, calibrated: Calibrated, folds: int
    ) -> None:
        super().__init__()
        self.members, self.folds = nn.ModuleList(members), folds
        self.register_buffer("widths", edges[1:] - edges[:-1])
        self.limit = float(edges[-1])
        self.calibration, self.margin = calibrated.pair, calibrated.margin
        self.register_buffer("read", calibrated.read)
        self.register_buffer("weights", calibrated.weights)

    def forward(self, window: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`probability` (N,), `rul` (N, 3) = low, expected, high, `horizons` (N, H): the chance of a
        failure by each, and `folds` (N, folds, 3): what the members of each fold say, not widened.
        """
        outputs = [member(window) for member in self.members]
        logit = torch.stack([risk for risk, _ in outputs]).mean(0)
        each = torch.stack([survival(life) for _, life in outputs])
        alive = each.mean(0)
        probability = torch.sigmoid(self.calibration[0] * logit + self.calibration[1])
        low, middle, high = life_ends(alive, self.widths)
        top = high >= self.limit - OPEN
        high = torch.where(top, high, torch.clamp(high + self.margin, max=self.limit))
        low = torch.minimum(torch.clamp(low - self.margin, min=0.0), middle)
        rul = torch.stack((low, middle, torch.maximum(high, middle)), dim=1)
        own = each.chunk(self.folds)
        said = [torch.stack(life_ends(part.mean(0), self.widths), dim=1) for part in own]
        return probability, rul, self.chances(logit, alive), torch.stack(said, dim=1)

    def chances(self, logit: Tensor, alive: Tensor) -> Tensor:
        """The chance by horizon (N, H), as `models.failure.horizons.chances`."""
        gone = torch.clamp(1.0 - alive @ self.read, TINY, 1.0 - TINY)
        odds = torch.log(gone / (1.0 - gone))
        score = self.weights[:, 0] + logit[:, None] * self.weights[:, 1] + odds * self.weights[:, 2]
        steps = list(torch.sigmoid(score).unbind(1))
        for place in range(1, len(steps)):
            steps[place] = torch.maximum(steps[place], steps[place - 1])
        return torch.stack(steps, dim=1)


def life_ends(alive: Tensor, widths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Lower quantile, mean and upper quantile of life, (N,) each."""
    low, high = (life_quantile(alive, widths, level) for level in (TAIL, 1 - TAIL))
    return low, expected_life(alive, widths), high


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
