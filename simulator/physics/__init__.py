"""How machines run, wear and fail: struct-of-arrays over N units, stepped by a fixed tick."""
