"""The screens. The runtime binds here what a screen needs; each screen is a callable `render(desk)`."""
