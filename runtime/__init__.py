"""The composition root: settings, wiring, workers, the web process and the command line."""
