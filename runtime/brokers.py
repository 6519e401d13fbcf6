"""The brokers that the settings name."""

from data.sources.mqtt import Broker, TlsFiles
from runtime.settings import Settings


def brokers(settings: Settings) -> list[Broker]:
    """The broker, and those beside it."""
    tls = TlsFiles(*(str(path or "") for path in settings.broker_tls))
    first = Broker(settings.broker_url, settings.broker_username, settings.broker_password, tls=tls)
    return [first, *(Broker(url, name=name, tls=tls) for name, url in settings.more_brokers.items())]
