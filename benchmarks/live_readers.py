"""The stream readers of bench live: each is signed in, reads every byte, and counts events."""

import asyncio
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from auth.sessions import SESSION_COOKIE


async def read(url: str, token: str, seconds: float) -> int:
    """Events that one reader got; 0 when it was refused."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    path = "/live/stream?view=overview&scope=north&window=shift"
    head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {SESSION_COOKIE}={token}\r\n\r\n"
    writer.write(head.encode())
    events = 0
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65_536):
                events += chunk.count(b"\ndata: ")
    except TimeoutError:
        writer.close()
    return events


async def main(url: str, tokens: Path, out: Path, seconds: float) -> None:
    """Run all readers at once and write what they heard."""
    counts = await asyncio.gather(*(read(url, token, seconds) for token in json.loads(tokens.read_text())))
    heard = {"clients": sum(c > 0 for c in counts), "least": min(counts), "events": sum(counts)}
    out.write_text(json.dumps(heard))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
