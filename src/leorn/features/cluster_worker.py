"""What runs in the processes of a Ray cluster: items that are worked on, and how often each was begun."""

import pickle
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from leorn.errors import InputError

ATTEMPTS = 3
"""How often an item is begun whose worker dies of it: one death may be another's fault, as that of a machine is."""


class Attempts:
    """Counts, for all workers, how often each item was begun."""

    def __init__(self) -> None:
        self._begun = Counter[int]()

    def begin(self, number: int) -> int:
        """Return how often an item was begun, this time included."""
        self._begun[number] += 1
        return self._begun[number]


class Worker:
    """Works on items in a process of Ray's, which is started again, for the same item, when it dies.

    Args:
        make: makes what works on an item, when the first one comes.
        lost: what becomes of an item whose worker died at each of its `ATTEMPTS`.
        attempts: handle of the `Attempts` of all workers.
    """

    def __init__(self, make: Callable[[], Callable[[Any], Any]], lost: Callable[[Any], Any], attempts: Any) -> None:  # noqa: ANN401 - Ray's
        self._make, self._lost, self._attempts = make, lost, attempts
        self._work: Callable[[Any], Any] | None = None

    def __call__(self, row: Mapping[str, Any]) -> dict[str, bytes]:
        """Turn an item into its result, both pickled; an `InputError` where the worker could not be made, or raised."""
        import ray

        item = pickle.loads(row["item"])
        if ray.get(self._attempts.begin.remote(row["number"])) > ATTEMPTS:
            return {"result": pickle.dumps(self._lost(item))}
        try:
            # not when this is made: a process that dies of it would be started again for ever
            self._work = self._work or self._make()
            result = self._work(item)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            result = InputError(f"a worker of Ray could not do its work ({reason})")
        return {"result": pickle.dumps(result)}
