"""Small surveys with a fault, and the findings about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.check import Finding, SurveyCheck, check_survey
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.sparse_rows import csr_from_dense


def found(check: SurveyCheck, code: str) -> Finding:
    """The finding with this code, of which there must be one."""
    [finding] = [finding for finding in check.findings if finding.code == code]
    return finding


def codes(check: SurveyCheck) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in check.findings}


def scans_of(
    rss_dbm: Sequence[Sequence[float]],
    position_m: Sequence[Sequence[float]] | None = None,
    names: Sequence[str] | None = None,
    **labels: Sequence[str],
) -> FingerprintSet:
    """Scans from a dense matrix with NaN where nothing is heard; without positions, along a line."""
    dense = np.asarray(rss_dbm, dtype=np.float32)
    n, n_ap = dense.shape
    columns: dict[str, Any] = {name: np.asarray(label) for name, label in labels.items()}
    places = [(3.0 * i, 0.0) for i in range(n)] if position_m is None else position_m
    return FingerprintSet.from_absolute(
        csr_from_dense(dense, ~np.isnan(dense)),
        list(names or [f"ap{j}" for j in range(n_ap)]),
        np.array([f"s{i}" for i in range(n)]),
        np.asarray(places, dtype=float),
        **columns,
    )


def checked(train: FingerprintSet, test: FingerprintSet | None = None) -> SurveyCheck:
    """The check of a survey of these."""
    return check_survey(Survey("made up", train, test))


def checked_table(folder: Path, text: str, **options: float) -> SurveyCheck:
    """The check of a table."""
    (folder / "survey.csv").write_text(text)
    return check_survey(folder / "survey.csv", **options)  # type: ignore[arg-type]
