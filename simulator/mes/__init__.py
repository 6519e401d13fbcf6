"""The virtual plant's MES: one database and one queue per line."""
