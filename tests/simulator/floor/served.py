"""A floor that serves its queues, as a process that tests may kill: FOLDER QUEUE_URL [run].

With `run` the machines run too, a plant minute every few milliseconds, saved twice a second.
"""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from domain.clock import MINUTE
from simulator.floor import open_floor, serve
from simulator.layout import demo
from simulator.plant import VirtualPlant
from tests.simulator.floor.conftest import NOW, set_clock


def main() -> None:
    """Serve until killed."""
    folder, url = Path(sys.argv[1]), sys.argv[2]
    whole = demo()
    layout = replace(whole, lines=whole.lines[:2], units=whole.units[:20])
    floor = open_floor(layout, 5, folder, absence=0.0)
    set_clock(floor, max(NOW, floor.now_us))
    if sys.argv[3:] != ["run"]:
        serve(floor, url, threading.Event())
    threading.Thread(target=serve, args=(floor, url, threading.Event()), daemon=True).start()
    plant, saved = VirtualPlant(layout, 5, NOW, floor, folder), time.monotonic()
    while True:
        plant.step(MINUTE, publish=False)
        time.sleep(0.004)
        if time.monotonic() - saved > 0.5:
            plant.save()
            saved = time.monotonic()


if __name__ == "__main__":
    main()
