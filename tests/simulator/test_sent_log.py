"""The plant's log of what it sent, beside its ledger."""

from pathlib import Path

from simulator import sent_log
from simulator.edge import EdgeNode
from simulator.json_devices import JsonDevices
from simulator.ledger import Ledger
from simulator.readout import METRICS, Reading
from simulator.sent_log import BIRTH, DATA, HISTORY, Sent, SentLog


def reading(at_ms: int) -> Reading:
    return Reading(at_ms, (1,) * len(METRICS))


def test_what_goes_out_is_written_down_and_nothing_else(tmp_path: Path) -> None:
    log = SentLog(tmp_path / "plant" / "sent.log")
    ledger = Ledger(log=log)
    node, devices = EdgeNode("north", "line-1", ("cnc-11",), ledger), JsonDevices(ledger)
    node.take("cnc-11", reading(1_000))
    node.births(2_000)
    node.resend()
    node.take("cnc-11", reading(3_000))
    devices.take("north/a/b/c", reading(1_500))
    devices.take("north/a/b/c", reading(2_500))
    first = devices.next()
    assert first is not None
    devices.sent(first)
    ledger.write(tmp_path / "ledger.json")
    log.close()
    name = "north/line-1/cnc-11"
    assert list(sent_log.read(tmp_path / "plant" / "sent.log")) == [
        Sent(BIRTH, name, 1_000),
        Sent(HISTORY, name, 1_000),
        Sent(DATA, name, 3_000),
        Sent(DATA, "north/a/b/c", 1_500),
    ]
    assert ledger.account(name).sent == 2
    assert ledger.account(name).births == 1


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    for at_ms in (1, 2):
        log = SentLog(tmp_path / "sent.log")
        log.note(DATA, "a", at_ms)
        log.close()
    assert [entry.at_ms for entry in sent_log.read(tmp_path / "sent.log")] == [1, 2]
