"""The store: devices, tracks, surveys, models, plans, rooms and keys, in SQLite or PostgreSQL."""

from __future__ import annotations

from tutelage.serving.store.devices import Device
from tutelage.serving.store.forgetting import Forgotten
from tutelage.serving.store.keys import AccessKey
from tutelage.serving.store.location import default_store_url, models_folder
from tutelage.serving.store.models import StoredModel
from tutelage.serving.store.plans import Plan
from tutelage.serving.store.rooms import Room
from tutelage.serving.store.scan_labels import LabelledScan
from tutelage.serving.store.store import Store
from tutelage.serving.store.survey_rows import Mark, SurveyScan, SurveySession, scan_id
from tutelage.serving.store.tracks import TrackPoint

__all__ = [
    "AccessKey",
    "Device",
    "Forgotten",
    "LabelledScan",
    "Mark",
    "Plan",
    "Room",
    "Store",
    "StoredModel",
    "SurveyScan",
    "SurveySession",
    "TrackPoint",
    "default_store_url",
    "models_folder",
    "scan_id",
]
