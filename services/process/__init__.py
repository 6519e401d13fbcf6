"""Settings of processes: within which limits they may be moved, and what moving them does to scrap."""
