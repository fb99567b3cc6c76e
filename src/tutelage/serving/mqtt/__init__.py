"""MQTT: what receivers hear comes in, where devices are goes out, announced to Home Assistant."""
