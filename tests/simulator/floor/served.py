"""A floor that serves its queues, as a process that tests may kill: FOLDER QUEUE_URL."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

from simulator.floor import open_floor, serve
from simulator.layout import demo
from tests.simulator.floor.conftest import NOW, set_clock


def main() -> None:
    """Serve until killed."""
    whole = demo()
    layout = replace(whole, lines=whole.lines[:2], units=whole.units[:20])
    floor = open_floor(layout, 5, Path(sys.argv[1]), absence=0.0)
    set_clock(floor, NOW)
    serve(floor, sys.argv[2], threading.Event())


if __name__ == "__main__":
    main()
