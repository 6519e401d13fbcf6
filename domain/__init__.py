"""The rules of the field. Standard library only: no database, no network, no clock of its own."""
