"""The virtual plant's ERP: stock, procurement and finance."""
