"""What is unusual about machines: scored as data arrive, which signals are odd, and since when."""
