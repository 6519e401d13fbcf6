"""Stops as work: found from the time model, proposed a reason, named by people."""
