"""The page, letting in who knows the token, and how the service is."""

from pathlib import Path

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse
from prometheus_client import CONTENT_TYPE_LATEST

from leorn.serve.answers import Health, Token
from leorn.serve.guards import same
from leorn.serve.service import Served, problems

PAGE = Path(__file__).parent / "page"

router = APIRouter()


@router.get("/", include_in_schema=False)
def page() -> FileResponse:
    """Give the page."""
    return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


@router.post("/api/session", status_code=204, tags=["session"], responses=problems(400, 401, 403, 408, 413, 422))
def session(served: Served, given: Token, response: Response) -> None:
    """Let a browser in that knows the token: it gets a cookie, which pictures and videos are asked for with."""
    token = served.settings.token
    if token is not None and not same(given.token, token):
        raise HTTPException(401, "a wrong token; expected the one that the service was started with")
    response.set_cookie(served.settings.cookie, served.session, httponly=True, samesite="strict", path="/")


@router.get("/healthz", tags=["about"], responses=problems(403, 503))
def health(served: Served) -> Health:
    """Say that the service is there."""
    return Health(status="ok", videos=len(served.catalogue))


@router.get(
    "/metrics",
    tags=["about"],
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}} | problems(401, 403),
)
def metrics(served: Served) -> Response:
    """Tell Prometheus what happens."""
    return Response(served.metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
