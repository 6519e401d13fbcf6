"""Where implementations meet: one function for each thing that a process needs."""

from data.sinks.nats import NatsSink
from data.sinks.port import Sink
from data.sinks.rabbit import RabbitSink
from data.store.database import Database
from runtime.settings import Settings


def database(settings: Settings) -> Database:
    """The store, by URL."""
    return Database(settings.store_url)


def sink(settings: Settings) -> Sink:
    """The queue to MES and ERP, by URL: NATS JetStream or RabbitMQ."""
    return (
        RabbitSink(settings.queue_url)
        if settings.queue_url.startswith("amqp")
        else NatsSink(settings.queue_url)
    )
