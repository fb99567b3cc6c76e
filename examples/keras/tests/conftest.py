"""Numbers of 64 bits where vectors are compared, of 32 bits where networks learn."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("JAX_ENABLE_X64", "1")

import keras


@pytest.fixture
def float64() -> Iterator[None]:
    for set_default in (keras.config.set_floatx, keras.config.set_dtype_policy):
        set_default("float64")
    yield
    for set_default in (keras.config.set_floatx, keras.config.set_dtype_policy):
        set_default("float32")


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(0)
