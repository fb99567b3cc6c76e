"""Learn a model from surveyed scans: a job with progress, and a comparison with the model in use."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.serving.answers import Answer
from tutelage.serving.exported_copy import exported_copy
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.learning_jobs import STEPS, Comparison, Job, Measured
from tutelage.serving.live_events import LiveEvents
from tutelage.serving.served_models import ServedModel, ServedModels
from tutelage.serving.store import LabelledScan, Store, StoredModel
from tutelage.serving.survey_table import READING_COLUMNS, write_survey
from tutelage.serving.walked_positions import on_smoothed_walks

__all__ = ["Learning"]

_log = logging.getLogger("tutelage.serving")
_EVERY = 4  # one stretch of so many is held out of the comparison


class Learning:
    """Runs jobs one after another, each in processes of its own.

    Parameters
    ----------
    store : Store
        Where surveyed scans are, and where models are noted.
    models : ServedModels
        The models in use.
    events : LiveEvents
        Who is told of progress.
    folder : Path
        Where models are written.
    level : float
        As in `ServeSettings`.
    """

    def __init__(
        self, store: Store, models: ServedModels, events: LiveEvents, folder: Path, level: float
    ) -> None:
        self._store = store
        self._models = models
        self._events = events
        self._folder = folder
        self._level = level
        self._jobs: dict[str, Job] = {}
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def jobs(self) -> list[Job]:
        """Return all jobs since the start of the service, the newest first."""
        return [*self._jobs.values()][::-1]

    def begin(
        self,
        sessions: Sequence[str],
        name: str,
        replaces: str | None,
        method: str,
        *,
        smooth_walks: bool = False,
    ) -> Job:
        """Begin to learn; to be called in the event loop.

        Parameters
        ----------
        sessions : sequence of str
            Ids of the sessions to learn from.
        name : str
            Name of the new model.
        replaces : str or None
            Name of the model in use to compare with.
        method : str
            Method that `tutelage fit` takes.
        smooth_walks : bool
            As in `Job`.

        Returns
        -------
        Job
            The job, which has just begun.

        Raises
        ------
        UnknownNameError
            If no model of the name `replaces` is in use.
        BadInputError
            If walks cannot be smoothed, as there is no model to ask.
        """
        if replaces is not None:
            self._models.get(replaces)
        elif smooth_walks:
            raise BadInputError(
                "smooth_walks takes the answers of the model in use; name it in replaces, or leave walks as "
                "they were clicked"
            )
        job = Job(uuid.uuid4().hex[:12], name, method, replaces, smooth_walks)
        self._put(job)
        task = asyncio.create_task(self._run(job, sessions))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def go_live(self, job_id: str) -> Job:
        """Answer with the model of a job from now on.

        Parameters
        ----------
        job_id : str
            Id of a job that is done.

        Returns
        -------
        Job
            The job, live.

        Raises
        ------
        UnknownNameError
            If there is no such job.
        BadInputError
            If the job is not done.
        """
        if job_id not in self._jobs:
            raise UnknownNameError("job", job_id, self._jobs)
        job = self._jobs[job_id]
        if job.state not in ("done", "live"):
            raise BadInputError(f"job {job_id} is {job.state}; a model goes live once its job is done")
        path, name = self._model_path(job), job.replaces or job.name
        model = await asyncio.to_thread(self._models.put, name, path)
        note = StoredModel(name, str(path), time.time(), card={"method": model.card["method"]})
        await asyncio.to_thread(self._store.models.put, note)
        self._events.publish("model", name, {"name": name, "problem": None})
        return self._put(replace(job, state="live"))

    async def stop(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one job --------------------------------------------------------------------------------------

    async def _run(self, job: Job, sessions: Sequence[str]) -> None:
        async with self._one_at_a_time:
            try:
                job = await self._learn(job, sessions)
                self._put(replace(job, state="done", step=STEPS[-1], done=job.steps))
            except (TutelageError, OSError) as error:
                self._put(replace(self._jobs[job.id], state="failed", message=str(error)))
            except Exception:  # the others that wait are learnt all the same
                _log.exception("job %s has ended", job.id)
                words = "the service has a fault; its log says more"
                self._put(replace(self._jobs[job.id], state="failed", message=words))

    async def _learn(self, job: Job, sessions: Sequence[str]) -> Job:
        labelled = await asyncio.to_thread(self._store.surveys.labelled_scans, sessions)
        if not labelled:
            raise BadInputError("no scan of these sessions was taken during a mark; collect scans first")
        epsg = self._epsg(labelled, job.replaces)
        stretches = _stretches(labelled)  # clicks alone say where the held-out scans are
        held_out = [scan for stretch in stretches[_EVERY - 1 :: _EVERY] for scan in stretch]
        if held_out:
            others = [scan for i, s in enumerate(stretches) if i % _EVERY != _EVERY - 1 for scan in s]
            job = self._step(job, 1)
            trial = await self._fit(job, await self._placed(job, others, sessions), "trial", epsg)
            job = self._step(job, 2)
            job = replace(job, comparison=await self._compare(trial, held_out, len(stretches), job.replaces))
        job = self._step(job, 3)
        await self._fit(job, await self._placed(job, labelled, sessions), "model", epsg)
        return job

    async def _placed(
        self, job: Job, labelled: Sequence[LabelledScan], sessions: Sequence[str]
    ) -> Sequence[LabelledScan]:
        """Return scans with the positions that are learnt."""
        if not job.smooth_walks or job.replaces is None:
            return labelled
        walks = await asyncio.to_thread(self._store.surveys.walks, sessions)
        model = self._models.get(job.replaces)
        return await asyncio.to_thread(on_smoothed_walks, labelled, walks, model, self._level)

    def _epsg(self, labelled: Sequence[LabelledScan], replaces: str | None) -> int | None:
        """Return the system of the plan that was clicked on; None for metres of no system."""
        if labelled[0].x_m is None:
            return None
        if replaces is None:
            return self._models.frame_of(labelled[0].building).epsg
        epsg: int | None = self._models.get(replaces).card["frame"]["epsg"]
        return epsg

    async def _fit(self, job: Job, scans: Sequence[LabelledScan], part: str, epsg: int | None) -> Path:
        """Learn a model in a process of its own, and return where it is."""
        folder = self._folder / job.id
        folder.mkdir(parents=True, exist_ok=True)
        survey, model = folder / f"{part}.csv", folder / part
        await asyncio.to_thread(write_survey, survey, scans)
        fit = ["fit", str(survey), "--method", job.method, "--columns", READING_COLUMNS]
        if epsg is not None:
            fit += ["--epsg", str(epsg)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tutelage", *fit, "--out", str(model), "--json"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, words = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.communicate()  # until it has ended
            raise
        if process.returncode:
            reason = words.decode(errors="replace").strip().rpartition("error: ")[2]
            raise BadInputError(f"the model cannot be learnt: {reason or process.returncode}")
        return model

    async def _compare(
        self, trial: Path, held_out: Sequence[LabelledScan], n_stretches: int, replaces: str | None
    ) -> Comparison:
        def measure() -> Comparison:
            new = ServedModel.load("new", exported_copy(trial))
            old = self._models.get(replaces) if replaces is not None else None
            return Comparison(
                f"{n_stretches // _EVERY} of {n_stretches} places and walks",
                len(held_out),
                _measured(new, held_out, self._level),
                None if old is None else _measured(old, held_out, self._level),
            )

        return await asyncio.to_thread(measure)

    def _step(self, job: Job, number: int) -> Job:
        return self._put(replace(job, step=STEPS[number], done=number))

    def _put(self, job: Job) -> Job:
        self._jobs[job.id] = job
        self._events.publish("job", job.id, job.as_json())
        return job

    def _model_path(self, job: Job) -> Path:
        return self._folder / job.id / "model"


def _stretches(labelled: Iterable[LabelledScan]) -> list[list[LabelledScan]]:
    """Divide scans by their marks, in order of time: what was taken at one place, or on one walk."""
    stretches: dict[tuple[str | None, str], list[LabelledScan]] = {}
    for scan in sorted(labelled, key=lambda each: each.scan.time_s):
        stretches.setdefault((scan.scan.session, scan.mark), []).append(scan)
    return [*stretches.values()]


def _measured(model: ServedModel, labelled: Sequence[LabelledScan], level: float) -> Measured:
    answers = model.locate(
        [HeardScan(each.scan.rss_dbm, each.scan.time_s, each.scan.age_s) for each in labelled], level
    )
    pairs = [(a, truth) for a, truth in zip(answers, labelled, strict=True) if not a.reason]
    errors_m = [error for pair in pairs if (error := _error_m(*pair)) is not None]
    hits = [answer.place == truth.place for answer, truth in pairs if truth.place and answer.place]
    return Measured(len(pairs), _mean(errors_m), _mean(hits))


def _error_m(answer: Answer, truth: LabelledScan) -> float | None:
    if answer.x_m is None or answer.y_m is None or truth.x_m is None or truth.y_m is None:
        return None
    return math.hypot(answer.x_m - truth.x_m, answer.y_m - truth.y_m)


def _mean(values: Sequence[float] | Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
