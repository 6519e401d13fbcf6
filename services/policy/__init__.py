"""The approval policy: its file, its test bench, the version in force, and who signs for whom."""
