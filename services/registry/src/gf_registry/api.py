"""The registry's HTTP application."""

from __future__ import annotations

from fastapi import FastAPI

from gf_chassis.http import create_app
from gf_chassis.identity import TokenVerifier
from gf_registry.bootstrap import Bootstrap
from gf_registry.bootstrap import bootstrap as build
from gf_registry.domain.errors import DomainError
from gf_registry.entrypoints import http, public
from gf_registry.settings import Settings
from gf_registry.web import dynamic_pages, edition_pages, import_pages, pages


def create(bootstrap: Bootstrap | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application of a bootstrap; without one, of the environment."""
    b = bootstrap or build(Settings.read())
    return create_app(
        "registry",
        b.runtime,
        [http.router(b), public.router(b)],
        rejections=(DomainError,),
        verifier=verifier,
        ui=[dynamic_pages.router(b), edition_pages.router(b), import_pages.router(b), pages.router(b)],
        pages=pages.pages(b.law),
        title="绿梯 名单与资格",
        description="国家、省、市三级绿色制造名单及其历史，禁入、名单调整、年度义务、统计。",
    )
