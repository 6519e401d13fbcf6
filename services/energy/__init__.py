"""Energy: load, idle energy, cost and emissions out of the 5-minute counts."""
