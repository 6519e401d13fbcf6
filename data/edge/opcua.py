"""OPC UA: read one server by subscriptions, and look through its address space. It never writes."""

import asyncio
import logging
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from data.edge.events import Contact, Emit, Missed, Seen, now_ms
from data.edge.gateway_file import SourcePart
from data.edge.gateway_parts import MetricPart, OpcUaPart, Security
from domain.errors import SettingsError, Unavailable
from domain.telemetry import Quality

TIMEOUT_S = 4.0
SESSION_MS = 60_000
WATCH_S = 1.0  # how often the server is asked whether it is there
PUBLISH_MS = 250.0
QUEUE = 1_000  # values that the server keeps of a metric between two publications
MOST_BROWSED = 5_000
MAX_DEPTH = 12
_OVERFLOW = 0x480  # OPC UA Part 4, 7.39: the bits of a data value whose queue ran over
_URI = re.compile(r"nsu=([^;]+);(.+)")
APPLICATION_URI = "urn:taktwise:gateway"
log = logging.getLogger("taktwise.gateway")


class Found(NamedTuple):
    """A variable of a server: its node id, its path of browse names, its data type and its value now."""

    node: str
    path: str
    kind: str
    value: object


class OpcUaReader:
    """See data.edge.events.Reader."""

    def __init__(self, source: SourcePart) -> None:
        if source.opcua is None:
            raise ValueError("no OPC UA source")
        self._source, self._server = source, source.opcua
        self._parts: dict[Any, list[MetricPart]] = {}
        self._emit: Emit | None = None

    async def read(self, emit: Emit) -> tuple[int, str]:
        """Until the connection is lost."""
        self._emit = emit
        async with connected(self._server) as client:
            wanted = await self._resolve(client)
            emit(Contact(self._source.name, True, now_ms()))
            alive_ms = now_ms()
            try:
                await self._subscribe(client, wanted)
                while True:
                    await client.check_connection()
                    await asyncio.wait_for(client.nodes.server_state.read_value(), TIMEOUT_S)
                    alive_ms = now_ms()
                    await asyncio.sleep(WATCH_S)
            except _trouble() as error:
                return alive_ms, f"the connection broke: {_reason(error)}"
            except asyncio.CancelledError:
                if _we_are_to_stop():
                    raise
                return alive_ms, "the connection broke"  # asyncua cancels what waits for a lost server

    async def _resolve(self, client: Any) -> list[tuple[Any, MetricPart]]:
        """The nodes of the file; a node that the server does not have is named in the log and left out."""
        self._parts = {}
        wanted, refused = [], []
        for part in self._source.metrics:
            try:
                node = client.get_node(await _with_index(client, part.node))
                _there(await node.read_data_value(raise_on_bad_status=False))
            except _trouble() as error:
                refused.append(f"{part.node}: {_reason(error)}")
                continue
            self._parts.setdefault(node.nodeid, []).append(part)
            wanted.append((node, part))
        if not wanted:
            raise ConnectionError(f"none of its nodes can be read; {refused[0]}")
        for one in refused:
            log.warning("%s: left out, cannot be read: %s", self._source.name, one)
        return wanted

    async def _subscribe(self, client: Any, wanted: list[tuple[Any, MetricPart]]) -> None:
        period = min(PUBLISH_MS, max(50.0, min(part.sampling_ms for _, part in wanted)))
        subscription = await client.create_subscription(period, self)
        done = set()
        for node, part in wanted:
            if node.nodeid in done:
                continue
            done.add(node.nodeid)
            room = min(QUEUE, max(10, math.ceil(8 * PUBLISH_MS / part.sampling_ms)))
            sampling = min(one.sampling_ms for one in self._parts[node.nodeid])
            await subscription.subscribe_data_change(node, queuesize=room, sampling_interval=sampling)

    def status_change_notification(self, _status: Any) -> None:
        """The subscription ended; the watch in `read` sees why."""

    def datachange_notification(self, node: Any, _value: object, data: Any) -> None:
        """asyncua calls this for every value, in order."""
        found = data.monitored_item.Value
        stamp = found.SourceTimestamp or found.ServerTimestamp
        at_ms = now_ms() if stamp is None else _ms(stamp)
        raw = found.Value.Value if found.Value is not None else None
        quality = _quality(found)
        if self._emit is None:
            return
        for part in self._parts.get(node.nodeid, ()):
            self._emit(Seen(self._source.name, part, at_ms, raw, quality))
        if found.StatusCode is not None and found.StatusCode.value & _OVERFLOW == _OVERFLOW:
            self._emit(Missed(self._source.name, at_ms))


