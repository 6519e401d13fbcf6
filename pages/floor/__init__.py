"""Floor: plant, line, machine."""
