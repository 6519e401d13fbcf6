"""Settings: environment variables `TAKTWISE_*`, or `taktwise.env` in the working directory."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
PREPARED = "prepared.json"


class Settings(BaseSettings):
    """Where things are. The defaults run everything on one machine with nothing installed by hand."""

    model_config = SettingsConfigDict(env_prefix="TAKTWISE_", env_file="taktwise.env", extra="forbid")

    var_dir: Path = ROOT / "var"
    database_url: str = ""
    broker_url: str = "mqtt://127.0.0.1:1883"
    broker_username: str = "taktwise"
    broker_password: str = ""
    broker_ca: Path | None = (
        None  # PEM: who signed the brokers' certificates (mqtts://), instead of the system's
    )
    broker_certificate: Path | None = None  # PEM: our own certificate, where a broker asks for one
    broker_key: Path | None = None
    more_brokers: dict[str, str] = Field(
        default_factory=dict, max_length=16
    )  # name -> mqtt://user:password@host
    sparkplug_reorder_s: float = Field(
        default=2, ge=0, le=60
    )  # how long a missing sequence number is waited for
    topics: str = ""  # mapping of plain JSON topics: a file, or the name of a preset (docs/topics.md)
    queue_url: str = "nats://127.0.0.1:4222"
    site: str = "north"
    host_id: str = "taktwise"
    instance: str = "a"  # names this desk's MQTT clients; two desks on one broker need two names
    ingest_workers: int = Field(default=1, ge=1, le=32)  # processes that divide the plant among them
    ingest_number: int = Field(default=1, ge=1, le=32)  # which of them this one is
    mes_urls: dict[str, str] = Field(default_factory=dict)  # instance name -> read-only SQLAlchemy URL
    mes_mappings: dict[str, str] = Field(default_factory=dict)  # instance -> preset or file (docs/mes.md)
    mes_file: Path | None = None  # databases that join while we run; mes.yaml under var/ unless set
    erp_urls: dict[str, str] = Field(default_factory=dict)
    erp_mappings: dict[str, str] = Field(default_factory=dict)
    failure_model: Path = ROOT / "models" / "artifacts" / "plant_failure"
    cmapss_model: Path = ROOT / "models" / "artifacts" / "cmapss_fd001"
    vision_model: Path = ROOT / "models" / "artifacts" / "plant_vision"
    anomaly_model: Path = ROOT / "models" / "artifacts" / "plant_anomaly"
    reason_model: Path = ROOT / "models" / "artifacts" / "plant_reason"
    process_model: Path | None = None  # of scrap by settings; a plant trains its own
    oddity_days: float = Field(default=90, ge=10, le=3_660)  # plant days that scores of the unusual are kept
    reason_days: float = Field(default=90, ge=10, le=3_660)  # plant days that proposals of reasons are kept
    picture_dir: Path | None = None  # watched for pictures of parts; pictures/ under var/ unless set
    picture_days: float = Field(default=14, ge=1, le=3_660)  # plant days that unnamed pictures are kept
    picture_tokens: dict[str, str] = Field(
        default_factory=dict, max_length=64
    )  # sender -> token, 32 characters at least: who may send pictures by HTTP
    secret_key: str = ""  # seals second factors; var/secret.key unless set. Several: the first seals
    webhook_url: str = ""
    webhook_secret: str = ""
    anchor_dir: Path | None = None  # the audit's last hash is published here every day
    notify_topic: str = ""  # MQTT topic below taktwise/ for messages to people; empty: none
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8501, ge=1, le=65535)
    public_https: bool = False
    plant_messages_per_hour: float | None = Field(default=None, gt=0)  # the virtual plant's rate
    plant_absence: float = Field(default=0.03, ge=0, le=1)  # shifts in which a skill is missing
    plant_camera_s: float = Field(default=25, ge=0, le=3_600)  # between two pictures; 0: no cameras
    plant_sent_log: bool = False  # the virtual plant writes what it sends to var/plant/sent.log
    report_dir: Path | None = None  # where scheduled reports go; reports/ under var/ unless set
    smtp_url: str = ""
    mail_from: str = "taktwise@localhost"
    raw_days: float = Field(default=14, ge=8, le=3_660)  # plant days; a prediction looks back for almost 7
    minute_days: float = Field(default=90, ge=10, le=3_660)  # plant days of roll-ups by minute
    hour_days: float = Field(default=1_830, ge=10, le=36_600)
    shift_days: float = Field(default=3_660, ge=10, le=36_600)
    session_hours: float = Field(default=12, gt=0, le=168)

    @property
    def broker_tls(self) -> tuple[Path | None, Path | None, Path | None]:
        """The files for `mqtts://`: authority, our certificate, its key."""
        return self.broker_ca, self.broker_certificate, self.broker_key

    @property
    def rolled_days(self) -> dict[str, float]:
        """Plant days for which each level of the roll-ups is kept, never shorter than the finer one: a late
        value corrects its hour from the minutes, which must still be there."""
        minutes = max(self.minute_days, self.raw_days + 2)
        hours = max(self.hour_days, minutes)
        return {"minute": minutes, "hour": hours, "shift": max(self.shift_days, hours)}

    @field_validator("broker_url", "queue_url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("mqtt", "mqtts", "nats", "amqp", "amqps") or not parts.hostname:
            raise ValueError(f"{value!r} is no mqtt://, mqtts://, nats://, amqp:// or amqps:// URL")
        return value

    @field_validator("more_brokers")
    @classmethod
    def _brokers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, url in value.items():
            parts = urlsplit(url)
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", name):
                raise ValueError(f"{name!r} is no name for a broker: letters, digits, _ and -, 32 at most")
            if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
                raise ValueError(f"the broker {name} has no mqtt:// or mqtts:// URL")
        return value

    @field_validator("picture_tokens")
    @classmethod
    def _tokens(cls, value: dict[str, str]) -> dict[str, str]:
        if any(len(token) < 32 for token in value.values()):
            raise ValueError("a token has 32 characters at least")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("the mail server is smtp://host:port or smtps://host:port")
        return value

    @property
    def reports(self) -> Path:
        """The folder below which scheduled reports are written."""
        return self.report_dir or self.var_dir / "reports"

    @property
    def pictures(self) -> Path:
        """The folder that is watched for pictures of parts."""
        return self.picture_dir or self.var_dir / "pictures"

    @property
    def mes_members(self) -> Path:
        """The file that names MES and ERP databases which join at run time."""
        return self.mes_file or self.var_dir / "mes.yaml"

    @property
    def model_keep(self) -> Path:
        """Where admitted model versions are kept; nothing there is ever written twice."""
        return self.var_dir / "models"

    @property
    def store_url(self) -> str:
        """Our own database; SQLite under var/ unless set."""
        return self.database_url or f"sqlite:///{self.var_dir / 'taktwise.db'}"

    @property
    def prepared(self) -> bool:
        """True when the demo's history is there, whole."""
        return (self.var_dir / PREPARED).exists()


def load() -> Settings:
    """The settings, or SettingsError with one clear line."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "TAKTWISE_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}") from error
