"""A PostgreSQL cluster of a test's own, which may be restarted at will."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.kits.ports import free_port


class Cluster:
    """`start`, `restart` (as a crash would: without a checkpoint), `stop`."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        if not found:
            if os.environ.get("CI") == "true":
                pytest.fail("PostgreSQL is not installed (make services)")
            pytest.skip("PostgreSQL is not installed (make services)")
        self._bin = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="taktwise-pg-"))  # the server's user must reach it
        self._port = free_port()
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as:
            os.chown(self._folder, pwd.getpwnam("postgres").pw_uid, -1)
        self._call(
            "initdb", "-U", "taktwise", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"
        )

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://taktwise@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        given = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._call("pg_ctl", "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", given, "start")

    def restart(self) -> None:
        self._call("pg_ctl", "-m", "immediate", "-w", "stop")
        self.start()

    def end(self) -> None:
        self._call("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(self, program: str, *words: str) -> None:
        command = [*self._as, str(self._bin / program), "-D", str(self._folder), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
