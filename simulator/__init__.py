"""The virtual plant. It stands outside: it speaks MQTT, SQL and queues only."""
