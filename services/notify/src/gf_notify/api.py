"""The HTTP application of notify: ``uvicorn --factory gf_notify.api:create``."""

from __future__ import annotations

from fastapi import FastAPI

from gf_chassis.http import create_app
from gf_chassis.identity import TokenVerifier
from gf_notify.bootstrap import Bootstrap
from gf_notify.bootstrap import bootstrap as build
from gf_notify.domain.errors import DomainError
from gf_notify.entrypoints import http
from gf_notify.settings import Settings
from gf_notify.web import pages


def create(bootstrap: Bootstrap | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application of a bootstrap; without one, of the environment."""
    b = bootstrap or build(Settings.read())
    return create_app(
        "notify",
        b.runtime,
        [http.router(b)],
        rejections=(DomainError,),
        verifier=verifier,
        ui=[pages.router(b)],
        pages=pages.pages(b.names),
        title="绿梯 通知",
        description="发给单位和各级主管部门的通知：收件箱。",
    )
