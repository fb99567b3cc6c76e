"""Tracks: what a device's scans say together, from the raw answer to a steady position, floor and room."""

from tutelage.serving.tracks.devices import Devices
from tutelage.serving.tracks.receivers import ReceiverWindow
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.track import Track, TrackPoint

__all__ = ["Devices", "ReceiverWindow", "Track", "TrackPoint", "TrackSettings"]
