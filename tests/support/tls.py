"""An office's own authority, as many are: its certificate names no key usage. And a server it vouches for."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

#: The one name the server's certificate is made out to.
HOST = "localhost"


@dataclass(frozen=True)
class Office:
    """Its authority's certificate, and the server's certificate with its key (PEM)."""

    authority: Path
    server: Path


def office(folder: Path) -> Office:
    now, root, leaf = datetime.now(UTC), generate_private_key(SECP256R1()), generate_private_key(SECP256R1())

    def certificate(subject: str, key: EllipticCurvePrivateKey, extension: x509.ExtensionType) -> x509.Certificate:
        name, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, "office"))
        return (
            x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(root, hashes.SHA256())
        )

    pem = serialization.Encoding.PEM
    made = Office(folder / "ca.crt", folder / "server.pem")
    made.authority.write_bytes(certificate("office", root, x509.BasicConstraints(True, None)).public_bytes(pem))
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    key = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.server.write_bytes(certificate(HOST, leaf, names).public_bytes(pem) + key)
    return made


@contextlib.asynccontextmanager
async def serving(made: Office, answer: bytes) -> AsyncIterator[int]:
    """A server that gives every request the same answer; its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server)
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
