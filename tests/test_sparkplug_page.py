"""docs/sparkplug.md says of each assertion what the tests show, no more and no less."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "sparkplug.md").read_text()
FILES = ("tests/contract/test_sparkplug_tck.py", "tests/services/ingest/test_sparkplug_tck.py")
ROWS = re.findall(r"^\| (tck-id-\S+) \| ([a-z ]+) \| (.+) \|$", PAGE, re.MULTILINE)
MET = [(found, where.strip("`")) for found, state, where in ROWS if state == "met"]


def test_every_row_has_a_state_of_three_and_no_id_stands_twice() -> None:
    assert {state for _, state, _ in ROWS} == {"met", "not applicable"}
    assert max(Counter(found for found, _, _ in ROWS).values()) == 1
    assert len(ROWS) == len([line for line in PAGE.splitlines() if line.startswith("| tck-id-")])


def test_the_page_counts_itself_and_claims_no_certification() -> None:
    counts = Counter(state for _, state, _ in ROWS)
    line = f"{counts['met']} met, {counts['not applicable']} not applicable, {counts['not met']} not met."
    assert line in PAGE
    assert "claims no certification" in PAGE


@pytest.mark.parametrize(("found", "where"), MET, ids=[found for found, _ in MET])
def test_what_is_met_names_a_test_that_exists(found: str, where: str) -> None:
    path, _, name = where.partition("::")
    source = (ROOT / path).read_text()
    function, _, case = name.partition("[")
    assert f"def {function}(" in source
    if case:
        assert case == f"{found}]"
        assert f'"{found}"' in source
    else:
        assert function == "test_" + found.replace("-", "_")


def test_every_assertion_that_is_tested_is_on_the_page() -> None:
    sources = [(ROOT / path).read_text() for path in FILES]
    tested = {found for source in sources for found in re.findall(r'"(tck-id-[^"]+)"', source)}
    tested |= {
        f[5:].replace("_", "-") for source in sources for f in re.findall(r"def (test_tck_id_\w+)", source)
    }
    assert tested == {found for found, _ in MET}
