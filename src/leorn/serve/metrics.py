"""What Prometheus is told."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""Route of what is no route: addresses are anybody's, and each label is kept for ever."""
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE"})


class Metrics:
    """Counts of one service, apart from those of any other in the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("route", "method")
        self._requests = Counter("leorn_requests", "Requests.", (*labels, "status"), registry=self.registry)
        self._seconds = Histogram(
            "leorn_request_seconds", "Time to the end of an answer.", labels, registry=self.registry
        )
        self.waiting = Gauge("leorn_questions_waiting", "Questions that wait or are answered.", registry=self.registry)
        self.jobs = Gauge("leorn_uploads_waiting", "Uploads that are not indexed yet.", registry=self.registry)
        self.videos = Gauge("leorn_videos", "Videos of the library.", registry=self.registry)

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self.registry)

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Take down a request that was answered."""
        route = getattr(scope.get("route"), "path", OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)


class Measure:
    """Takes down every request.

    Args:
        app: what answers.
        metrics: where.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.monotonic(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            self._metrics.note(scope, status, time.monotonic() - start)
