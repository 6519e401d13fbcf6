"""What becomes a signal about a machine (joining): alarms, patterns, shortages, outlooks, pictures."""
