"""Every reason for which something is set aside has a sentence, and says what to do."""

import re
from pathlib import Path

import pytest

from components.set_aside import REASONS, why

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"mqtt", "schema", "alternatives", "evidence", "payload", "pattern"}  # never in quarantine
NAMED = re.compile(
    r'(?:Malformed\(|Unreadable\(|reject\(message, |return |"row", |bad.setdefault\()"([a-z_]+)"(?=[,)\n])'
)
FILES = [
    *ROOT.glob("data/wire/*.py"), *ROOT.glob("data/sources/*.py"),
    ROOT / "services/ingest/judge.py", ROOT / "services/ingest/devices.py",
]  # fmt: skip


def used() -> set[str]:
    found = {name for path in FILES for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    return found - ELSEWHERE


def test_every_reason_in_the_code_has_a_sentence() -> None:
    found = used()
    assert len(found) > 30
    assert found - REASONS - {"mapped", "iso"} == set()


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_a_reason_is_a_sentence_and_says_what_to_do(reason: str) -> None:
    what, do = why("json", reason)
    assert what[0].isupper() and what.endswith(".") and len(what.split()) >= 4
    assert do.endswith(".") and len(do.split()) >= 4
    assert "_" not in what


def test_a_reason_that_nobody_knows_still_says_something() -> None:
    assert why("json", "brand_new").what == "It could not be used."
    assert why("sparkplug", "topic").what != why("json", "topic").what
