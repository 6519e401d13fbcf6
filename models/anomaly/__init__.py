"""Anomalies: readings unlike the run's own healthy beginning, which signals are odd, and since when."""
