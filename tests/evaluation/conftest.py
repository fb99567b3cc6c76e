"""Small truths and answers to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.sparse_rows import csr_from_dense
from tutelage.runtime.frames import LocalFrame
from tutelage.runtime.positions import Positions

Labels = Sequence[str] | None


def _labels(labels: Labels) -> np.ndarray | None:
    return None if labels is None else np.array(list(labels), dtype=np.str_)


@pytest.fixture(scope="session")
def make_truth() -> Callable[..., FingerprintSet]:
    """Scans `ids` at `position_m`; scan i hears i + 1 access points."""

    def make(
        ids: Sequence[str],
        position_m: Sequence[Sequence[float]] | np.ndarray | None,
        frame: LocalFrame = LocalFrame(),
        *,
        floor: Labels = None,
        building: Labels = None,
    ) -> FingerprintSet:
        n = len(ids)
        heard = np.tri(n, dtype=bool)
        return FingerprintSet(
            csr_from_dense(np.full((n, n), -60.0), heard),
            tuple(f"ap{j}" for j in range(n)),
            np.array(list(ids), dtype=np.str_),
            None if position_m is None else np.array(position_m, dtype=np.float64).reshape(n, 2),
            frame,
            floor=_labels(floor),
            building=_labels(building),
        )

    return make


@pytest.fixture(scope="session")
def make_answers() -> Callable[..., Positions]:
    """Answers `position_m` (NaN = none) to scans `ids`."""

    def make(
        ids: Sequence[str],
        position_m: Sequence[Sequence[float]] | np.ndarray,
        frame: LocalFrame = LocalFrame(),
        *,
        floor: Labels = None,
        building: Labels = None,
    ) -> Positions:
        position_m = np.array(position_m, dtype=np.float64).reshape(len(ids), 2)
        silent = np.isnan(position_m).any(axis=1)
        return Positions(
            np.array(list(ids), dtype=np.str_),
            position_m,
            frame,
            np.where(silent, "nothing known was heard", ""),
            np.arange(len(ids)),
            _labels(floor),
            _labels(building),
        )

    return make
