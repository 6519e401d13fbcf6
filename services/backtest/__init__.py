"""Proof before switching on: what the desk would have advised in the past, as it was known then."""
