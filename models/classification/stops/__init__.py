"""Reasons of stops: learned from what people said of a plant's own stops."""
