"""Validated limits from a file: whole or not at all, by names or ids, in the units of the MES."""

import pytest
from sqlalchemy import select

from auth.permissions import Role
from components.limit_file import check_panel, limits_csv
from data.store import tables as t
from domain.csv_file import LARGEST_BYTES, MOST_LINES
from domain.errors import Conflict, Forbidden, InvalidInput
from services.commands.process import ProcessCommands
from tests import factories as f
from tests.services.process.kit import FORCE, LINE, SPEED
from tests.services.process.test_limits import line, settings

__all__ = ["line"]
HEAD = "place;product;setting;low;high;unit;validated_by\n"
OF_LINE = f"{LINE};P-201;Blank holder force;400;425;kN;T-17\n"


def take(commands: ProcessCommands, actor, text: str, why: str = "trial in May") -> int:
    content = text.encode()
    found = commands.check_file(actor, "north", content)
    return commands.take_in(actor, "north", content, why, read=found.digest)


def test_a_file_enters_limits_of_lines_and_machines_with_an_audit_entry_each(line):
    database, commands, sue, (_, second) = line
    own = "press 22;p-201;blank_holder_force;400.5;440;kN;T-18\n"
    speed = "press 22;P-201;ram_speed;250;300;mm/s;T-18\n"
    assert take(commands, sue, HEAD + OF_LINE + own + speed) == 3
    rows = settings(database, sue)
    assert rows["Press 21", FORCE].limits.high == 425 and rows["Press 21", SPEED].limits is None
    assert rows["Press 22", FORCE].limits.low == 400.5 and rows["Press 22", FORCE].scope == second
    with database.read() as tx:
        told = tx.execute(select(t.audit.c.action)).scalars().all()
    assert told == ["entered limits of a setting"] * 3


def test_what_holds_already_stays_as_it_is_and_the_file_to_fill_in_comes_back_unchanged(line):
    database, commands, sue, _ = line
    take(commands, sue, HEAD + OF_LINE)
    to_fill_in = limits_csv(tuple(settings(database, sue).values()))
    assert to_fill_in.decode("utf-8-sig").count(LINE + ",") == 1, "limits of a line stand once"
    found = commands.check_file(sue, "north", to_fill_in)
    assert not found.wrong and [one.known for one in found.entries] == [True]
    assert commands.take_in(sue, "north", to_fill_in, "again", read=found.digest) == 0
    changed = commands.check_file(sue, "north", (HEAD + OF_LINE.replace("425", "430")).encode())
    assert not changed.entries[0].known and "400 to 425 kN" in check_panel(changed)
    assert changed.entries[0].limits.version == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{LINE};P-201;{FORCE};440;425;kN;T-17", "line 2: the lower limit lies below the upper one"),
        (f"{LINE};P-201;{FORCE};400;;kN;T-17", "line 2: high is missing"),
        (f"{LINE};P-201;{FORCE};400,5;425;kN;T-17", "line 2: '400,5' is no number; write it as 1234.5"),
        (f"{LINE};P-201;{FORCE};nan;425;kN;T-17", "line 2: 'nan' is no number"),
        (f"{LINE};P-201;{FORCE};400;425;t;T-17", "line 2: the MES tells this setting in kN, not in 't'"),
        (f"{LINE};P-201;{FORCE};400;425;kN;", "line 2: validated_by is missing"),
        (f"{LINE};P-9;{FORCE};400;425;kN;T-17", "line 2: 'P-9' was made by no operation"),
        (f"{LINE};P-201;heat;400;425;kN;T-17", "line 2: 'heat' is no setting that P-201 ran with"),
        (f"mill;P-201;{FORCE};400;425;kN;T-17", "line 2: 'mill' is no line or machine whose limits you keep"),
        (OF_LINE + OF_LINE, "line 3: line 2 has limits of the same setting"),
        (f"{LINE};P-201;{FORCE};;;kN;", "no line has limits"),
        ("", f"a file of limits has 1 to {MOST_LINES:,} lines; this one has 0"),
        (OF_LINE * (MOST_LINES + 1), "this one has 2,001"),
        ("x" * LARGEST_BYTES, "larger than 200 kB"),
    ],
)
def test_a_file_with_anything_wrong_enters_nothing_and_says_what(line, text: str, why: str):
    database, commands, sue, _ = line
    content = (HEAD + text).encode()
    found = commands.check_file(sue, "north", content)
    assert why in str(found.wrong[0]) and why in check_panel(found).replace("&#x27;", "'")
    with pytest.raises(InvalidInput):
        commands.take_in(sue, "north", content, "trial", read=found.digest)
    assert settings(database, sue)["Press 21", FORCE].limits is None


def test_one_wrong_line_keeps_the_right_ones_out(line):
    database, commands, sue, _ = line
    with pytest.raises(InvalidInput, match="line 3"):
        take(commands, sue, HEAD + OF_LINE + OF_LINE.replace("P-201", "P-9"))
    assert settings(database, sue)["Press 21", FORCE].limits is None


def test_limits_that_changed_since_the_look_are_not_written_over(line):
    database, commands, sue, _ = line
    content = (HEAD + OF_LINE).encode()
    found = commands.check_file(sue, "north", content)
    commands.set_limits(sue, LINE, "P-201", FORCE, 390, 410, "T-19", "a new trial")
    with pytest.raises(Conflict, match="look at the file again"):
        commands.take_in(sue, "north", content, "trial", read=found.digest)
    assert settings(database, sue)["Press 21", FORCE].limits.high == 410


def test_only_who_keeps_limits_enters_them_and_only_at_the_own_places(line):
    database, commands, sue, _ = line
    with database.write() as tx:
        olaf = f.account(tx, "olaf", [Role.OPERATOR])
        kim = f.account(tx, "kim", [Role.SUPERVISOR], ["north/machining"])
    with pytest.raises(Forbidden):
        commands.check_file(olaf, "north", (HEAD + OF_LINE).encode())
    found = commands.check_file(kim, "north", (HEAD + OF_LINE).encode())
    assert "no line or machine whose limits you keep" in str(found.wrong[0])
    with pytest.raises(InvalidInput):
        take(commands, sue, HEAD + OF_LINE, why=" ")
