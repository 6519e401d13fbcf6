"""Readings as history: roll-ups by minute, hour and shift (docs/history.md)."""