async def prepared(server: OpcUaPart) -> Any:
    """A client that is not connected yet. Raises SettingsError for a certificate or key that cannot be read,
    or a password that is not set."""
    from asyncua.client import Client

    client = Client(server.url, timeout=TIMEOUT_S, watchdog_intervall=60)
    client.name, client.application_uri = "Taktwise gateway", APPLICATION_URI
    client.session_timeout = SESSION_MS
    await _secure(client, server)
    if server.username:
        client.set_user(server.username)
        client.set_password(server.password)
    return client


@asynccontextmanager
async def connected(server: OpcUaPart) -> AsyncIterator[Any]:
    """A client, as the file says. Raises ConnectionError with the reason, SettingsError as `prepared`."""
    client = await prepared(server)
    try:
        await asyncio.wait_for(client.connect(), 3 * TIMEOUT_S)
    except _trouble() as error:
        client.disconnect_socket()
        raise ConnectionError(f"{server.url} cannot be reached: {_reason(error)}") from error
    try:
        yield client
    finally:
        try:
            await asyncio.wait_for(client.disconnect(), TIMEOUT_S)
        except _trouble():
            client.disconnect_socket()
        except asyncio.CancelledError:
            client.disconnect_socket()
            if _we_are_to_stop():
                raise


async def browse(server: OpcUaPart, under: str = "i=85") -> list[Found]:
    """Every variable below a node (the objects folder unless said), `MOST_BROWSED` at most.

    Raises Unavailable when the server cannot be reached.
    """
    from asyncua import ua

    try:
        async with connected(server) as client:
            start = client.get_node(await _with_index(client, under))
            found: list[Found] = []
            await _walk(ua, start, "", 0, found, set())
            return found
    except ConnectionError as error:
        raise Unavailable(str(error)) from error


async def _walk(ua: Any, node: Any, path: str, depth: int, found: list[Found], seen: set[Any]) -> None:
    if depth > MAX_DEPTH or node.nodeid in seen:
        return
    seen.add(node.nodeid)
    for one in await node.get_children_descriptions():
        if len(found) >= MOST_BROWSED or (one.NodeId.NamespaceIndex == 0 and depth == 0):
            continue  # the server's own diagnostics
        child = type(node)(node.session, one.NodeId)
        name = f"{path}/{one.BrowseName.Name}" if path else str(one.BrowseName.Name)
        if one.NodeClass == ua.NodeClass.Variable:
            value = await child.read_data_value(raise_on_bad_status=False)
            kind = value.Value.VariantType.name if value.Value is not None else "?"
            raw = value.Value.Value if value.Value is not None else None
            found.append(Found(one.NodeId.to_string(), name, kind, raw))
        if one.NodeClass in (ua.NodeClass.Variable, ua.NodeClass.Object):
            await _walk(ua, child, name, depth + 1, found, seen)


async def _secure(client: Any, server: OpcUaPart) -> None:
    if server.security is Security.NONE:
        return
    from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
    from asyncua.ua import MessageSecurityMode

    sign = server.security is Security.SIGN
    mode = MessageSecurityMode.Sign if sign else MessageSecurityMode.SignAndEncrypt
    try:
        await client.set_security(
            SecurityPolicyBasic256Sha256,
            str(server.certificate),
            str(server.key),
            server_certificate=str(server.server_certificate),
            mode=mode,
        )
    except (OSError, ValueError) as error:
        raise SettingsError(f"a certificate or key for {server.url} cannot be read: {error}") from error


async def _with_index(client: Any, node: str) -> str:
    """`nsu=URI;s=X` with the index that the namespace has on this server today; others as they are."""
    match = _URI.fullmatch(node)
    if match is None:
        return node
    return f"ns={await client.get_namespace_index(match[1])};{match[2]}"


def _there(found: Any) -> None:
    """A value that is bad today may be good tomorrow; a node that is not there, is no variable or may not be
    read stays so. Raises UaStatusCodeError for the latter: no subscription takes it."""
    from asyncua.ua import StatusCodes

    never = (
        StatusCodes.BadNodeIdUnknown, StatusCodes.BadNodeIdInvalid, StatusCodes.BadAttributeIdInvalid,
        StatusCodes.BadNotReadable, StatusCodes.BadUserAccessDenied,
    )  # fmt: skip
    if found.StatusCode is not None and found.StatusCode.value in never:
        found.StatusCode.check()


def _we_are_to_stop() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _trouble() -> tuple[type[Exception], ...]:
    """What asyncua raises when a server is away, refuses or misbehaves."""
    from asyncua.ua import UaError

    return (OSError, UaError, ValueError)


def _quality(found: Any) -> Quality:
    code = found.StatusCode
    if code is None or code.is_good():
        return Quality.GOOD
    return Quality.UNCERTAIN if code.is_uncertain() else Quality.BAD


def _ms(stamp: datetime) -> int:
    aware = stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _reason(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.split("\n", 1)[0][:200]
