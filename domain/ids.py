"""Identifiers: UUIDv7 (RFC 9562), so that ids sort by the wall time at which they were made."""

import os
import time
import uuid


def new_id() -> str:
    """A new UUIDv7 in its canonical text form."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
