"""The site that a person looks at."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import utc


@dataclass(frozen=True, slots=True)
class SiteRow:
    """`shadow` marks a replay: scored and advised, but its commands go to no queue."""

    site_id: str
    name: str
    time_zone: str
    currency: str
    shadow: bool = False

    def local(self, us: int) -> datetime:
        """A stored time on the wall clock of the site."""
        return utc(us).astimezone(ZoneInfo(self.time_zone))
