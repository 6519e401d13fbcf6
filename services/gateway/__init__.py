"""The edge gateway: what servers say is filtered, watched, kept, and forwarded in order."""
