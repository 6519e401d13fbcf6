"""Reports: `gather` reads what a period was like, `pdf` and `xlsx` write it down, `deliver` brings it."""
