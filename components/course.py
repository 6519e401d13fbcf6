"""The course of a case: what has happened, and what is to come."""

from collections.abc import Sequence

from components.tables import panel
from components.words import moment, safe
from services.rows.decide import CourseStep
from services.rows.site import SiteRow


def receiver(queue: str) -> str:
    """`mes.line-3` as people say it: `MES line 3`."""
    system, _, name = queue.partition(".")
    if system == "desk":
        return "This desk"
    return f"{system.upper()} {name.replace('-', ' ')}".strip()


def course_panel(steps: Sequence[CourseStep], site: SiteRow, now_us: int) -> str:
    """What has happened with its times, then what is to come, in grey."""
    return panel("Course", f'<div class="tw-course">{"".join(_step(s, site, now_us) for s in steps)}</div>')


def _step(step: CourseStep, site: SiteRow, now_us: int) -> str:
    when = f"<b>{moment(step.at_us, site.time_zone, now_us)}</b>"
    kind = "tw-high" if step.alarming else "tw-muted" if step.at_us is None else ""
    mark = "&#9650; " if step.alarming else ""
    return f'<div class="{kind}">{when}<span>{mark}{safe(step.text)}</span></div>'
