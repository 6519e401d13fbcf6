"""The virtual ERP alone, as bench decide runs it: `python -m benchmarks.decide_erp`."""

import os
import signal
import threading
from pathlib import Path

from domain.clock import wall_us
from simulator.erp.office import ErpOffice
from simulator.floor.access import erp_records
from simulator.layout import demo
from simulator.records.serve import serve_posts


def main() -> None:
    """Serve the ERP's queues until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    office = ErpOffice(demo(), 1, erp_records(Path(os.environ["TAKTWISE_VAR_DIR"]) / "erp", None))
    office.now_us = wall_us()
    serve_posts([office.post], wall_us, os.environ["TAKTWISE_QUEUE_URL"], stop)


if __name__ == "__main__":
    main()
