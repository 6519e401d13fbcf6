"""REST for MES, ERP and analytics."""
