"""A service with a handful of routes, an issuer of our own, and a client without a network."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gf_chassis import logging
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.http import create_app
from gf_chassis.identity import KeyCache, TokenVerifier
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.settings import ServiceSettings, async_url
from gf_chassis.tables import service_base
from tests.support.keys import rsa_key

ISSUER = "http://issuer.test/auth"
JSON = {"content-type": "application/json"}


class Issuer:
    """Signs tokens as a real issuer would, and as one must not."""

    def __init__(self) -> None:
        self.rsa = rsa_key(0, kid="rsa-1")
        self.ec = ECKey.generate_key("P-256", {"kid": "ec-1"})
        self.fetched = 0
        self.keys = [self.rsa, self.ec]

    async def fetch(self) -> dict[str, Any]:
        self.fetched += 1
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in self.keys]}

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "greenladder",
            "sub": "u1",
            "name": "王芳",
            "iat": now,
            "exp": now + 300,
            "gl_roles": ["reviewer"],
            "gl_authority": "cq.yubei",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        key = key or self.rsa
        fields = {
            "alg": "RS256" if isinstance(key, RSAKey) else "ES256",
            "kid": key.kid,
            "typ": "JWT",
            **(header or {}),
        }
        return jws.serialize_compact(fields, orjson.dumps(self.claims(**changes)), key, algorithms=["RS256", "ES256"])

    def bearer(self, **changes: Any) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(**changes)}"}


def raw_token(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"x") -> str:
    """A token put together by hand."""
    parts = [orjson.dumps(header), orjson.dumps(claims), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    logging.configure("test", "WARNING")
    return Issuer()


def verifier_of(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(issuer=ISSUER, audience="greenladder", keys=KeyCache(issuer.fetch))


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return verifier_of(issuer)


MakeApp = Callable[..., FastAPI]


@pytest.fixture
def make_app(verifier: TokenVerifier) -> MakeApp:
    return maker(verifier)


def maker(verifier: TokenVerifier) -> MakeApp:
    def make(
        *routers: Any, database: Any = None, service: str = "intake", subscriptions: Any = (), **options: Any
    ) -> FastAPI:
        values = options.pop("settings", {})
        settings = ServiceSettings(service=service, mode="standalone", issuer=ISSUER, **values)
        runtime = ServiceRuntime(service, settings, database, Clock(), subscriptions)
        return create_app(service, runtime, list(routers), verifier=verifier, **options)

    return make


def client_of(app: FastAPI, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", **options)


async def spine(database: Any) -> None:
    """The tables of the chassis, with the rights a migration gives."""
    from gf_chassis import migrate

    engine = create_async_engine(async_url(database.owner_url))
    async with engine.begin() as connection:
        await connection.run_sync(service_base(database.service).metadata.create_all)
        await connection.execute(text("create table alembic_version (version_num text)"))
        await connection.execute(text("create table effect (id bigint generated always as identity, note text)"))
        await migrate.grant(connection, f"gf_{database.service}_app")
    await engine.dispose()


@pytest.fixture
async def database(service_database: Any) -> AsyncIterator[Database]:
    described = await service_database("intake", prepare=spine)
    settings = ServiceSettings(database_url=described.app_url, pool_size=20)
    database = Database(settings.database, Clock())
    yield database
    await database.close()
