"""What the routes share: the table of contents, entity tags, reasons as plain data."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from gf_chassis.http import etag
from gf_chassis.journal import EventPosition
from gf_intake.bootstrap import Bootstrap

IfMatch = Annotated[str | None, Header(alias="If-Match", description='所依据的版本,例如 "3"')]


def _intake(request: Request) -> Bootstrap:
    found: Bootstrap = request.app.state.intake
    return found


Intake = Annotated[Bootstrap, Depends(_intake)]


def tag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


def positions(response: Response, published: list[EventPosition]) -> None:
    """For writes without an idempotency key (PUT): what can be waited for."""
    if published:
        response.headers["Event-Position"] = ", ".join(str(position) for position in published)
