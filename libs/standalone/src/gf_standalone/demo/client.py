"""A client of the public APIs, as any of the demo accounts."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from gf_standalone.people import SECRET

#: How long another service may take to hear of something, on a busy machine.
PATIENCE = 90.0
#: Connections are given up before the server does so: a request on one that just closed would fail.
LIMITS = httpx.Limits(keepalive_expiry=5)


class Refused(Exception):
    """A request that was answered with a problem document."""

    def __init__(self, request: str, status: int, problem: Mapping[str, Any]) -> None:
        detail = problem.get("detail", "")
        errors = "；".join(f"{e.get('pointer')} {e.get('detail')}" for e in problem.get("errors", [])[:5])
        super().__init__(f"{request}: {status} {problem.get('code', '')} {detail} {errors}".strip())
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = problem


class Client:
    """Speaks for one account. Positions of its writes are waited for by its reads."""

    def __init__(self, http: httpx.AsyncClient, account: str) -> None:
        self._http = http
        self.account = account
        self._token = ""

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.send("GET", path, params=params)).json()

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        match: str | None = None,
        wait_for: str | None = None,
    ) -> Any:
        answer = await self.send("POST", path, json=body, key=key, match=match, wait_for=wait_for)
        return answer.json() if answer.content else None

    async def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        match: str | None = None,
        wait_for: str | None = None,
        headers: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> httpx.Response:
        """One request. What the system could not take just now (503) is asked again, under the same key."""
        said = {"Authorization": f"Bearer {await self._bearer()}", **(headers or {})}
        if method == "POST":
            key = key or uuid.uuid4().hex
        if key:
            said["Idempotency-Key"] = key
        if match:
            said["If-Match"] = match
        if wait_for:
            said["Wait-For"] = wait_for
        end = time.monotonic() + PATIENCE
        answer = await self._http.request(method, path, headers=said, **arguments)
        while answer.status_code == 503 and time.monotonic() < end:
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
            answer = await self._http.request(method, path, headers=said, **arguments)
        if answer.status_code >= 400:
            raise Refused(f"{self.account} {method} {path}", answer.status_code, _problem(answer))
        return answer

    async def until(
        self, path: str, good: Callable[[Any], bool], *, what: str, seconds: float = PATIENCE, **params: Any
    ) -> Any:
        """Read until it is so: another service has to hear of it first."""
        end = time.monotonic() + seconds
        pause = 0.05
        last: Any = None
        while True:
            try:
                last = await self.get(path, **params)
                if good(last):
                    return last
            except Refused as refused:
                if refused.status != 404:
                    raise
                last = str(refused)
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: {path} after {seconds} s: {last}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)

    async def _bearer(self) -> str:
        if not self._token:
            form = {"grant_type": "client_credentials", "client_id": self.account, "client_secret": SECRET}
            answer = await self._http.post("/auth/token", data=form)
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        return self._token


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        return {"detail": answer.text[:300]}
    return problem if isinstance(problem, dict) else {"detail": str(problem)[:300]}
