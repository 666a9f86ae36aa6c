"""Settings of a service: the environment with the prefix ``GF_<SERVICE>_``, printed redacted."""

import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gf_chassis.certificates import trust

Mode = Literal["standalone", "compose", "cluster"]

_URL_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):([^@\s]*)@")


def redact(text: str) -> str:
    """Take the password out of an address."""
    return _URL_PASSWORD.sub(r"\1:***@", text)


class DatabaseSettings(BaseModel):
    """What ``gf_chassis.database.Database`` needs to know."""

    model_config = ConfigDict(frozen=True)

    url: str
    pool_size: int = 8
    statement_timeout_ms: int = 15_000
    lock_timeout_ms: int = 5_000
    idle_in_transaction_timeout_ms: int = 20_000
    application_name: str = "greenladder"


def _not_started(wrong: Iterable[tuple[str, str]]) -> SystemExit:
    lines = [f"  {name}：{said}" if name else f"  {said}" for name, said in wrong]
    return SystemExit("\n".join(["环境变量中的设置有误，未能启动：", *lines]))


class ServiceSettings(BaseSettings):
    """Base of every service's ``Settings``.

    A service writes::

        class Settings(ServiceSettings):
            model_config = service_config("intake")
            service: str = "intake"
    """

    model_config = SettingsConfigDict(env_prefix="GF_", extra="ignore", frozen=True, hide_input_in_errors=True)

    service: str = ""
    mode: Mode = "compose"

    #: postgresql://user:password@host:port/name of the application role; asyncpg is used whatever the scheme says.
    database_url: str = ""
    #: The same database as its owner role: migrations only. Empty in the processes that serve.
    owner_url: str = ""
    pool_size: int = Field(default=8, ge=1, le=100)
    statement_timeout_ms: int = Field(default=15_000, ge=100)
    lock_timeout_ms: int = Field(default=5_000, ge=100)
    idle_in_transaction_timeout_ms: int = Field(default=20_000, ge=100)

    events: Literal["kafka", "journal"] = "kafka"
    kafka_bootstrap: str = "localhost:9092"
    #: How the broker is spoken to, in Kafka's own words; with SASL_… the three lines below it count.
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr = SecretStr("")
    #: Where the other services' journals lie (standalone): service name → database address.
    journal_urls: dict[str, str] = Field(default_factory=dict)

    #: OpenID Connect issuer; compared with the token's ``iss`` letter by letter.
    issuer: str = "http://127.0.0.1:8000/auth"
    #: Where the issuer's keys are; empty: asked from the issuer's discovery document.
    jwks_url: str = ""
    #: Where this process reaches the issuer, if not under the name that browsers use (a gateway, another network).
    #: What is found there must still say that it is `issuer`.
    issuer_inside_url: str = ""
    audience: str = "greenladder"
    #: Address under which browsers reach this service (redirects of the sign-in); empty: taken from the request.
    public_url: str = ""
    #: Signs the session cookies of pages. Empty: made at start, so sessions end with the process.
    session_secret: SecretStr = SecretStr("")
    session_minutes: int = Field(default=480, ge=5, le=1440)

    #: Where a worker process answers its probes and metrics; 0: nowhere.
    worker_port: int = Field(default=0, ge=0, le=65535)
    #: Parts a worker process runs, by name, with commas (``relay,ticks,consumer:scoring.views``); empty: all.
    worker_parts: str = ""

    #: Certificates (PEM) of an office's own authority. They vouch for the issuer and the object store beside the known
    #: ones, for Kafka alone; for PostgreSQL those that PGSSLROOTCERT names.
    ca_file: Path | None = None

    policies_dir: Path | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    max_body_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    max_in_flight: int = Field(default=400, ge=1)
    drain_seconds: float = Field(default=20.0, ge=0)
    #: Readiness fails when a consumer lane has waited this long without a step forward.
    stuck_after_seconds: float = Field(default=60.0, gt=0)

    @field_validator("database_url", "owner_url")
    @classmethod
    def _async_driver(cls, value: str) -> str:
        return async_url(value) if value else value

    @classmethod
    def read(cls) -> Self:
        """Out of the environment, for a process that starts; what is wrong there ends it with a word for each."""
        prefix = cls.model_config.get("env_prefix", "")
        try:
            settings = cls()
        except ValidationError as error:
            from gf_chassis.problems import explain

            found = error.errors(include_url=False, include_input=False)
            raise _not_started(
                (prefix + str(one["loc"][0]).upper() if one["loc"] else "", explain(dict(one))) for one in found
            ) from None
        try:
            trust(ssl.create_default_context(), settings.ca_file)
        except ssl.SSLError:
            wrong = f"文件 {settings.ca_file} 中没有证书（PEM 格式，以 -----BEGIN CERTIFICATE----- 开头）。"
            raise _not_started([(f"{prefix}CA_FILE", wrong)]) from None
        except OSError as error:
            wrong = f"文件 {settings.ca_file} 不能读取（{error.strerror}）。"
            raise _not_started([(f"{prefix}CA_FILE", wrong)]) from None
        return settings

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _journal_only_standalone(self) -> Self:
        if self.events == "journal" and self.mode == "cluster":
            raise ValueError("EVENTS=journal 须读取其他服务的数据库，不能用于集群（MODE=cluster），请改为 kafka。")
        return self

    @property
    def kafka_security(self) -> dict[str, Any]:
        """Arguments of aiokafka's clients for the way the broker is spoken to."""
        return kafka_security(
            self.kafka_protocol,
            mechanism=self.kafka_mechanism,
            username=self.kafka_username,
            password=self.kafka_password.get_secret_value(),
            ca_file=self.ca_file,
        )

    @property
    def object_store(self) -> dict[str, Any]:
        """Arguments of obstore's stores: who may vouch for them."""
        return {"client_options": {"root_certificate": self.ca_file.read_bytes()}} if self.ca_file else {}

    @property
    def discovery_url(self) -> str:
        """Where the issuer's discovery document is read."""
        return (self.issuer_inside_url or self.issuer).rstrip("/") + "/.well-known/openid-configuration"

    @property
    def database(self) -> DatabaseSettings:
        return DatabaseSettings(
            url=self.database_url,
            pool_size=self.pool_size,
            statement_timeout_ms=self.statement_timeout_ms,
            lock_timeout_ms=self.lock_timeout_ms,
            idle_in_transaction_timeout_ms=self.idle_in_transaction_timeout_ms,
            application_name=f"greenladder-{self.service}" if self.service else "greenladder",
        )

    def redacted(self) -> dict[str, Any]:
        """The settings as they may be printed: no password, no secret."""
        return {name: _redact_value(name, value) for name, value in self.model_dump().items()}


