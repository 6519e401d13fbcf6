"""The edge gateway's boundary: its file, its local store, OPC UA and Modbus, and its MQTT connection."""
