"""One module a process: ingest, score, relay. No screen is imported here."""
