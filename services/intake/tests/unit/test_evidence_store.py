"""The object store of an office has a certificate of the office's own authority."""

from __future__ import annotations

from pathlib import Path

import pytest

from gf_chassis.settings import ServiceSettings
from gf_intake.adapters.evidence_store import EvidenceStore
from tests.support.tls import HOST, office, serving

#: What S3 says of an object that is not there.
NOTHING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


async def test_the_store_is_asked_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = office(tmp_path)
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "cn-north-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    async with serving(made, NOTHING) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{HOST}:{port}")
        store = EvidenceStore("s3://evidence", 1024, ServiceSettings(ca_file=made.authority).object_store)
        with pytest.raises(FileNotFoundError):
            await store.open("0" * 64)
