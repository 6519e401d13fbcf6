"""Where implementations meet: one function for each thing that a process needs."""

from data.sinks.folder import FolderOutlet
from data.sinks.mail import MailOutlet
from data.sinks.outlet import Outlet
from data.sinks.port import Sink
from data.store.database import Database
from domain.reporting import Delivery
from runtime.settings import Settings


def database(settings: Settings) -> Database:
    """The store, by URL."""
    return Database(settings.store_url)


def sink(settings: Settings) -> Sink:
    """The queue to MES and ERP, by URL: NATS JetStream or RabbitMQ."""
    if settings.queue_url.startswith("amqp"):
        from data.sinks.rabbit import RabbitSink

        return RabbitSink(settings.queue_url)
    from data.sinks.nats import NatsSink

    return NatsSink(settings.queue_url)


def outlets(settings: Settings) -> dict[Delivery, Outlet]:
    """Where scheduled reports go: always a folder, and mail when a server is set."""
    found: dict[Delivery, Outlet] = {Delivery.FOLDER: FolderOutlet(settings.reports)}
    if settings.smtp_url:
        found[Delivery.MAIL] = MailOutlet(settings.smtp_url, settings.mail_from)
    return found
