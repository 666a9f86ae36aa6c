"""The demo's accounts (演示账号): who may sign in, with which role, for which authority or enterprise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gf_policy.files import LOADER

ROLE_NAMES = {
    "applicant": "申报单位",
    "partner": "合作平台",
    "reviewer": "经办",
    "approver": "审批",
    "registrar": "名单管理",
    "steward": "申报组织",
    "ops": "运维",
}
#: Demo accounts have no secrets of their own: the word is printed on the page of accounts.
SECRET = "demo"


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    roles: tuple[str, ...]
    place: str  # the authority's or enterprise's name, as shown
    authority: str = ""
    org: str = ""

    @property
    def role_names(self) -> str:
        return "、".join(ROLE_NAMES[role] for role in self.roles)

    def claims(self) -> dict[str, Any]:
        said: dict[str, Any] = {"sub": self.id, "name": self.name, "gl_roles": list(self.roles)}
        if self.authority:
            said["gl_authority"] = self.authority
        if self.org:
            said["gl_org"] = self.org
        return said


@cache
def accounts() -> dict[str, Account]:
    """Every demo account by id, in the order of the file."""
    rows = yaml.load((files("gf_standalone") / "demo" / "accounts.yaml").read_text(encoding="utf-8"), Loader=LOADER)
    return {
        row["id"]: Account(
            id=row["id"],
            name=row["name"],
            roles=tuple(row["roles"]),
            place=row["place"],
            authority=row.get("authority", ""),
            org=row.get("org", ""),
        )
        for row in rows
    }
