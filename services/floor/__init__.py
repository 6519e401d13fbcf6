"""Reads behind the floor screens and the live push. They take a transaction and trust the caller's checks."""
