"""Tables of tracks: raw answers beside smoothed ones, and beside what others do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import mean

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["goal_lines", "label_table", "offset_lines", "offset_table", "position_table"]

_TITLES = {
    "truth": "the walkers themselves",
    "raw": "raw answers",
    "smoothed": "track",
    "outlines": "track, rooms by outlines",
    "average": "exponential average",
    "companion": "settings of ESPresense-companion",
    "afterwards": "both directions, afterwards",
    "line": "clicks, and the line between",
    "clicked": "clicks, and both directions between",
}
_SURVEYED = ("line", "clicked")  # a surveyor knows the floor, and names the rooms
_SPLITS = ("validation", "test")
_METHODS = {"knn": "k-NN", "matcher": "matcher"}


def position_table(rows: Sequence[Row]) -> Iterable[str]:
    """Return errors, jumps, spread and lag of positions, one row a track."""
    head = ["walks", "method", "track", "mean error (m)", "95 % (m)", "jumps an hour", "standing (m)"]
    head += ["lag (s)", "in the radius"]
    shown = [row for row in _ordered(rows) if row["track"] not in ("outlines", "truth")]
    return table_lines(head, map(_position_cells, shown))


def label_table(rows: Sequence[Row]) -> Iterable[str]:
    """Return switches, hits and lags of floors and places, one row a track."""
    head = ["walks", "method", "track", "floor switches", "right floor", "floor's lag (s)"]
    head += ["room switches", "there and back", "right room"]
    shown = [row for row in _ordered(rows) if row["track"] not in _SURVEYED]
    return table_lines(head, map(_label_cells, shown))


def goal_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return by how much tracks change the figures of raw answers on the test walks."""
    for method in _METHODS:
        of = {row["track"]: row for row in rows if row["method"] == method and row["split"] == "test"}
        if of:
            yield f"- {_METHODS[method]}, track: {_changes(of['raw'], of['smoothed'])}."
            yield (
                f"- {_METHODS[method]}, both directions afterwards: mean error "
                f"{_change(of['raw'], of['afterwards'], 'mean_m')}."
            )
            yield (
                f"- {_METHODS[method]}, smoothed between clicks, against the line: mean error "
                f"{_change(of['line'], of['clicked'], 'mean_m')}."
            )


def offset_table(rows: Sequence[Row]) -> Iterable[str]:
    """Return the offset of each phone and the mean errors with it."""
    head = [
        "phone",
        "test scans",
        "offset (dB)",
        "90 % of draws",
        "sure",
        "mean error (m)",
        "with the offset",
    ]
    return table_lines([*head, "with the best offset"], map(_offset_cells, rows))


def offset_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return the mean over the phones without offsets, with sure ones and with all."""
    plain, sure, every, best = (
        mean(float(row[column]) for row in rows)
        for column in ("mean_m", "sure_mean_m", "shifted_mean_m", "best_mean_m")
    )
    yield (
        f"- Mean over {len(rows)} phones: {plain:.2f} m without offsets, {sure:.2f} m with those that are "
        f"sure, {every:.2f} m with all, {best:.2f} m with the best for each phone (a bound)."
    )


def _offset_cells(row: Row) -> list[str]:
    errors = [f"{float(row[column]):.2f}" for column in ("mean_m", "shifted_mean_m", "best_mean_m")]
    is_sure = "yes" if row["is_sure"] == "True" else "no"
    return [
        row["phone"],
        row["n_scans"],
        row["offset_db"],
        f"{row['low_db']} to {row['high_db']}",
        is_sure,
        *errors,
    ]


def _ordered(rows: Sequence[Row]) -> list[Row]:
    splits, methods, tracks = ([*names] for names in (_SPLITS, _METHODS, _TITLES))
    return sorted(
        rows,
        key=lambda row: (
            splits.index(row["split"]),
            methods.index(row["method"]),
            tracks.index(row["track"]),
        ),
    )


def _names(row: Row) -> list[str]:
    return [row["split"], _METHODS[row["method"]], _TITLES[row["track"]]]


def _position_cells(row: Row) -> list[str]:
    figures = [f"{float(row[column]):.2f}" for column in ("mean_m", "p95_m")]
    figures += [f"{float(row[column]):.1f}" for column in ("jumps", "standing_m", "lag_s")]
    return [*_names(row), *figures, f"{float(row['coverage']):.1%}" if row["coverage"] else "-"]


def _label_cells(row: Row) -> list[str]:
    shares = {column: f"{float(row[column]):.1%}" for column in ("floor_right", "place_right")}
    return [
        *_names(row),
        f"{float(row['floor_switches']):.1f}",
        shares["floor_right"],
        f"{float(row['floor_lag_s']):.0f}",
        f"{float(row['place_switches']):.0f}",
        f"{float(row['place_flaps']):.1f}",
        shares["place_right"],
    ]


def _changes(raw: Row, track: Row) -> str:
    words = {
        "mean error": "mean_m",
        "95 % error": "p95_m",
        "jumps": "jumps",
        "spread while standing": "standing_m",
        "floor switches": "floor_switches",
        "room switches": "place_switches",
        "there and back": "place_flaps",
    }
    return ", ".join(f"{name} {_change(raw, track, column)}" for name, column in words.items())


def _change(raw: Row, track: Row, column: str) -> str:
    before, after = float(raw[column]), float(track[column])
    return f"{after / before - 1:+.1%}" if before else "none before"
