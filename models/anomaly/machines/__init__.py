"""Machines of a plant that behave unlike their own usual days: which signals are odd, and since when."""
