"""Predict: risks and explanations."""
