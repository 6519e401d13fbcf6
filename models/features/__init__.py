"""Features: what a model sees of a machine, built alike for training and for serving."""
