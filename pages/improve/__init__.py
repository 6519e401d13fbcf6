"""Improve: reports, and how well reasons are known."""
