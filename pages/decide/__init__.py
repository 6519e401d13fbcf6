"""Decide: inbox, card, history."""
