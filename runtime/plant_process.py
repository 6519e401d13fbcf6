"""The process of the virtual plant."""

import threading

from domain.clock import Clock
from runtime import wiring
from runtime.settings import Settings
from services import clocks
from simulator.publish import Broker
from simulator.run import PlantSettings, run


def main(settings: Settings, interval_s: float, stop: threading.Event) -> None:
    """Follow the site's clock until `stop` is set."""
    database = wiring.database(settings)
    broker = Broker(settings.broker_url, settings.broker_username, settings.broker_password, settings.host_id)

    def read_clock() -> Clock:
        with database.read() as tx:
            return clocks.read(tx, settings.site)

    folder = settings.var_dir / "plant"
    run(PlantSettings(folder, broker, settings.queue_url, interval_s=interval_s), read_clock, stop)
    database.close()
