"""The network that looks at pictures: a small residual CNN, and what is served of several of them.

Pictures (N, C, H, W) are values 0 to 255. The head is linear on the mean of the last feature map, so
the share of every region in a class's logit is exact (class activation mapping, Zhou et al. 2016).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def scaled(picture: Tensor) -> Tensor:
    """Means of 2 x 2 pixels, 0 to 255 brought to -2 to 2: (N, C, S, S) to (N, C, S / 2, S / 2)."""
    return (functional.avg_pool2d(picture, 2) - 128.0) / 64.0


class Block(nn.Module):
    """Two convolutions beside a short cut (He et al. 2016)."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.norm_one = nn.BatchNorm2d(outer)
        self.two = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norm_two = nn.BatchNorm2d(outer)
        self.short: nn.Module = nn.Identity()
        if stride > 1 or inner != outer:
            self.short = nn.Sequential(
                nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False),
                nn.Conv2d(inner, outer, 1, bias=False),
                nn.BatchNorm2d(outer),
            )

    def forward(self, value: Tensor) -> Tensor:
        """(N, inner, h, w) to (N, outer, h / stride, w / stride)."""
        found = functional.relu(self.norm_one(self.one(value)))
        return functional.relu(self.norm_two(self.two(found)) + self.short(value))


class VisionNetwork(nn.Module):
    """A stem and three blocks; `features` is the last map, `head` the linear layer on its mean."""

    def __init__(self, channels: int, labels: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, width, 5, 2, 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        self.blocks = nn.Sequential(
            Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 1)
        )
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(4 * width, labels)

    def features(self, values: Tensor) -> Tensor:
        """The last feature map (N, F, h, w) of scaled pictures."""
        found: Tensor = self.blocks(self.stem(values))
        return found

    def forward(self, values: Tensor) -> Tensor:
        """Logits (N, L) of scaled pictures."""
        logits: Tensor = self.head(self.drop(self.features(values).mean(dim=(2, 3))))
        return logits


def augmented(picture: Tensor, draw: torch.Generator, *, turned: bool) -> Tensor:
    """Scaled pictures (N, C, S, S) at random mirrored, turned by quarters, moved, brightened.

    Nothing is interpolated, but in a third of the batches (scale and a slight turn): a texture stays as
    fine as the camera sees it. Without `turned` they are moved and brightened only: where parts lie one
    way under one lamp, that is a part of what is known.
    """
    count, size = len(picture), picture.shape[-1]

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=draw)

    found = _turned(picture, draw) if turned else picture
    reach = size // 10
    found = functional.pad(found, (reach, reach, reach, reach), mode="reflect")
    places = torch.randint(0, 2 * reach + 1, (count, 2), generator=draw).tolist()
    found = torch.stack(
        [one[:, y : y + size, x : x + size] for one, (y, x) in zip(found, places, strict=True)]
    )
    mean = found.mean(dim=(1, 2, 3), keepdim=True)
    return (found - mean) * uniform(0.85, 1.15) + mean + uniform(-0.25, 0.25)


def _turned(picture: Tensor, draw: torch.Generator) -> Tensor:
    choice = [int(torch.randint(0, n, (1,), generator=draw)) for n in (2, 2, 2, 3)]
    found = picture.transpose(2, 3) if choice[0] else picture
    dims = [dim for dim, chosen in ((2, choice[1]), (3, choice[2])) if chosen]
    found = found.flip(dims) if dims else found
    return _resampled(found, draw) if choice[3] == 0 else found


def _resampled(picture: Tensor, draw: torch.Generator) -> Tensor:
    count = len(picture)
    angle = 0.2 * (torch.rand(count, generator=draw) - 0.5)
    scale = 0.85 + 0.25 * torch.rand(count, generator=draw)
    cos, sin, none = torch.cos(angle) * scale, torch.sin(angle) * scale, torch.zeros(count)
    rows = torch.stack((torch.stack((cos, -sin, none), 1), torch.stack((sin, cos, none), 1)), dim=1)
    grid = functional.affine_grid(rows, list(picture.shape), align_corners=False)
    return functional.grid_sample(picture, grid, padding_mode="reflection", align_corners=False)


class Averaged:
    """A moving average of a network's weights and statistics; what is averaged is what serves."""

    def __init__(self, network: VisionNetwork, keep: float) -> None:
        self.keep, self.steps = keep, 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def add(self, network: VisionNetwork) -> None:
        """Move the average one step towards the network; faster in the beginning."""
        self.steps += 1
        keep = min(self.keep, self.steps / (self.steps + 10))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value.detach(), 1 - keep)
            else:
                self.state[name].copy_(value)


