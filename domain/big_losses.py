"""The six big losses of equipment (Nakajima 1988) out of measures that add up."""

from dataclasses import dataclass

from domain.clock import SECOND
from domain.kpi import Measures, ratio, told_of


@dataclass(frozen=True, slots=True)
class BigLoss:
    """One of the six big losses (Nakajima 1988), in seconds of the constraint's time; None where parts had no
    planned cycle or were not counted, and of standstills where all work lay outside the shift plan: nobody
    knows it then."""

    name: str
    label: str
    seconds: float | None


def six_big_losses(m: Measures) -> tuple[BigLoss, ...]:
    """Time lost by each of a line or a machine. Speed is never below 0: what was faster than planned is said
    by the effectiveness. Sums over lines are made of these, so that a fast line hides no slow one."""
    per_part = ratio(m.ideal_s - m.ideal_good_s, m.scrap) or 0.0
    startup = per_part * min(m.startup_scrap, m.scrap)
    speed = max(0.0, (m.production_us - m.uncounted_run_us) / SECOND - m.ideal_s) if m.ideal_s else 0.0
    defects = max(0.0, m.ideal_s - m.ideal_good_s - startup)
    return (
        BigLoss("failure", "Equipment failure", None if m.unplanned else (m.down_us - m.minor_us) / SECOND),
        BigLoss("setup", "Setup and adjustment", m.setup_us / SECOND),
        BigLoss(
            "minor", "Idling and minor stops", None if m.unplanned else (m.minor_us + m.delay_us) / SECOND
        ),
        BigLoss("speed", "Reduced speed", speed if told_of(m) else None),
        BigLoss("defects", "Process defects", defects if told_of(m) else None),
        BigLoss("startup", "Startup yield", startup if told_of(m) else None),
    )
