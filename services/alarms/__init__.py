"""Alarms at work: limits judged as values arrive, states and journal kept, figures read."""
