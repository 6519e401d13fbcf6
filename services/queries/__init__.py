"""Reads for the screens: the actor and the scope are checked first, then rows come back."""
