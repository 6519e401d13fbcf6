"""Prepared statements find the same values on both databases, as bytes on the way or as text."""

import pytest

from data.store.database import Database
from data.store.statements import Among, Statement


@pytest.fixture(params=["database", "postgres"])
def either(request) -> Database:
    """One database, and the other."""
    found: Database = request.getfixturevalue(request.param)
    return found


def test_values_come_as_they_were_stored(either) -> None:
    big, small = 2**62 + 1, 86_249.999_999_999_99
    stored = ("line/ä", b"\x00\xff\x5c" * 700, big, small, 0.1 + 0.2, None, "")
    names = ("what", "packed", "at_us", "good", "scrap", "missing", "words")
    kinds = ("TEXT", "BYTEA", "BIGINT", "FLOAT", "FLOAT", "BIGINT", "TEXT")
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    values = dict(zip(names, stored, strict=True))
    with either.write() as tx:
        Statement(f"CREATE TABLE kept ({columns})").run(tx, {})
        placed = ", ".join(f":{name}" for name in names)
        add = Statement(f"INSERT INTO kept ({', '.join(names)}) VALUES ({placed})")
        assert add.run(tx, values) == 1
        for _ in range(7):  # psycopg prepares it at its fifth use
            (row,) = Statement("SELECT * FROM kept WHERE at_us = :at_us").rows(tx, {"at_us": big})
            assert row == stored
            assert [type(value) for value in row] == [type(value) for value in stored]
        asked = "SELECT what, CAST(SUM(at_us) AS BIGINT), SUM(good), COUNT(*), COALESCE(MAX(missing), -1)"
        asked += " FROM kept WHERE what {among} AND at_us {among:times} GROUP BY what"
        assert Among(asked).rows(tx, ["line/ä", "none"], {"times": [1, big]}) == [
            ("line/ä", big, small, 1, -1)
        ]
        assert Among(asked).rows(tx, [], {"times": []}) == []
