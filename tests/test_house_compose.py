"""The compose file says what the programmes understand, and leaves nothing open."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gf_policy.files import LOADER

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("intake", "scoring", "review", "registry", "notify")
LOOPBACK = ("127.0.0.1:", "${GL_BIND:-127.0.0.1}:")


@pytest.fixture(scope="module")
def containers() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Loader=LOADER
    )
    return found["services"]  # type: ignore[return-value]


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_one_that_the_service_has(containers: dict[str, dict[str, Any]], service: str) -> None:
    fields = importlib.import_module(f"gf_{service}.settings").Settings.model_fields
    prefix = f"GF_{service.upper()}_"
    for name in (f"{service}-api", f"{service}-worker", f"migrate-{service}"):
        environment = containers[name]["environment"]
        own = {key.removeprefix(prefix).lower() for key in environment if key.startswith("GF_")}
        assert all(key.startswith(prefix) for key in environment if key.startswith("GF_"))
        assert own
        assert own <= set(fields), own - set(fields)


def test_api_and_worker_have_the_same_settings(containers: dict[str, dict[str, Any]]) -> None:
    for service in SERVICES:
        assert containers[f"{service}-api"]["environment"] == containers[f"{service}-worker"]["environment"]


def test_every_container_is_bounded(containers: dict[str, dict[str, Any]]) -> None:
    for name, one in containers.items():
        once = one.get("restart") == "no"
        assert once or one["restart"] == "unless-stopped", name
        assert one["mem_limit"], name
        assert one["logging"]["options"]["max-size"], name
        assert once or one["healthcheck"], name
        assert not one.get("privileged"), name
        assert once or name == "postgres" or one["cap_drop"] == ["ALL"], name


def test_only_the_gateway_can_be_opened_to_others(containers: dict[str, dict[str, Any]]) -> None:
    for name, one in containers.items():
        for port in one.get("ports", ()):
            assert port.startswith(LOOPBACK), (name, port)
            assert name == "gateway" or port.startswith("127.0.0.1:"), (name, port)


def test_images_have_a_version(containers: dict[str, dict[str, Any]]) -> None:
    for name, one in containers.items():
        image = re.sub(r"\$\{\w+:-(.*)\}", r"\1", one["image"])
        assert not image.endswith(":latest"), name
        assert ":" in image, name


def run_preflight(**environment: str) -> subprocess.CompletedProcess[str]:
    secrets = {"GL_POSTGRES_PASSWORD": "x1", "GL_INTAKE_DB_PASSWORD": "x2"}
    base = {"GL_BIND": "127.0.0.1", "GL_PUBLIC_URL": "http://localhost:8080", "GL_REALM": "office"}
    command = [sys.executable, str(ROOT / "deploy/docker/preflight.py")]
    return subprocess.run(
        command, env={**base, **secrets, **environment}, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.mark.process
def test_known_passwords_stay_on_this_machine() -> None:
    demo = {"GL_REALM": "demo", "GL_POSTGRES_PASSWORD": "demo-only"}
    assert run_preflight(**demo).returncode == 0
    for door in ({"GL_BIND": "0.0.0.0"}, {"GL_PUBLIC_URL": "https://office.example.cn"}):
        assert run_preflight(**door).returncode == 0
        refused = run_preflight(**door, GL_POSTGRES_PASSWORD="demo-only")
        assert (refused.returncode, "GL_POSTGRES_PASSWORD" in refused.stderr) == (1, True)
        assert run_preflight(**door, GL_REALM="demo").returncode == 1


def test_preflight_sees_every_secret(containers: dict[str, dict[str, Any]]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):-demo-only\}", text)) == {
        name for name, value in containers["preflight"]["environment"].items() if "demo-only" in str(value)
    }


@pytest.mark.process
def test_secrets_are_made_once(tmp_path: Path) -> None:
    for folder in ("scripts", ""):
        (tmp_path / folder).mkdir(exist_ok=True)
    for name in ("docker-compose.yml", "scripts/compose_secrets.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, str(tmp_path / "scripts/compose_secrets.py"), "https://office.example.cn"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    made = (tmp_path / ".env").read_text(encoding="utf-8")
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    values = dict(line.split("=", 1) for line in made.splitlines() if line and not line.startswith("#"))
    passwords = [value for name, value in values.items() if name.endswith(("PASSWORD", "SECRET"))]
    assert len(passwords) == len(set(passwords)) > 15
    assert (values["GL_REALM"], values["GL_PUBLIC_URL"]) == ("office", "https://office.example.cn")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1
    assert (tmp_path / ".env").read_text(encoding="utf-8") == made
