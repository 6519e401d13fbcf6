"""All that crosses our boundary: sources, store, sinks and wire formats."""
