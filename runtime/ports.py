"""Ports and secrets of the embedded parts, kept under var/ so that a restart finds them again."""

import json
import os
import secrets
import socket
from pathlib import Path

PREFERRED = {"web": 8501, "mqtt": 1883, "queue": 4222}
_TRIES = 200


def choose(var_dir: Path) -> dict[str, int]:
    """A free loopback port for each part: the one of last time, else the usual one, else the next free.

    What was chosen is written to var/ports.json.
    """
    path = var_dir / "ports.json"
    wanted = PREFERRED | (_read(path) if path.exists() else {})
    chosen: dict[str, int] = {}
    for name in PREFERRED:
        chosen[name] = _next_free(wanted[name], set(chosen.values()))
    path.write_text(json.dumps(chosen) + "\n")
    return chosen


def broker_password(var_dir: Path, user: str = "desk") -> str:
    """A user's password at the embedded broker: random, made once, readable by the owner only."""
    path = var_dir / f"broker-password-{user}"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _read(path: Path) -> dict[str, int]:
    try:
        stored = json.loads(path.read_text())
        return {name: int(stored[name]) for name in PREFERRED if name in stored}
    except (ValueError, TypeError, AttributeError):
        return {}


def _next_free(port: int, taken: set[int]) -> int:
    for candidate in range(port, port + _TRIES):
        if candidate not in taken and is_free(candidate):
            return candidate
    raise OSError(f"no free port in {port}..{port + _TRIES}")


def is_free(port: int) -> bool:
    """True when 127.0.0.1:port can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
