"""Work that the machines of a Ray cluster share, or the cores of this one; a path must be the same file on them all."""

import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from leorn.errors import InputError
from leorn.features.cluster_worker import Attempts, Worker

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def on_ray(
    make: Callable[[], Callable[[T], R]], items: Sequence[T], lost: Callable[[T], R], jobs: int, address: str | None
) -> Iterator[Iterator[R]]:
    """Work on items in Ray's workers. What is started of Ray here ends with the block, however it is left.

    Args:
        make: makes the worker, once in each process; it is pickled, as are the items and the results.
        items: what to work on, at least one; they are begun as there is room for results that wait to be taken.
        lost: what becomes of an item whose worker died at each of some attempts (`ATTEMPTS`).
        jobs: workers, at least 1, of one CPU each.
        address: the cluster's; None for a Ray on this machine, or the one that this process is connected to already.

    Yields:
        What the worker returns for each item, in the order of the items.

    Raises:
        InputError: Ray is not installed, the cluster cannot be reached, or a worker could not be made.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # or the terminal is told of all that Ray puts right by itself
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray.data
    except ImportError as error:
        raise InputError("work on Ray needs Ray: pip install leorn[cluster]") from error
    start = not ray.is_initialized()
    try:
        if start:
            _check_answers(address)
            where: dict[str, Any] = {"address": address} if address else {"address": "local", "num_cpus": jobs}
            ray.init(**where, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
            logging.getLogger("ray.data").setLevel(logging.ERROR)
        attempts = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Attempts).remote()
        pickled = [{"number": number, "item": pickle.dumps(item)} for number, item in enumerate(items)]
        # an item a block, and one at a time: no other is begun again where a worker dies
        data = ray.data.from_items(pickled, override_num_blocks=len(items))
        pool = ray.data.ActorPoolStrategy(size=jobs, max_tasks_in_flight_per_actor=1)
        data = data.map(cast(Any, Worker), fn_constructor_args=(make, lost, attempts), compute=pool, num_cpus=1)
        data.context.execution_options.preserve_order, data.context.enable_progress_bars = True, False
        yield (_result(row) for row in data.iter_rows())
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise InputError(f"Ray {address or 'on this machine'}: {str(error).strip().splitlines()[-1]}") from error
    finally:
        if start:
            ray.shutdown()


def _result(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the worker returns
    result = pickle.loads(row["result"])
    if isinstance(result, InputError):
        raise result
    return result


def _check_answers(address: str | None) -> None:
    """See that there is somebody: Ray would wait for minutes, and end the process."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if address and address != "auto":
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except (OSError, OverflowError, ValueError) as error:
            raise InputError(f"{address}: no Ray answers there ({error}); expected host:port of its head") from error
