"""Where judged hours end, machine by machine."""

import pytest

from data.store import patterns
from data.store import tables as t
from data.store.statements import ask
from tests import factories as f
from tests.kits import asked

HOUR = 3_600_000_000


@pytest.mark.parametrize("kind", ["database", "postgres"])
def test_where_judged_hours_end_is_looked_up_by_machine(request, kind, monkeypatch) -> None:
    database = request.getfixturevalue(kind)
    with database.write() as tx:
        for unit in ("a", "b", "c"):
            model = {"equipment_id": unit, "version": 1, "content": "{}", "from_us": 0, "to_us": HOUR,
                     "samples": 2, "frozen_by": "ann", "frozen_us": f.NOW, "frozen_wall_us": f.NOW,
                     "reason": "as it runs"}  # fmt: skip
            patterns.add(tx, model)
        patterns.store_points(tx, [
            {"equipment_id": unit, "at_us": hour * HOUR, "version": 1, "content": "[]", "t2": 1.0, "spe": 1.0}
            for unit, hours in (("a", 5), ("b", 3)) for hour in range(1, hours + 1)
        ])  # fmt: skip
    sent = asked.watch(monkeypatch)
    with database.read() as tx:
        assert patterns.ends(tx) == {"a": 5 * HOUR, "b": 3 * HOUR}
        if database.is_sqlite:
            plan = [row[-1] for row in ask(tx, f"EXPLAIN QUERY PLAN {sent[0]}", {})]
            assert not [step for step in plan if step.startswith("SCAN") and "p" in step.split()[1:2]], plan
    assert t.pattern_points.name in sent[0]
