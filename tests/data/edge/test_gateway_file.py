"""The gateway file: what is refused, and in which words."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from data.edge import gateway_file
from data.edge.modbus import blocks, value_of
from data.edge.node import columns_of
from domain.errors import SettingsError

OPC = {"url": "opc.tcp://127.0.0.1:4840", "security": "none"}
METRIC = {"node": "ns=2;s=T", "metric": "temperature"}


def given(**changes: Any) -> dict[str, Any]:
    source = {"name": "press", "opcua": OPC, "metrics": [METRIC]}
    return {
        "group": "north",
        "node": "gw",
        "broker": {"url": "mqtt://127.0.0.1"},
        "sources": [source],
    } | changes


def source(**changes: Any) -> dict[str, Any]:
    return given(sources=[{"name": "press", "opcua": OPC, "metrics": [METRIC]} | changes])


def written(folder: Path, content: object) -> Path:
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_paths_are_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    secure = {"url": OPC["url"], "certificate": "c.der", "key": "k.pem", "server_certificate": "/etc/s.der"}
    found = gateway_file.load(written(tmp_path, source(opcua=secure)))
    assert found.store.file == tmp_path / "gateway.db"
    broker = {"url": "mqtts://x", "ca": "ca.pem", "certificate": "us.pem", "key": "/etc/us.key"}
    tls = gateway_file.load(written(tmp_path, given(broker=broker))).broker.tls
    assert tls == (str(tmp_path / "ca.pem"), str(tmp_path / "us.pem"), "/etc/us.key")
    server = found.sources[0].opcua
    assert server is not None
    assert (server.certificate, server.server_certificate) == (tmp_path / "c.der", Path("/etc/s.der"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (given(broker={"url": "http://x"}), "mqtt:// or mqtts://"),
        (given(broker={"url": "mqtt://user:secret@x"}), "stand beside the address"),
        (given(broker={"url": "mqtt://x", "ca": "ca.pem"}), "mqtts://"),
        (given(broker={"url": "mqtts://x", "key": "us.key"}), "key without its certificate"),
        (given(more=1), "Extra inputs"),
        (source(metrics=[METRIC | {"node": "Temperature"}]), "'Temperature' is no node id"),
        (source(metrics=[METRIC | {"node": "ns=x;s=T"}]), "is no node id"),
        (
            source(
                metrics=[METRIC | {"limits": {"low": 1}}, {"node": "i=7", "metric": "temperature/alert/low"}]
            ),
            "sent as 'temperature/alert/low'",
        ),
        (given(sources=[]), "at least 1 item"),
        (given(sources=given()["sources"] * 2), "two sources are called 'press'"),
        (source(opcua={"url": "opc.tcp://x"}), "needs certificate, key, server_certificate"),
        (source(opcua=OPC | {"username": "u", "password_env": "P"}), "readable on the way"),
        (source(modbus={"host": "x"}), "either opcua or modbus"),
        (source(metrics=[METRIC, METRIC]), "sent as 'temperature'"),
        (source(metrics=[{"metric": "load"}]), "needs node"),
        (source(metrics=[METRIC | {"deadband": {"percent": 1}}]), "low and high"),
        (source(metrics=[METRIC | {"deadband": {"absolute": -1}}]), "greater than or equal to 0"),
        (source(metrics=[METRIC | {"limits": {}}]), "neither high nor low"),
        (source(metrics=[METRIC | {"limits": {"high": 1, "low": 2}}]), "not below"),
        (source(metrics=[METRIC | {"unit": "bar"}]), "kept in degC"),
        (source(metrics=[METRIC | {"sampling_ms": 1}]), "greater than or equal to 10"),
        (source(opcua=None, modbus={"host": "x"}), "needs register"),
        ("just words", "valid dictionary"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        gateway_file.load(written(tmp_path, content))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("register", "words"),
    [
        ({"address": 0, "table": "coil"}, "type bit"),
        ({"address": 0, "type": "bit"}, "type bit"),
        ({"address": 65_535, "type": "float32"}, "beyond the last"),
        ({"address": 70_000}, "less than or equal"),
    ],
)
def test_a_register_that_cannot_be(tmp_path: Path, register: dict[str, Any], words: str) -> None:
    metric = {"register": register, "metric": "load"}
    with pytest.raises(SettingsError, match=words):
        gateway_file.load(written(tmp_path, source(opcua=None, modbus={"host": "x"}, metrics=[metric])))


def test_a_missing_password_is_told(tmp_path: Path) -> None:
    broker = {"url": "mqtt://x", "username": "u", "password_env": "TEST_NOT_SET_ANYWHERE"}
    found = gateway_file.load(written(tmp_path, given(broker=broker)))
    with pytest.raises(SettingsError, match="TEST_NOT_SET_ANYWHERE"):
        _ = found.broker.password


def test_aliases_are_unique_in_the_node_and_births_say_how_it_is_sent(tmp_path: Path) -> None:
    summed = METRIC | {"aggregate": {"seconds": 10, "keep": ["mean", "max"]}, "deadband": {"absolute": 0.5}}
    sources = [{"name": name, "opcua": OPC, "metrics": [summed]} for name in ("a", "b")]
    columns = columns_of(gateway_file.load(written(tmp_path, given(sources=sources))))
    assert [(c.name, c.alias) for found in columns.values() for c in found] == [
        ("temperature", 1), ("temperature/max", 2), ("temperature", 3), ("temperature/max", 4),
    ]  # fmt: skip
    assert columns["a"][0].reporting == ("degC", 0.5, 1_000.0, 10.0, None)


def test_each_limit_is_a_metric_of_its_own_and_says_the_limit(tmp_path: Path) -> None:
    watched = METRIC | {"limits": {"high": 80, "low": 5}}
    (columns,) = columns_of(gateway_file.load(written(tmp_path, source(metrics=[watched])))).values()
    assert [(c.name, c.alias, c.reporting.limit) for c in columns] == [
        ("temperature", 1, None), ("temperature/alert/high", 2, 80.0), ("temperature/alert/low", 3, 5.0)
    ]  # fmt: skip


def test_registers_without_a_hole_are_read_together(tmp_path: Path) -> None:
    addresses = [(0, "float32"), (2, "uint16"), (4, "uint16"), (5, "int64")]
    metrics = [
        {"register": {"address": a, "type": kind}, "metric": f"m{a}"} for a, kind in reversed(addresses)
    ]
    metrics.append({"register": {"address": 0, "table": "coil", "type": "bit"}, "metric": "bit"})
    found = gateway_file.load(written(tmp_path, source(opcua=None, modbus={"host": "x"}, metrics=metrics)))
    made = [(one.table, one.first, one.count) for one in blocks(found.sources[0].metrics)]
    assert made == [("coil", 0, 1), ("holding", 0, 3), ("holding", 4, 5)]


def test_words_are_put_together_as_the_file_says() -> None:
    from data.edge.gateway_parts import Register

    big = Register.model_validate({"address": 0, "type": "int32"})
    little = Register.model_validate({"address": 0, "type": "int32", "words": "little"})
    assert value_of(big, [0xFFFF, 0xFFFE]) == -2
    assert value_of(little, [0xFFFE, 0xFFFF]) == -2
