"""Quality: control charts, capability, usual patterns."""
