"""Tracks: what a device's scans say together, from the raw answer to a steady position, floor and room."""

from tutelage.serving.tracks.devices import Devices
from tutelage.serving.tracks.finished_walks import smoothed_walk
from tutelage.serving.tracks.phone_offset import PhoneOffset, learnt_offset, shifted
from tutelage.serving.tracks.receivers import ReceiverWindow
from tutelage.serving.tracks.settings import TrackSettings
from tutelage.serving.tracks.track import Track, TrackPoint

__all__ = [
    "Devices",
    "PhoneOffset",
    "ReceiverWindow",
    "Track",
    "TrackPoint",
    "TrackSettings",
    "learnt_offset",
    "shifted",
    "smoothed_walk",
]
