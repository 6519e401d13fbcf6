"""Which statements a read sends to the database: each is a way there and back, dear on PostgreSQL."""

from collections.abc import Callable
from typing import Any

import pytest

from data.store import statements


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the prepared statements that are sent from now on."""
    sent: list[str] = []
    work: Callable[..., Any] = statements.ask

    def ask(tx: Any, text: str, values: Any) -> Any:
        sent.append(text)
        return work(tx, text, values)

    monkeypatch.setattr(statements, "ask", ask)
    return sent


def about(sent: list[str], *words: str) -> int:
    """How many of them hold all of these words."""
    return sum(all(word in text for word in words) for text in sent)
