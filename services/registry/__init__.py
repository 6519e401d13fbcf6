"""The registry of models: admission into the shadow, gates, promotion, and which versions are at work."""
