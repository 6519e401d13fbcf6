"""Plain JSON telemetry: topic `uns/<site>/<area>/<line>/<unit>/telemetry`.

Payload: `{"ts": <milliseconds since the epoch>, "seq": <int>, "values": {"temperature": 41.2, ...}}`.
`ts` and `seq` may each be missing; a payload without both can be stored "at least once" only.
"""

import json
from typing import Annotated, NamedTuple

import msgspec

from data.wire import json_values
from domain.errors import Malformed

ROOT = "uns"
SUBSCRIPTION = f"{ROOT}/#"
MAX_VALUES = 1_000
_BOUND = 2**62
_new = tuple.__new__  # what the class would call, without the call in between


class Telemetry(NamedTuple):
    """One message. `values` holds what was sent, also texts and nulls: ingest judges each value."""

    ts_ms: int | None
    seq: int | None
    values: dict[str, object]


class Plain(msgspec.Struct, gc=False):
    """What nearly every message is: a time, and numbers only. `numbers` are floats, whatever they were."""

    ts: Annotated[int, msgspec.Meta(gt=-_BOUND, lt=_BOUND)]
    numbers: Annotated[dict[str, float], msgspec.Meta(max_length=MAX_VALUES)] = msgspec.field(name="values")
    seq: Annotated[int, msgspec.Meta(gt=-_BOUND, lt=_BOUND)] | None = None


decode_plain = msgspec.json.Decoder(Plain).decode
"""The same as `decode` in half the time, for what is plain; raises one of NOT_PLAIN for anything else."""
NOT_PLAIN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


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
    found = json_values.parse(payload)
    values = found.get("values") if found.__class__ is dict else None
    if values.__class__ is not dict:
        raise Malformed("shape", "no object with values")
    if len(values) > MAX_VALUES:
        raise Malformed("shape", f"{len(values)} values in one message")
    ts, seq = found.get("ts"), found.get("seq")
    if ts.__class__ is not int or not -_BOUND < ts < _BOUND:
        ts = _whole(ts, "ts")
    if seq.__class__ is not int or not -_BOUND < seq < _BOUND:
        seq = _whole(seq, "seq")
    return _new(Telemetry, (ts, seq, values))


def _whole(value: object, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124  NaN
        raise Malformed("shape", f"{name} is no number")
    if not -_BOUND < value < _BOUND:
        raise Malformed("shape", f"{name} is out of range")
    return int(value)
