"""Requests of somebody who is there, or goes."""

from collections.abc import Callable


class Asking:
    """What of a request is needed to know whether who asked is still there."""

    def __init__(self, gone: Callable[[], bool] = lambda: False) -> None:
        self._gone = gone

    async def is_disconnected(self) -> bool:
        """Say whether who asked has gone."""
        return self._gone()