class Texture(nn.Module):
    """How often each local pattern of lighter and darker neighbours occurs, at four scales and three
    distances, by sign and by size of the differences (Ojala 2002; Guo, Zhang and Zhang 2010)."""

    SCALES, RADII = (1, 2, 4, 8), (1, 2, 3)
    AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
    BINS = 64

    def forward(self, picture: Tensor) -> Tensor:
        """Roots of shares (N, F) of pictures (N, C, H, W), values 0 to 255; of colour ones also how often
        each difference of colours occurs."""
        found = []
        if picture.shape[1] == 3:
            red, green, blue = picture[:, 0], picture[:, 1], picture[:, 2]
            pairs = ((red - green, 128.0), (blue - green, 128.0), (green - 128.0, 256.0))
            found = [self._levels(values, span) for values, span in pairs]
            picture = ((2 * red + 5 * green + blue) / 8).floor()[:, None]
        for scale in self.SCALES:
            grey = functional.avg_pool2d(picture, scale)[:, 0] * float(scale * scale)
            for radius in self.RADII:
                found += self._shares(grey, radius)
        return torch.cat(found, dim=1)

    def _shares(self, grey: Tensor, r: int) -> list[Tensor]:
        h, w = grey.shape[1:]
        centre = grey[:, r : h - r, r : w - r]
        differ = [
            grey[:, r + dy * r : h - r + dy * r, r + dx * r : w - r + dx * r] - centre
            for dy, dx in self.AROUND
        ]
        usual = torch.stack([one.abs().mean(dim=(1, 2)) for one in differ]).mean(dim=0)
        limit = (usual.floor() + 0.5)[:, None, None]  # never equal to a difference: those are whole numbers
        signs = sum((one >= 0).float() * 2.0**k for k, one in enumerate(differ))
        sizes = sum((one.abs() >= limit).float() * 2.0**k for k, one in enumerate(differ))
        return [self._counted(codes, float(centre.shape[1] * centre.shape[2])) for codes in (signs, sizes)]

    def _levels(self, values: Tensor, span: float) -> Tensor:
        codes = ((values / span + 0.5) * self.BINS).floor().clamp(0, self.BINS - 1)
        return self._counted(codes, float(values.shape[1] * values.shape[2]), self.BINS)

    @staticmethod
    def _counted(codes: Any, cells: float, kinds: int = 256) -> Tensor:
        flat = codes.flatten(1).long()
        counts = torch.zeros(flat.shape[0], kinds).scatter_add(1, flat, torch.ones_like(flat).float())
        return (counts / cells).sqrt()


def ridge(features: Tensor, truth: Tensor, labels: int, strength: float = 0.01) -> tuple[Tensor, Tensor]:
    """Weights (F, L) and offsets (L,) of a ridge regression on the labels, features standardised inside."""
    values = features.double()
    mean, width = values.mean(dim=0), (values.std(dim=0) + 1e-3) * len(values[0]) ** 0.5
    seen = (values - mean) / width
    wanted = functional.one_hot(truth, labels).double() - 1 / labels
    inner = seen @ seen.T + strength * torch.eye(len(seen)).double()
    weights = (seen.T @ torch.linalg.solve(inner, wanted)) / width[:, None]
    return weights.float(), (1 / labels - mean @ weights).float()


class Served(nn.Module):
    """What serves: the members' mean logits (and the patterns' say) over a temperature, and where.

    `picture` (N, C, H, W) of values 0 to 255 gives `probability` (N, L); `logit` (N, L); `base` (N, L),
    what belongs to no region; `maps` (N, L, h, w), what each region adds, so that base + sum(maps) = logit;
    `strangeness` (N,): the Mahalanobis distance of the members' last features from the nearest class, as
    a share of what known pictures reach (Lee et al. 2018, one layer).
    """

    def __init__(
        self,
        members: list[VisionNetwork],
        temperature: float,
        spaces: list[tuple[Tensor, Tensor, float]],
        patterns: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.members: Any = nn.ModuleList(members)
        self.temperature, self.limits = temperature, [limit for _, _, limit in spaces]
        for place, (means, whitening, _) in enumerate(spaces):
            self.register_buffer(f"means_{place}", means)
            self.register_buffer(f"whitening_{place}", whitening)
        self.texture = Texture() if patterns else None
        if patterns:
            self.register_buffer("pattern_weights", patterns[0])
            self.register_buffer("pattern_offsets", patterns[1])

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """probability, logit, base, maps, strangeness."""
        values, maps, bases, strange = scaled(picture), [], [], []
        for place, member in enumerate(self.members):
            found = member.features(values)
            cells = found.shape[2] * found.shape[3]
            maps.append(functional.conv2d(found, member.head.weight[:, :, None, None] / cells))
            bases.append(member.head.bias)
            means, whitening = getattr(self, f"means_{place}"), getattr(self, f"whitening_{place}")
            away = distance(found.mean(dim=(2, 3)), means, whitening)
            strange.append(away / self.limits[place])
        mean = torch.stack(maps).mean(dim=0) / self.temperature
        base = torch.stack(bases).mean(dim=0)[None] + 0.0 * mean[:, :, 0, 0]
        if self.texture is not None:
            base = base + self.texture(picture) @ self.pattern_weights + self.pattern_offsets
        base = base / self.temperature
        logit = mean.sum(dim=(2, 3)) + base
        return logit.softmax(dim=1), logit, base, mean, torch.stack(strange).mean(dim=0)


def distance(features: Tensor, means: Tensor, whitening: Tensor) -> Tensor:
    """Mahalanobis distance (N,) of features (N, F) from the nearest of the means (L, F)."""
    white, centres = features @ whitening, means @ whitening
    square = (white**2).sum(1, keepdim=True) - 2 * white @ centres.T + (centres**2).sum(1)
    return square.min(dim=1).values.clamp_min(1e-6).sqrt()


def space(features: Tensor, truth: Tensor, labels: int, shrink: float = 0.05) -> tuple[Tensor, Tensor]:
    """Class means (L, F) and a whitening matrix (F, F) of the shared, slightly shrunk covariance."""
    means = torch.stack([features[truth == label].mean(dim=0) for label in range(labels)])
    centred = features - means[truth]
    covariance = centred.T @ centred / len(features)
    own = covariance.diagonal().mean().clamp_min(1e-8)
    covariance = (1 - shrink) * covariance + shrink * own * torch.eye(len(covariance))
    return means, torch.linalg.cholesky(torch.linalg.inv(covariance))
