"""The service: positions over HTTP and MQTT, a live map, and surveys by click."""
