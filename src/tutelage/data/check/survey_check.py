"""The check of a survey: all findings, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from tutelage.data.check.access_point_findings import (
    check_access_points,
    check_devices,
    check_heard_on_one_side,
)
from tutelage.data.check.capture_findings import check_capture
from tutelage.data.check.findings import Finding, Severity, Split
from tutelage.data.check.place_findings import check_places
from tutelage.data.check.scan_findings import check_leaks, check_scans
from tutelage.data.check.table_findings import FaultyTable, faulty_table
from tutelage.data.fingerprints import Survey
from tutelage.data.forms.all_forms import is_user_file, read_tables
from tutelage.data.forms.matrix_pair import pair_tables
from tutelage.data.forms.read_options import ReadOptions
from tutelage.data.rooms import survey_in_rooms
from tutelage.data.surveys import load
from tutelage.errors import BadInputError
from tutelage.progress import steps

__all__ = ["SurveyCheck", "check_survey"]

_ORDER = get_args(Severity)
_READING_CODES = "undeclared_code", "impossible_rss", "unreadable_rss", "duplicate_reading"


@dataclass(frozen=True)
class SurveyCheck:
    """Findings about a survey, and its size.

    Parameters
    ----------
    name : str
        Name of the survey.
    n_train, n_test, n_access_points : int
        Number of scans and access points that could be read.
    findings : tuple of Finding
        Errors first, then warnings, then notes.
    row_name : str
        What the rows of findings count: "row", or in some forms "feature" or "entry".
    n_places : int
        Number of places that the training scans name; 0 where they name none.
    """

    name: str
    n_train: int
    n_test: int
    n_access_points: int
    findings: tuple[Finding, ...]
    row_name: str = "row"
    n_places: int = 0

    @property
    def n_errors(self) -> int:
        """Number of findings that must be mended before anything is learnt."""
        return sum(finding.severity == "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON.

        Returns
        -------
        dict
            The fields, with findings as dictionaries.
        """
        return {**asdict(self), "n_errors": self.n_errors}


def check_survey(
    source: str | Path | Survey,
    *,
    data_dir: str | Path | None = None,
    rooms: str | Path | None = None,
    progress: bool = False,
    **options: Any,
) -> SurveyCheck:
    """Check a survey before a model learns from it.

    Parameters
    ----------
    source : str, Path or Survey
        A survey, or what `load` takes.
    data_dir : str or Path, optional
        As for `load`.
    rooms : str or Path, optional
        Polygons of rooms, as for `load`; how many scans lie in one is a finding.
    progress : bool, default False
        Whether to show the current step on standard error.
    **options
        `not_heard`, `epsg`, `columns`, `access_points` and `units`, as for `load`.

    Returns
    -------
    SurveyCheck
        All findings, the worst first.

    Raises
    ------
    BadInputError, UnknownNameError, DataUnavailableError, FileFormatError
        If the survey cannot be read at all. A wrong cell in your own table is a finding, not an error.

    Examples
    --------
    >>> import tutelage as tt
    >>> scans = tt.FingerprintSet.from_scans([{"ap1": -60.0}, {"ap1": -48.0}, {}])
    >>> check = tt.check_survey(tt.Survey("hall", train=scans))
    >>> [(finding.code, finding.severity, finding.rows) for finding in check.findings]
    [('blank_scan', 'warning', (3,))]
    """
    with steps(progress=progress) as say:
        if isinstance(source, Survey):
            return _checked(source, say)
        say("reading")
        if is_user_file(Path(source)):
            table = faulty_table(read_tables(source, ReadOptions.of(**options)))
            return _checked_table(table if rooms is None else _in_rooms(table, rooms), say)
        try:
            survey = load(source, data_dir=data_dir, for_training=False, rooms=rooms, **options)
        except BadInputError as refused:
            return _checked_pair(str(source), ReadOptions.of(**options), say, refused)
        return _checked(survey, say)


def _checked_pair(
    source: str, options: ReadOptions, say: Callable[[str], None], error: BadInputError
) -> SurveyCheck:
    """Check a matrix pair that was refused for its first fault or for another reason."""
    kind, _, path = source.partition(":")
    if kind != "matrix":
        raise error
    check = _checked_table(faulty_table(pair_tables(path, options)), say)
    if not check.n_errors:
        raise error
    return check


def _in_rooms(table: FaultyTable, rooms: str | Path) -> FaultyTable:
    survey, notes = survey_in_rooms(table.survey, rooms)
    findings = (Finding(note.code, "note", note.message, note.advice) for note in notes)
    return replace(table, survey=survey, faults=(*table.faults, *findings))


def _checked_table(table: FaultyTable, say: Callable[[str], None]) -> SurveyCheck:
    return replace(_checked(table.survey, say, table.line, table.faults), row_name=table.row_name)


def _checked(
    survey: Survey,
    say: Callable[[str], None],
    line: Mapping[str, np.ndarray] | None = None,
    faults: tuple[Finding, ...] = (),
) -> SurveyCheck:
    sides = {"train": survey.train} | ({} if survey.test is None else {"test": survey.test})
    reading_faults = [fault for fault in faults if fault.code in _READING_CODES]
    splits = [
        Split(
            name,
            scans,
            line[name] if line else np.arange(1, len(scans) + 1),
            tuple(row for fault in reading_faults if fault.split in ("", name) for row in fault.rows),
        )
        for name, scans in sides.items()
    ]
    findings = list(faults)
    for split in splits:
        say(f"checking the {len(split.scans):,} scans of the split {split.name}")
        findings += check_scans(split)
    say("checking access points and devices")
    findings += [*check_access_points(splits[0]), *check_devices(splits[0]), *check_capture(splits[0])]
    findings += check_places(splits)
    if len(splits) == 2:
        findings += [*check_leaks(*splits), *check_heard_on_one_side(*splits)]
    findings.sort(key=lambda finding: _ORDER.index(finding.severity))
    train = survey.train
    return SurveyCheck(
        survey.name,
        len(train),
        0 if survey.test is None else len(survey.test),
        train.n_access_points,
        tuple(findings),
        n_places=0 if train.place is None else len(set(train.place.tolist()) - {""}),
    )
