"""A browser that is signed in: the session cookie as the sign-in would have left it."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

CSRF = "token-of-the-session"


def cookie(app: FastAPI, token: str) -> str:
    """For a token as the tests' verifier reads it: `roles@authority`, or `applicant@@code`."""
    roles, _, rest = token.partition("@")
    authority, _, org = rest.partition("@")
    person = {"sub": token, "name": "王明", "roles": roles.split("+"), "authority": authority, "org": org}
    request = Request({"type": "http", "headers": [], "scheme": "http", "server": ("test", 80), "path": "/"})
    response = Response()
    app.state.pages.login.cookies.write(request, response, "session", {"p": person, "csrf": CSRF}, 3600)
    return str(response.headers["set-cookie"]).partition(";")[0]


class Browser:
    """Base.js's way to post: it names JSON, so that the answer says what is wrong with which field."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, token: str) -> None:
        self.headers = {"Cookie": cookie(app, token)}
        self.client = client

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/registry/ui{path}", headers=self.headers)

    async def post(self, path: str, /, **fields: Any) -> httpx.Response:
        headers = {**self.headers, "Accept": "application/json"}
        return await self.client.post(f"/registry/ui{path}", headers=headers, data={"csrf_token": CSRF, **fields})
