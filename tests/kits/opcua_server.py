"""asyncua's own OPC UA server for a test: secured or not, with users, on a port that stays the same."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kits.ports import free_port

USER, PASSWORD = "line", "for-tests-only"
NAMESPACE = "urn:taktwise:test"


class OpcUaServer:
    """`start`, `stop`, and `start` again on the same port. `write` sets a variable at a source time."""

    def __init__(self, variables: dict[str, object], certificates: Path | None = None) -> None:
        self.port = free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}"
        self._variables, self._certificates = variables, certificates
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = None
        self._nodes: dict[str, Any] = {}

    def start(self) -> None:
        self._do(self._start())

    def stop(self) -> None:
        if self._server is not None:
            self._do(self._server.stop())
            self._server = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def write(self, name: str, value: object, ms: int | None = None, *, bad: bool = False) -> None:
        self._do(self._write([(name, value, ms)], bad))

    def write_all(self, values: list[tuple[str, object, int | None]]) -> None:
        self._do(self._write(values, False))

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    async def _write(self, values: list[tuple[str, Any, int | None]], bad: bool) -> None:
        from asyncua import ua

        for name, value, ms in values:
            stamp = datetime.now(UTC) if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
            code = ua.StatusCodes.BadSensorFailure if bad else ua.StatusCodes.Good
            node = self._nodes[name]
            variant = ua.Variant(value, await node.read_data_type_as_variant_type())
            data = ua.DataValue(variant, ua.StatusCode(code), SourceTimestamp=stamp, ServerTimestamp=stamp)
            await self._server.write_attribute_value(node.nodeid, data)

    async def _start(self) -> None:
        from asyncua import Server, ua
        from asyncua.crypto.permission_rules import User, UserRole

        class Users:
            def get_user(self, _server, username=None, password=None, certificate=None):
                return User(role=UserRole.User) if (username, password) == (USER, PASSWORD) else None

        secured = self._certificates is not None
        server = Server(user_manager=Users() if secured else None)
        await server.init()
        server.set_endpoint(self.url)
        if self._certificates is not None:
            await server.set_application_uri("urn:taktwise:test-server")
            server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
            await server.load_certificate(str(self._certificates / "gateway.der"))
            await server.load_private_key(str(self._certificates / "gateway.pem"))
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        space = await server.register_namespace(NAMESPACE)
        press = await server.nodes.objects.add_object(space, "Press")
        for name, value in self._variables.items():
            node = await press.add_variable(ua.NodeId(name, space), name, value)
            self._nodes[name] = node
        await server.start()
        self._server = server
