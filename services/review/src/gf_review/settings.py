"""Settings of review (environment, prefix GF_REVIEW_)."""

from __future__ import annotations

from pathlib import Path

from gf_chassis.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("review")

    service: str = "review"
    #: Where uploaded documents lie: a folder, or the address of an object store (s3://…).
    documents_dir: Path = Path(".data/documents")
    documents_url: str = ""
    #: Public address of intake, for links to evidence (bytes are served by intake alone); empty: same origin.
    intake_url: str = ""
