"""Scrap from the settings of a process, learned from a plant's own operations."""
