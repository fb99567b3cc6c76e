"""Measure whether a learnt offset helps phones that did not survey, for research/tracks.md.

    python -m benchmarks.phone_offsets

k-NN learns Tampere's training scans without those of one phone. The first half of the phone's test scans
teaches its offset. The second half is located without it, with it, and with it where it is sure. The best
offset for the second half itself is a bound. Rows of results/phone_offsets.csv are written anew.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.documented.pages import write_page
from benchmarks.result_rows import write_rows
from tutelage import FingerprintSet, Localizer, RunOptions, export_model, load
from tutelage.export.verifying import as_mappings
from tutelage.runtime import Runtime
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.tracks.phone_offset import PhoneOffset, learnt_offset, shifted

RESULTS = Path("results/phone_offsets.csv")
PAGE = "research/tracks.md"
COLUMNS = (
    *("phone", "n_scans", "offset_db", "low_db", "high_db", "is_sure", "expected_gain"),
    *("mean_m", "shifted_mean_m", "sure_mean_m", "best_mean_m"),
)
FEWEST_SCANS = 100


def exported_without(train: FingerprintSet) -> Runtime:
    """Return the runtime of a k-NN that learnt some scans."""
    model = Localizer("knn", run=RunOptions(seed=0, device="cpu", progress=False)).fit(train)
    with tempfile.TemporaryDirectory() as folder:
        export_model(model, Path(folder) / "model.zip")
        return Runtime.load(Path(folder) / "model.zip")


def mean_error_m(model: Runtime, scans: list[HeardScan], true_m: np.ndarray, offset: PhoneOffset) -> float:
    """Return the mean error of the scans that are answered with an offset."""
    answers = model.positions([shifted(scan, offset.offset_db).rss_dbm for scan in scans])
    return float(np.nanmean(np.hypot(*(answers.absolute_position_m - true_m).T)))


def plain_offset(offset_db: float) -> PhoneOffset:
    """Return an offset that nothing was learnt for."""
    return PhoneOffset(offset_db, offset_db, offset_db, 0.0, 0)


def measured_row(phone: str, train: FingerprintSet, asked: FingerprintSet) -> dict[str, str]:
    """Learn the offset of one phone, and locate its other scans."""
    model = exported_without(train)
    scans = [HeardScan(each, 0.0) for each in as_mappings(asked)]
    half = len(scans) // 2
    true_m = asked.absolute_position_m[half:]
    offset = learnt_offset(model, scans[:half])

    def error_m(with_offset: PhoneOffset) -> float:
        return mean_error_m(model, scans[half:], true_m, with_offset)

    plain_m, shifted_m = error_m(plain_offset(0.0)), error_m(offset)
    best_m = min(error_m(plain_offset(float(each))) for each in range(-10, 11))
    figures = (plain_m, shifted_m, shifted_m if offset.is_sure else plain_m, best_m)
    return {
        "phone": phone,
        "n_scans": str(len(scans)),
        **{name: f"{getattr(offset, name):.0f}" for name in ("offset_db", "low_db", "high_db")},
        "is_sure": str(offset.is_sure),
        "expected_gain": f"{offset.expected_gain:.3f}",
        **{name: f"{value:.3f}" for name, value in zip(COLUMNS[-4:], figures, strict=True)},
    }


def main() -> None:
    """Measure and write a row for each phone with enough test scans."""
    survey = load("tampere")
    assert survey.test is not None
    assert survey.test.device is not None
    assert survey.train.device is not None
    rows = []
    for phone, n in zip(*np.unique(survey.test.device, return_counts=True), strict=True):
        if n < FEWEST_SCANS:
            continue
        train, asked = survey.train[survey.train.device != phone], survey.test[survey.test.device == phone]
        rows.append(measured_row(str(phone), train, asked))
        print(*rows[-1].values(), flush=True)
    write_rows(RESULTS, COLUMNS, rows)
    write_page(PAGE)


if __name__ == "__main__":
    main()
