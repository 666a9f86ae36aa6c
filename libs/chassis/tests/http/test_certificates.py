"""The certificates of an office: its own authority vouches for broker, issuer and store; a wrong name is refused."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from gf_chassis.certificates import trust
from gf_chassis.settings import ServiceSettings
from tests.support.tls import HOST, Office, office, serving

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"


@pytest.fixture
def made(tmp_path: Path) -> Office:
    return office(tmp_path)


async def greet(port: int, context: ssl.SSLContext, name: str = HOST) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    writer.close()


async def test_the_broker_is_vouched_for_by_the_office_alone(made: Office) -> None:
    settings = ServiceSettings(kafka_protocol="SSL", ca_file=made.authority)
    context = settings.kafka_security["ssl_context"]
    assert len(context.get_ca_certs()) == 1
    async with serving(made, ANSWER) as port:
        await greet(port, context)
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            await greet(port, context, "kafka-1.other.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            await greet(port, ServiceSettings(kafka_protocol="SSL").kafka_security["ssl_context"])


async def test_an_authority_without_key_usages_is_taken_where_python_is_strict(made: Office) -> None:
    def strict() -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=made.authority)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does
        return context

    async with serving(made, ANSWER) as port:
        with pytest.raises(ssl.SSLCertVerificationError, match=r"usage|Identifier"):
            await greet(port, strict())
        await greet(port, trust(strict(), made.authority))


async def test_the_issuer_is_vouched_for_by_the_office_too(make_app: Any, made: Office) -> None:
    async def ask(port: int, **settings: Any) -> int:
        app = make_app(settings=settings)
        async with app.state.http_client as client:
            return int((await client.get(f"https://{HOST}:{port}/")).status_code)

    async with serving(made, ANSWER) as port:
        assert await ask(port, ca_file=made.authority) == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(port)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(port, ca_file="")


def test_a_file_without_certificates_is_said_at_the_start(make_app: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.crt").write_text("REPLACE", encoding="utf-8")
    with pytest.raises(ssl.SSLError):
        make_app(settings={"ca_file": tmp_path / "empty.crt"})
    with pytest.raises(FileNotFoundError):
        make_app(settings={"ca_file": tmp_path / "missing.crt"})
