"""Our own tables, and nobody else's."""
