"""Settings of intake, from the environment with the prefix GF_INTAKE_."""

from pydantic import Field

from gf_chassis.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    """What intake needs beside what every service needs."""

    model_config = service_config("intake")

    service: str = "intake"
    #: A folder, or an address such as s3://bucket/prefix.
    evidence_url: str = ".data/evidence"
    evidence_max_bytes: int = Field(default=30 * 1024 * 1024, ge=1024)
    #: How long a withdrawal waits for review's answer before it says 202.
    withdrawal_wait_seconds: float = Field(default=2.0, ge=0, le=2.0)
