"""The process of the virtual plant."""

import threading

from domain.clock import Clock
from runtime import wiring
from runtime.settings import Settings
from services import clocks
from simulator.publish import Broker
from simulator.run import PlantSettings, run

SENT_LOG = "sent.log"


def main(
    settings: Settings, interval_s: float, messages_per_hour: float | None, stop: threading.Event
) -> None:
    """Follow the site's clock until `stop` is set. `messages_per_hour` goes before the interval."""
    database = wiring.database(settings)
    broker = Broker(settings.broker_url, settings.broker_username, settings.broker_password, settings.host_id)

    def read_clock() -> Clock:
        with database.read() as tx:
            return clocks.read(tx, settings.site)

    folder = settings.var_dir / "plant"
    how = PlantSettings(
        folder,
        broker,
        settings.queue_url,
        interval_s=interval_s,
        messages_per_hour=messages_per_hour or settings.plant_messages_per_hour,
        absence=settings.plant_absence,
        sent_log=folder / SENT_LOG if settings.plant_sent_log else None,
        pictures=settings.pictures,
        camera_s=settings.plant_camera_s,
    )
    run(how, read_clock, stop)
    database.close()
