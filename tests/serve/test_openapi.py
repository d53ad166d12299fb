"""The service keeps what its OpenAPI document says, whatever it is asked."""

from contextlib import nullcontext, suppress
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from leorn.retrieval.library import Library
from leorn.serve.app import create_app
from leorn.serve.catalogue import id_of
from leorn.serve.settings import Settings

pytest.importorskip("lancedb")
schemathesis = pytest.importorskip("schemathesis")
positive_data_acceptance = pytest.importorskip("schemathesis.specs.openapi.checks").positive_data_acceptance

EXAMPLES = 25
"""Requests of each operation, right ones and as many wrong ones."""
HOST = {"Host": "localhost"}
UNSAID = ("/api/export", "/api/videos", "/api/session")
OPERATIONS = {
    "GET /api/search", "GET /api/videos/{video_id}/evidence", "GET /api/videos", "GET /api/videos/{video_id}",
    "GET /api/videos/{video_id}/stream", "GET /api/videos/{video_id}/thumbnail", "DELETE /api/videos/{video_id}",
    "POST /api/videos", "GET /api/jobs", "GET /api/jobs/{job}", "GET /api/jobs/{job}/events", "GET /api/export",
    "POST /api/session", "GET /healthz", "GET /metrics",
}  # fmt: skip


@pytest.fixture
def schema(library: Path) -> "schemathesis.BaseSchema":
    # uploads that pass as videos are not drawn: no job is begun
    app = create_app(Settings(library, add_command=("/bin/false",)), Library(library))
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=HOST)


def test_no_answer_breaks_the_contract(schema: "schemathesis.BaseSchema") -> None:
    operations = {result.ok().label: result.ok() for result in schema.get_all_operations()}
    assert set(operations) == OPERATIONS
    for operation, mode in product(operations.values(), schemathesis.GenerationMode):
        asked = settings(
            max_examples=EXAMPLES, derandomize=True, deadline=None, database=None,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        # nothing can be wrong with a request that has no parts
        nothing = suppress(Unsatisfiable) if mode is schemathesis.GenerationMode.NEGATIVE else nullcontext()
        with nothing:
            asked(given(case=operation.as_strategy(generation_mode=mode))(ask))()


def ask(case: "schemathesis.Case") -> None:
    # what is drawn names no video that there is: every other request shall
    if "video_id" in case.path_parameters and len(str(case.path_parameters["video_id"])) % 2:
        case.path_parameters["video_id"] = id_of("pans/one" if case.method == "DELETE" else "cups")
    if case.query and len(str(case.query.get("id", ""))) % 2:
        case.query["id"] = id_of("cups")
    # what formats and ranges need of each other, and what is a video, no schema says
    unsaid = [positive_data_acceptance] if case.operation.path in UNSAID else []
    case.call_and_validate(headers=HOST, excluded_checks=unsaid)
