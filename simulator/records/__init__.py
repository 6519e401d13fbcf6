"""What the MES and the ERP have in common: a database of their own, and a post office for the queues."""
