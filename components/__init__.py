"""Widgets: data in, pixels out."""
