"""Row shapes: frozen dataclasses that queries return and widgets draw."""
