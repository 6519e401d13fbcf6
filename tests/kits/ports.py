"""Ports for the servers that tests start themselves."""

import itertools
import os
import socket

# Below those that the system gives to whoever connects (from 32,768 on): nobody else comes to one by chance
# while its server is yet to start, or starts again.
FIRST, COUNT = 12_000, 20_000
_numbers = itertools.count(os.getpid() * 97)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that this process has not been given a short while ago."""
    for number in itertools.islice(_numbers, COUNT):
        port = FIRST + number % COUNT
        with socket.socket() as probe:
            if not _taken(probe, port):
                return port
    raise OSError("no port is free")


def _taken(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False
