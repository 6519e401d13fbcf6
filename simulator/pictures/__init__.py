"""Pictures of the virtual plant's parts, drawn with light, texture, noise and defects. Its own code."""
