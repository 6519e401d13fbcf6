"""Classification: which kind a case is of, with a probability for each kind."""
