"""Real data in about a minute: Tampere's 697 training scans, with and without surrogate teachers.

    python examples/keras/tampere.py FINGERPRINTING_DB.zip [--updates 60]

First the student learns alone, then under two teachers that ship with tutelage, then under two untrained
ones: the control, without which a gain means nothing. At the end the first student gets a surrogate teacher
of its own, whose file `tutelage fit --teachers` takes.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import keras
import numpy as np
from tutelage_keras import (
    ExpertDistilling,
    Frame,
    Generator,
    Student,
    Teacher,
    dnn,
    position_error,
    teach,
    to_strength,
)

SHIPPED = Path(__file__).parents[2] / "src" / "tutelage" / "methods" / "teachers" / "shipped"
NOT_HEARD_DBM = 100.0
BATCH = 128


class Tampere:
    """Training scans as networks take them; test scans with positions in metres."""

    def __init__(self, path: str) -> None:
        train_dbm, train_m = read(path, "Training")
        test_dbm, self.test_m = read(path, "Test")
        heard = ~np.isnan(train_dbm).all(axis=0)
        rss_min_dbm = float(np.nanmin(train_dbm)) - 1.0
        self.frame = Frame.fit(train_m)
        self.train, self.test = (to_strength(dbm[:, heard], rss_min_dbm) for dbm in (train_dbm, test_dbm))
        self.position, self.place = self.frame.standardise(train_m), self.frame.place(train_m)

    def mean_error_m(self, student: Student) -> float:
        """Mean error on the test scans, in metres."""
        answer_m = self.frame.metres(student.predict(self.test, batch_size=512, verbose=0))
        return float(np.linalg.norm(answer_m - self.test_m, axis=1).mean())


def read(path: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Readings [n, 992] in dBm, NaN where nothing is heard, and positions [n, 2] in metres."""
    with zipfile.ZipFile(path) as archive:
        rss_dbm, xyz_m = (
            np.loadtxt(archive.open(f"{split}_{kind}_21Aug17.csv"), delimiter=",")
            for kind in ("rss", "coordinates")
        )
    rss_dbm[rss_dbm == NOT_HEARD_DBM] = np.nan
    return rss_dbm, xyz_m[:, :2]


def learn(survey: Tampere, teachers: list[Teacher], updates: int) -> Student:
    """Train a fresh student, with teachers or alone."""
    keras.utils.set_random_seed(1)
    student = dnn(survey.train.shape[1])
    epochs = max(1, updates * BATCH // len(survey.train))
    rate = keras.optimizers.schedules.CosineDecay(2e-3, updates)
    how = {"epochs": epochs, "batch_size": BATCH, "verbose": 0}
    if teachers:
        model = ExpertDistilling(student, teachers, scale_m=survey.frame.scale_m)
        model.compile(keras.optimizers.AdamW(rate))
        model.fit({"scans": survey.train, "place": survey.place}, survey.position, **how)
    else:
        student.compile(keras.optimizers.AdamW(rate), loss=position_error(survey.frame.scale_m))
        student.fit(survey.train, survey.position, **how)
    return student


def main() -> None:
    """Learn three times, teach once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="the archive of the data set, FINGERPRINTING_DB.zip")
    parser.add_argument(
        "--updates", type=int, default=60, help="updates of each student; the teacher gets half"
    )
    parser.add_argument("--out", default="tampere-keras.teacher", help="file of the new teacher")
    arguments = parser.parse_args()
    survey = Tampere(arguments.path)
    backend = keras.backend.backend()
    print(f"{len(survey.train)} training scans, {len(survey.test)} test scans, backend {backend}")

    students = {}
    for name, teachers in {
        "alone": [],
        "two shipped teachers": [
            Teacher.load(SHIPPED / f"dnn-{name}.teacher") for name in ("ujiindoorloc", "dsi1")
        ],
        "two untrained teachers": [untrained(survey, seed) for seed in (1, 2)],
    }.items():
        students[name] = learn(survey, teachers, arguments.updates)
        print(f"{name}: mean error {survey.mean_error_m(students[name]):.2f} m")

    source = students["alone"]
    data = (survey.train, survey.position, survey.place, survey.frame.scale_m)
    generator = teach(source, *data, updates=arguments.updates // 2)
    answer_m = survey.frame.metres(
        keras.ops.convert_to_numpy(source.regressor(generator.at(survey.place).z_e))
    )
    truth_m = survey.frame.metres(survey.position)
    error_m, spread_m = (
        np.linalg.norm(each - truth_m, axis=1).mean() for each in (answer_m, survey.frame.centre_m)
    )
    print(f"new teacher: {error_m:.2f} m from the places asked for; the centre is {spread_m:.2f} m from them")
    Teacher.described(generator, survey.place, source="tampere", network="dnn", licence="CC BY 4.0").save(
        arguments.out
    )
    print(f"written to {arguments.out}")


def untrained(survey: Tampere, seed: int) -> Teacher:
    """A teacher with random weights."""
    keras.utils.set_random_seed(seed)
    generator = Generator(256, non_negative=True)
    return Teacher.described(generator, survey.place, source="untrained", network="dnn", licence="")


if __name__ == "__main__":
    main()
