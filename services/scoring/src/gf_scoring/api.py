"""The HTTP application of scoring: ``uvicorn --factory gf_scoring.api:create``."""

from __future__ import annotations

from fastapi import FastAPI

from gf_chassis.http import create_app
from gf_chassis.identity import TokenVerifier
from gf_scoring.bootstrap import Bootstrap, bootstrap
from gf_scoring.domain.errors import DomainError
from gf_scoring.entrypoints.http import routers
from gf_scoring.settings import Settings
from gf_scoring.web.pages import pages
from gf_scoring.web.pages import routers as page_routers


def create(parts: Bootstrap | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    parts = parts or bootstrap(Settings.read())
    return create_app(
        "scoring",
        parts.runtime,
        routers(parts),
        rejections=(DomainError,),
        title="GreenLadder 绿梯：评分",
        description="评分规则、引领值和基准值、评分表",
        ui=page_routers(parts),
        pages=pages(parts),
        verifier=verifier,
    )
