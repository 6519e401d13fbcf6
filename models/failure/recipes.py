"""The settings of the two shipped models; chosen on validation runs only (docs/decisions)."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is built and trained. `limit` is where lives are cut, in `bins` equal bins."""

    kind: str = "gru"  # encoders joined by + are trained on each fold, and averaged
    width: int = 48
    layers: int = 1
    dropout: float = 0.2
    steps: int = 50
    bins: int = 25
    limit: float = 125.0
    epochs: int = 15
    batch: int = 256
    rate: float = 3e-3
    decay: float = 1e-3
    likelihood_weight: float = 1.0
    square_weight: float = 1.0
    risk_weight: float = 1.0
    folds: int = 5
    seed: int = 7
    mask_drop: float = 0.0  # share of a batch's windows that lose a sensor, so that a lost one is no shock
    pool: int = 1  # steps averaged into one before the encoder
    attend: int = 0  # 1: the heads see a weighted mean of all steps too
    summary: int = 0  # width of the branch over means, spread and trend of the whole window; 0: none
    stride: int = 1  # windows taken: every stride-th, besides those shortly before a failure

    def settings(self) -> dict[str, float | int | str]:
        """For the card."""
        return asdict(self)


CMAPSS = Recipe(steps=100, pool=2, attend=1, epochs=16)  # docs/decisions/0009
CMAPSS_HORIZON = 30.0
CMAPSS_HORIZONS = (10.0, 30.0, 60.0, 100.0)  # cycles

PLANT = Recipe(
    width=40,
    steps=32,
    bins=28,
    limit=168.0,
    epochs=5,
    batch=512,
    folds=3,
    mask_drop=0.1,
    stride=16,
    risk_weight=2.0,
)
PLANT_HORIZON_H = 24.0
PLANT_HORIZONS = (8.0, 24.0, 72.0, 168.0)  # operating hours
PLANT_FALSE_RATE = 0.5  # false cases per machine and month that a planner bears
