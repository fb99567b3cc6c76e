"""A made-up office: what networks read of scans, and where they were taken."""

from __future__ import annotations

import numpy as np
import tutelage_keras as tk


class Office:
    """Scans of 20 access points on 30 m by 12 m, whose signal falls with distance."""

    n_ap = 20

    def __init__(self, n: int = 256, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        access_points_m = np.random.default_rng(99).random((self.n_ap, 2)) * [30, 12]
        self.position_m = random.random((n, 2)) * [30, 12]
        distance_m = np.linalg.norm(self.position_m[:, None] - access_points_m, axis=2)
        rss_dbm = -40 - 30 * np.log10(1 + distance_m) + random.normal(0, 2, distance_m.shape)
        self.frame = tk.Frame.fit(self.position_m)
        self.scans = tk.to_strength(np.where(rss_dbm < -80, np.nan, rss_dbm), -81.0)
        self.position, self.place = self.frame.standardise(self.position_m), self.frame.place(self.position_m)

    def error_m(self, student: tk.Student) -> float:
        answer_m = self.frame.metres(student.predict(self.scans, verbose=0))
        return float(np.linalg.norm(answer_m - self.position_m, axis=1).mean())

    def centre_error_m(self) -> float:
        return float(np.linalg.norm(self.position_m - self.frame.centre_m, axis=1).mean())
