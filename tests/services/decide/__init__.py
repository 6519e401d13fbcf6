"""The desk: advice, decisions, orders, receipts."""
