"""The API pages (接口文档): Swagger UI from files inside the installation, so they work without any outside host."""

from __future__ import annotations

import html
import importlib.util
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from gf_chassis.errors import NotFound
from gf_chassis.middleware import CSP_DOCS

_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} 接口文档</title><link rel="stylesheet" href="/{service}/docs/swagger-ui.css"></head>
<body><div id="swagger-ui" data-url="/{service}/openapi.json"></div>
<script src="/{service}/docs/swagger-ui-bundle.js"></script>
<script src="/{service}/docs/start.js"></script></body></html>
"""
_START = """const box = document.getElementById("swagger-ui");
SwaggerUIBundle({url: box.dataset.url, dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", tryItOutEnabled: true});
"""


def _folder() -> Path | None:
    # The package is only a carrier of files; it is never imported.
    spec = importlib.util.find_spec("fastapi_offline")
    return Path(spec.origin).parent / "static" if spec and spec.origin else None


def add_docs(app: FastAPI, service: str) -> None:
    """``/<service>/docs`` and its files."""
    folder = _folder()

    async def page(_: Request) -> Response:
        text = _PAGE.format(title=html.escape(app.title), service=service)
        return HTMLResponse(text, headers={"Content-Security-Policy": CSP_DOCS})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "start.js":
            return Response(_START, media_type="text/javascript")
        if name not in _ASSETS or folder is None:
            raise NotFound
        return FileResponse(folder / name, media_type=_ASSETS[name], headers={"Cache-Control": "public, max-age=86400"})

    app.router.routes.append(Route(f"/{service}/docs", page, include_in_schema=False))
    app.router.routes.append(Route(f"/{service}/docs/{{name}}", asset, include_in_schema=False))
