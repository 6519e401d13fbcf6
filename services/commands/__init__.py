"""Acts of people: permission first, then one transaction with its audit entry and outbox rows."""
