"""Admin: health and users."""
