"""What commands print."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from domain.errors import SettingsError

console = Console(stderr=True)


def document(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str, allow_nan=False) + "\n")


def show(value: Mapping[str, Any], *, as_json: bool) -> None:
    """A flat mapping, as JSON or as aligned lines."""
    if as_json:
        document(dict(value))
        return
    width = max((len(key) for key in value), default=0)
    for key, item in value.items():
        text = f"{item:.4g}" if isinstance(item, float) else str(item)
        sys.stdout.write(f"{key:<{width}}  {text}\n")


def rows(items: Iterable[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """A list of mappings with the same keys, as JSON or as a table."""
    items = list(items)
    if as_json:
        document(items)
        return
    table = Table(title=title or None)
    for key in items[0] if items else ():
        table.add_column(key, overflow="fold")
    for item in items:
        table.add_row(
            *("" if v is None else f"{v:.4g}" if isinstance(v, float) else str(v) for v in item.values())
        )
    Console().print(table)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the disk refuses while the block writes to `path` into SettingsError."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def progress(title: str) -> Iterator[Callable[[float], None]]:
    """A progress bar on standard error; the block calls it with the share done, 0 to 1."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda done: bar.update(task, completed=done)
