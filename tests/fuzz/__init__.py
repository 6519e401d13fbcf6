"""Damaged input by the ten thousand over every decoder."""
