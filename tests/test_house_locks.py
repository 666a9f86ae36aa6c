"""The lock files hold what the members ask for, with hashes and without addresses."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = sorted(p for pattern in ("proto", "libs/*", "services/*") for p in ROOT.glob(f"{pattern}/pyproject.toml"))


def pinned(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for match in re.finditer(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.M):
        found.setdefault(canonicalize_name(match.group(1)), set()).add(match.group(2))
    return found


def unmet(requirements: list[str], lock: dict[str, set[str]]) -> list[str]:
    wrong = []
    for line in requirements:
        requirement = Requirement(line)
        if requirement.name.startswith("greenladder"):
            continue
        versions = lock.get(canonicalize_name(requirement.name), set())
        if not any(requirement.specifier.contains(v, prereleases=True) for v in versions):
            wrong.append(line)
    return wrong


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)
    assert [b.splitlines()[0] for b in blocks if "==" in b and "--hash=sha256:" not in b] == []


@pytest.mark.parametrize("member", MEMBERS, ids=lambda p: p.parent.name)
def test_members_requirements_are_locked(member: Path) -> None:
    wanted = tomllib.loads(member.read_text(encoding="utf-8"))["project"].get("dependencies", [])
    assert unmet(wanted, pinned("requirements.lock")) == []


def test_development_lock_holds_the_runtime_one() -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    dev, run = pinned("requirements-dev.lock"), pinned("requirements.lock")
    assert unmet(group, dev) == []
    assert {name: versions for name, versions in run.items() if dev.get(name) != versions} == {}
