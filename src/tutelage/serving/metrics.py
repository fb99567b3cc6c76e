"""What the service counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tutelage.serving.answers import Answer

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Counters of one service, in a registry of their own.

    No label names a device, an address or a path: labels have few values.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        info = Gauge("tutelage_build_info", "Version of the service.", ["version"], registry=self.registry)
        info.labels(version("tutelage")).set(1)
        self._requests = Counter(
            "tutelage_requests",
            "Requests, by route and class of status.",
            ["route", "status"],
            registry=self.registry,
        )
        self._refusals = Counter(
            "tutelage_refusals",
            "Requests and sockets that were refused before they were read, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._scans = Counter(
            "tutelage_scans", "Scans, by model and outcome.", ["model", "outcome"], registry=self.registry
        )
        self._duration = Histogram(
            "tutelage_locate_duration_seconds",
            "Time from a request for positions to the answers.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._reloads = Counter(
            "tutelage_model_reloads",
            "Models that were read again, by outcome.",
            ["model", "outcome"],
            registry=self.registry,
        )

    def requested(self, route: str, status: int) -> None:
        """Count a request.

        Parameters
        ----------
        route : str
            Template of the path.
        status : int
            HTTP status of the answer.
        """
        self._requests.labels(route, f"{status // 100}xx").inc()

    def refused(self, reason: str) -> None:
        """Count a request or a socket that was refused before it was read.

        Parameters
        ----------
        reason : str
            One word, as in `Problem`.
        """
        self._refusals.labels(reason).inc()

    def located(self, answers: Sequence[Answer], seconds: float) -> None:
        """Count answers to scans.

        Parameters
        ----------
        answers : sequence of Answer
            Answers of one request.
        seconds : float
            How long they took.
        """
        self._duration.observe(seconds)
        for answer in answers:
            self._scans.labels(answer.model or "none", "unknown" if answer.reason else "answered").inc()

    def reloaded(self, model: str, error: Exception | None) -> None:
        """Count a model that was read again.

        Parameters
        ----------
        model : str
            Name of the model.
        error : Exception or None
            Why that failed.
        """
        self._reloads.labels(model, "failed" if error else "loaded").inc()
