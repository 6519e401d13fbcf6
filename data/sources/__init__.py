"""Readers: MQTT, Sparkplug B, JSON topics and MES databases."""
