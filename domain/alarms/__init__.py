"""Alarms after ISA-18.2: the life of one, the limits that raise it, and how well the whole set works."""
