"""One's own account: signing in, and the password."""
