"""The configuration of the embedded NATS server: MQTT for machines, JetStream for queues, one process."""

import json
import os
from pathlib import Path

MAX_PAYLOAD = 4 * 1024 * 1024  # beyond it an MQTT publisher resends for ever
ACK_WAIT_S = 5
MAX_ACK_PENDING = 10_000


def write_config(
    directory: Path,
    *,
    mqtt_port: int,
    client_port: int,
    username: str,
    password: str,
    plant_username: str = "plant",
    plant_password: str = "",
) -> Path:
    """Write `nats.conf` (readable by the owner only) and return its path; data lie beside it.

    With `plant_password` the machines and the queues' receivers get a user of their own, and
    `username` may publish its STATE, rebirth requests and orders only. Topics with dots are spelt in
    the access list as NATS maps them: `spBv1.0/#` is `spBv1//0.>`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    users = [_user(username, password, limited=bool(plant_password))]
    if plant_password:
        users.append(_user(plant_username, plant_password, limited=False))
    path = directory / "nats.conf"
    text = _CONFIG.format(
        client_port=client_port,
        mqtt_port=mqtt_port,
        store=json.dumps(str(directory / "data")),
        max_payload=MAX_PAYLOAD,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=MAX_ACK_PENDING,
        users=",\n    ".join(users),
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    path.chmod(0o600)
    return path


_CONFIG = """\
server_name: taktwise
listen: "127.0.0.1:{client_port}"
max_payload: {max_payload}
max_pending: 268435456
jetstream {{
  store_dir: {store}
}}
mqtt {{
  listen: "127.0.0.1:{mqtt_port}"
  ack_wait: "{ack_wait}s"
  max_ack_pending: {max_ack_pending}
}}
authorization {{
  users = [
    {users}
  ]
}}
"""
_MAY_PUBLISH = [
    "spBv1//0.STATE.>",
    "spBv1//0.*.NCMD.*",
    "mes.>",
    "erp.>",
    "$JS.>",
    "$MQTT.>",
    "_INBOX.>",
]


def _user(name: str, password: str, *, limited: bool) -> str:
    user: dict[str, object] = {"user": name, "password": password}
    if limited:
        user["permissions"] = {"publish": {"allow": _MAY_PUBLISH}, "subscribe": ">"}
    return json.dumps(user)
