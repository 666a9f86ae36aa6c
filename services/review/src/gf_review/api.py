"""The HTTP application of review."""

from __future__ import annotations

from fastapi import FastAPI

from gf_chassis.http import create_app
from gf_chassis.identity import TokenVerifier
from gf_review.adapters.files import MAX_BYTES
from gf_review.bootstrap import Bootstrap
from gf_review.bootstrap import bootstrap as build
from gf_review.domain.errors import DomainError
from gf_review.entrypoints import http, http_batches, http_queue
from gf_review.web import batch_pages, queue_pages
from gf_review.web.pages import pages, ui

#: A multipart form is a little larger than its file.
UPLOAD = MAX_BYTES + 64 * 1024


def create(bootstrap: Bootstrap | None = None, *, verifier: TokenVerifier | None = None) -> FastAPI:
    """The application; built from the environment where no bootstrap is given."""
    bootstrap = bootstrap or build()
    app = create_app(
        "review",
        bootstrap.runtime,
        [http_queue.router, http.router, http_batches.router],
        rejections=(DomainError,),
        ui=[queue_pages.ui, batch_pages.ui, ui],
        pages=pages(bootstrap.policies.authority_name),
        title="GreenLadder 绿梯 · 审核",
        description="案件、逐级审核、推荐批次与公示。",
        large_body={"/review/v1/cases/": UPLOAD, "/review/v1/recommendations/": UPLOAD, "/review/ui/": UPLOAD},
        verifier=verifier,
    )
    app.state.bootstrap = bootstrap
    return app
