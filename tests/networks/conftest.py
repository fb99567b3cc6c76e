"""Networks known only while a test runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from tutelage.networks import NETWORKS, NetworkSpec, register_network


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[..., NetworkSpec]:
    """`register_network` for a user's own module with the parts front, body and head."""
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))

    def register(name: str, build: Callable[..., nn.Module], **options: Any) -> NetworkSpec:
        parts = {"framer": "front", "extractor": "body", "regressor": "head"}
        return register_network(name, build, **parts | options)

    return register
