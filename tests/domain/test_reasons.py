"""The tree of reasons, and the table of who says what."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import InvalidInput
from domain.fact_sources import FACTS
from domain.reasons import DEFAULT, MES_WORDS, MOST_IN_A_GROUP, OTHER, Reason, from_mes, tree_of

ROOT = Path(__file__).resolve().parents[2]
TREE = tree_of(())


def test_the_tree_has_two_levels_and_every_code_once():
    assert len({n.code for n in DEFAULT}) == len(DEFAULT)
    assert {n.parent for n in DEFAULT if n.parent} == {n.code for n in DEFAULT if not n.parent}
    assert all(TREE.leaves(group.code) for group in TREE.groups)
    assert set(MES_WORDS.values()) <= {n.code for n in DEFAULT if n.parent}
    proposed = {"breakdown", "repair", "short_stop", "starved", "blocked", "utilities", "adjusting"}
    assert proposed | {"maintenance", "operator_hold", OTHER} <= {n.code for n in DEFAULT if n.parent}


def test_the_words_of_a_mes():
    assert (from_mes(" Tool change "), from_mes(""), from_mes("Gremlins")) == ("tool", "", OTHER)


def test_a_stored_version_takes_the_place_of_the_default():
    tree = tree_of([Reason("tool", "Tool", "machine", 9), Reason("jam", "Jam", "machine")])
    assert tree.name("tool") == "Tool" and tree.leaves("machine")[-1].code == "tool"
    assert "jam" in [n.code for n in tree.leaves("machine")]


def test_a_reason_that_is_switched_off_keeps_its_name_but_cannot_be_chosen():
    tree = TREE.changed(replace(TREE.check_leaf("tool"), active=False))
    assert tree.name("tool") == "Tool change or wear"
    with pytest.raises(InvalidInput):
        tree.check_leaf("tool")


@pytest.mark.parametrize(
    "node",
    [
        Reason("x1", "X", "nowhere"),
        Reason("x1", "X", "tool"),
        Reason("x1", "breakdown", "machine"),
        Reason("machine", "Machine", "flow"),
        Reason("tool", "Tool"),
        Reason(OTHER, "Another reason", "rest", active=False),
    ],
)
def test_what_is_no_tree_is_refused(node):
    with pytest.raises(InvalidInput):
        TREE.changed(node)


def test_a_group_holds_what_fits_on_a_tablet():
    tree = TREE
    for n in range(MOST_IN_A_GROUP - len(tree.leaves("machine"))):
        tree = tree.changed(Reason(f"more_{n}", f"More {n}", "machine"))
    with pytest.raises(InvalidInput):
        tree.changed(Reason("one_more", "One more", "machine"))


@pytest.mark.parametrize(
    ("code", "name"), [("X", "x"), ("1a", "x"), ("a", "x"), ("ab", ""), ("ab", "x" * 41), ("ab", "a\nb")]
)
def test_codes_and_names(code, name):
    with pytest.raises(InvalidInput):
        Reason(code, name)


def test_the_page_on_facts_is_the_table():
    rows = re.findall(r"^\| (.+) \|$", (ROOT / "docs" / "facts.md").read_text(encoding="utf-8"), re.MULTILINE)
    cells = [tuple(cell.strip() for cell in row.split("|")) for row in rows[2:]]
    assert cells == [(f.fact, f.automatic, f.fallback, f.latest, f.corrects) for f in FACTS]
