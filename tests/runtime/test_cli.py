"""The command line: one clear line and exit code 2 for wrong use, JSON alone on standard output."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from data.store.database import Database
from runtime.cli import app
from tests.data.sources import tryton
from tests.services.reports import plant

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "prepare", "demo", "app", "ingest", "score", "relay", "notify", "watch", "plant", "simulate",
    "replay", "train", "evaluate", "predict", "explain", "migrate", "doctor", "bench",
    "topics",
)  # fmt: skip


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    return subprocess.run(
        [sys.executable, "-m", "runtime", *words],
        check=False, cwd=ROOT, env={**kept, **env}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], terminal_width=200)
    assert done.exit_code == 0
    assert f"python -m runtime {command}" in re.sub(r"\s+", " ", done.stdout)


@pytest.mark.parametrize(
    ("words", "env", "said"),
    [
        (("plant",), {"TAKTWISE_PLANT_ABSENCE": "1.5"}, "TAKTWISE_PLANT_ABSENCE"),
        (("plant",), {"TAKTWISE_PLANT_MESSAGES_PER_HOUR": "0"}, "TAKTWISE_PLANT_MESSAGES_PER_HOUR"),
        (("ingest",), {"TAKTWISE_RAW_DAYS": "2"}, "TAKTWISE_RAW_DAYS"),
        (("ingest",), {"TAKTWISE_BROKER_URL": "ftp://x"}, "TAKTWISE_BROKER_URL"),
        (("ingest",), {"TAKTWISE_TOPICS": "/nowhere.yaml"}, "/nowhere.yaml"),
        (("ingest",), {"TAKTWISE_MORE_BROKERS": '{"b": "http://x"}'}, "TAKTWISE_MORE_BROKERS"),
        (("topics",), {"TAKTWISE_SPARKPLUG_REORDER_S": "-1"}, "TAKTWISE_SPARKPLUG_REORDER_S"),
        (("topics", "--mapping", "/nowhere.yaml"), {}, "presets are"),
        (("topics", "--watch", "--only", "a/#/b"), {}, "no topic filter"),
        (("topics", "--watch", "--propose", "/proc/none/topics.yaml"), {}, "/proc/none"),
        (("gateway", "certificate", "/proc/none"), {}, "/proc/none"),
        (("gateway", "browse", "http://x"), {}, "url: it is no opc.tcp:// address"),
        (("app",), {"TAKTWISE_WEB_PORT": "99999"}, "TAKTWISE_WEB_PORT"),
        (("score",), {"TAKTWISE_FAILURE_MODEL": "/nowhere"}, "/nowhere"),
        (("relay",), {"TAKTWISE_DATABASE_URL": "oracle://x"}, "database"),
        (("bench", "nothing"), {}, "no bench"),
        (("evaluate", "failure", "--model", "/nowhere", "--data", "cmapss:/nowhere"), {}, "/nowhere"),
        (("report", "make", "month"), {}, "shift, day or week"),
        (("report", "serve"), {"TAKTWISE_SMTP_URL": "http://x"}, "TAKTWISE_SMTP_URL"),
        (("user", "add", "x", "--name", "X", "--role", "king"), {}, "no role king"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_code_2(words, env, said, tmp_path) -> None:
    done = run(*words, **{"TAKTWISE_VAR_DIR": str(tmp_path), **env})
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert last.startswith("taktwise: ")
    assert said in last
    assert "Traceback" not in done.stderr


GATEWAY = """
group: north
node: press-shop
broker: {url: "mqtt://127.0.0.1:1"}
sources:
  - name: press-7
    opcua: {url: "opc.tcp://127.0.0.1:1", certificate: ours.der, key: ours.pem, server_certificate: press.der}
    metrics: [{node: "ns=2;s=T", metric: temperature}]
"""


@pytest.mark.parametrize("command", ["check", "run", "status", "alerts"])
def test_a_gateway_that_cannot_begin_says_why_in_one_line_and_leaves_no_store(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "gateway.yaml").write_text(GATEWAY)
    done = run("gateway", command, str(tmp_path / "gateway.yaml"), TAKTWISE_VAR_DIR=str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    said = ".der" if command in ("check", "run") else "never run"
    assert said in done.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "gateway.db").exists()


def test_an_export_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    assert run("migrate", TAKTWISE_VAR_DIR=str(tmp_path)).returncode == 0
    taken = tmp_path / "taken"
    taken.write_text("a file")
    for words, said in ((("--from", "2026-11-20"), str(taken)), (("--scope", "nowhere"), "nowhere")):
        done = run("export", str(taken), *words, TAKTWISE_VAR_DIR=str(tmp_path))
        assert done.returncode != 0
        assert said in done.stderr.strip().splitlines()[-1]
        assert "Traceback" not in done.stderr


def test_the_doctor_names_what_does_not_answer(tmp_path: Path) -> None:
    done = run(
        "doctor", "--json", TAKTWISE_VAR_DIR=str(tmp_path), TAKTWISE_BROKER_URL="mqtt://127.0.0.1:1",
        TAKTWISE_FAILURE_MODEL=str(tmp_path),
    )  # fmt: skip
    rows = {row["check"]: row["ok"] for row in json.loads(done.stdout)}
    assert done.returncode == 1
    assert rows["database"]
    assert not rows["broker"]
    assert not rows["failure model"]


def test_the_doctor_reads_every_table_of_a_mapping(tmp_path: Path) -> None:
    mes = create_engine(f"sqlite:///{tmp_path / 'mes.db'}")
    tryton.metadata.create_all(mes)
    asked = {
        "TAKTWISE_VAR_DIR": str(tmp_path),
        "TAKTWISE_MES_URLS": json.dumps({"hall-2": str(mes.url), "away": f"sqlite:///{tmp_path / 'no.db'}"}),
        "TAKTWISE_MES_MAPPINGS": json.dumps({"hall-2": "tryton"}),
    }

    def told() -> dict[str, tuple[bool, str]]:
        rows = json.loads(run("doctor", "--json", **asked).stdout)
        return {row["check"]: (row["ok"], row["detail"]) for row in rows}

    assert told()["database hall-2"][0]
    assert not told()["database away"][0]
    with mes.begin() as tx:
        tx.execute(text("ALTER TABLE production RENAME COLUMN quantity TO amount"))
    good, words = told()["database hall-2"]
    assert not good
    assert "orders" in words and "quantity" in words
    mes.dispose()


def test_a_report_is_made_by_command(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'taktwise.db'}")
    database.create_all()
    with database.write() as tx:
        plant.build(tx)
    database.close()
    out = tmp_path / "out"
    done = run(
        "report",
        "make",
        "day",
        "--day",
        "2026-11-20",
        "--out",
        str(out),
        "--json",
        TAKTWISE_VAR_DIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    files = [Path(row["file"]) for row in json.loads(done.stdout)]
    assert [path.name for path in files] == [
        "taktwise-north-day-2026-11-20.pdf",
        "taktwise-north-day-2026-11-20.xlsx",
    ]
    assert "Day report, Plant North" in PdfReader(files[0]).pages[0].extract_text()
    none = run("report", "make", "day", "--scope", "north/nowhere", TAKTWISE_VAR_DIR=str(tmp_path))
    assert (none.returncode, none.stderr.strip().splitlines()[-1][:9]) == (1, "taktwise:")
