"""Everything that comes in: messages of machines, rows of MES and ERP databases."""

from data.sources.messages import JSON, SESSION_STARTED, SPARKPLUG, RawMessage
from services.ingest.intake import Ingest, IngestResult

__all__ = ["JSON", "SESSION_STARTED", "SPARKPLUG", "Ingest", "IngestResult", "RawMessage"]