def kafka_security(
    protocol: str, *, mechanism: str = "", username: str = "", password: str = "", ca_file: Path | None = None
) -> dict[str, Any]:
    """What aiokafka's producer, consumer and admin client want to know of it; nothing for PLAINTEXT."""
    if protocol == "PLAINTEXT":
        return {}
    arguments: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        arguments["ssl_context"] = trust(context, ca_file)
    if protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": mechanism,
            "sasl_plain_username": username,
            "sasl_plain_password": password,
        }
    return arguments


def service_config(service: str) -> SettingsConfigDict:
    """``model_config`` of a service's Settings."""
    return SettingsConfigDict(
        env_prefix=f"GF_{service.upper()}_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        env_nested_delimiter="__",
    )


def async_url(url: str) -> str:
    """The address with the asyncpg driver named, which SQLAlchemy wants."""
    return re.sub(r"^(postgres|postgresql)(\+\w+)?://", "postgresql+asyncpg://", url)


def plain_url(url: str) -> str:
    """The address without a driver, which asyncpg and psql want."""
    return re.sub(r"^(postgres|postgresql)(\+\w+)?://", "postgresql://", url)


_SECRET_NAME = re.compile(r"secret|password|token|private", re.IGNORECASE)


def _redact_value(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr) or (_SECRET_NAME.search(name) and isinstance(value, str)):
        return "***" if (value.get_secret_value() if isinstance(value, SecretStr) else value) else ""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: _redact_value(str(k), v) for k, v in value.items()}
    if isinstance(value, Path):
        return str(value)
    return value
