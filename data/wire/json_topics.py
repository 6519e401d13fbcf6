"""Plain JSON telemetry: topic `uns/<site>/<area>/<line>/<unit>/telemetry`.

Payload: `{"ts": <milliseconds since the epoch>, "seq": <int>, "values": {"temperature": 41.2, ...}}`.
`ts` and `seq` may each be missing; a payload without both can be stored "at least once" only.
"""

import json
from typing import NamedTuple

from domain.errors import Malformed

ROOT = "uns"
SUBSCRIPTION = f"{ROOT}/#"
MAX_VALUES = 1_000


class Telemetry(NamedTuple):
    """One message. `values` holds what was sent, also texts and nulls: ingest judges each value."""

    ts_ms: int | None
    seq: int | None
    values: dict[str, object]


def telemetry_topic(device: str) -> str:
    """The topic of a device named `site/area/line/unit`."""
    return f"{ROOT}/{device}/telemetry"


def parse_topic(topic: str) -> str:
    """The device `site/area/line/unit`. Raises Malformed('topic') for any other topic."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[0] != ROOT or parts[5] != "telemetry" or not all(parts):
        raise Malformed("topic", topic[:200])
    return "/".join(parts[1:5])


def encode(telemetry: Telemetry) -> bytes:
    """Compact JSON; members that are None are left out. NaN and infinity raise ValueError."""
    found: dict[str, object] = {}
    if telemetry.ts_ms is not None:
        found["ts"] = telemetry.ts_ms
    if telemetry.seq is not None:
        found["seq"] = telemetry.seq
    found["values"] = telemetry.values
    return json.dumps(found, separators=(",", ":"), allow_nan=False).encode()


def decode(payload: bytes) -> Telemetry:
    """Raises Malformed('json') for what is no JSON, Malformed('shape') for JSON of another shape."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Malformed("json", str(error)[:200]) from error
    if not isinstance(found, dict) or not isinstance(found.get("values"), dict):
        raise Malformed("shape", "no object with values")
    if len(found["values"]) > MAX_VALUES:
        raise Malformed("shape", f"{len(found['values'])} values in one message")
    return Telemetry(_whole(found.get("ts"), "ts"), _whole(found.get("seq"), "seq"), found["values"])


def _whole(value: object, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124  NaN
        raise Malformed("shape", f"{name} is no number")
    if not -(2**62) < value < 2**62:
        raise Malformed("shape", f"{name} is out of range")
    return int(value)
