"""Writers: the queues of the MES and the ERP."""
