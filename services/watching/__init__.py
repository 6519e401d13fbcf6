"""The watch over models at work: drift, calibration, delayed truth, learning machines, proposals."""
