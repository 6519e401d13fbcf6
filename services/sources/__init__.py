"""What becomes a signal about a machine (services.joining): alarms, patterns, shortages, outlooks."""
