"""Failure prediction: remaining life with an interval, and the probability of failure in a horizon."""
