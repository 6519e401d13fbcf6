"""Which of several ingest processes takes in an edge node or a device."""

from functools import lru_cache
from zlib import crc32


@lru_cache(maxsize=65_536)
def part_of(key: str, parts: int) -> int:
    """0 to `parts` - 1, the same in every process. Rendezvous hashing: with one part more, only the keys
    move that the new part gets (Thaler, Ravishankar 1998)."""
    data = key.encode("utf-8", "surrogatepass")
    return max(range(parts), key=lambda part: (_mixed(crc32(data, part * 0x9E3779B1 & 0xFFFFFFFF)), part))


def _mixed(found: int) -> int:
    """crc32 is linear: without this, the order of two parts would be the same for all keys of one length."""
    found = (found ^ found >> 16) * 0x7FEB352D & 0xFFFFFFFF
    found = (found ^ found >> 15) * 0x846CA68B & 0xFFFFFFFF
    return found ^ found >> 16
