"""The service keeps what its OpenAPI document says, whatever it is asked."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from leorn.retrieval.library import Library
from leorn.serve.app import create_app
from leorn.serve.settings import Settings

pytest.importorskip("lancedb")
schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 25
"""Requests of each operation and kind."""


@pytest.fixture
def schema(library: Path) -> object:
    # uploads that pass as videos are not drawn: no job is begun
    app = create_app(Settings(library, add_command=("/bin/false",)), Library(library))
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


lazy = schemathesis.pytest.from_fixture("schema").exclude(path_regex="/events$")


@lazy.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_no_answer_breaks_the_contract(case: "schemathesis.Case") -> None:
    case.headers = {**(case.headers or {}), "Host": "localhost"}
    case.call_and_validate()
