"""Who speaks to the stack: the demonstration's accounts, and more that an administrator makes in Keycloak."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from gf_standalone import people
from gf_standalone.demo.story import Cast
from gf_standalone.people import SECRET, Account
from tests.compose.stack import DEMO_PASSWORD, Stack
from tests.faults.load import Stubborn

Json = dict[str, Any]
_REALM = "/auth/admin/realms/greenladder"


class Keycloak:
    """Tokens of the real provider. Whom it does not know yet is made by its administrator, as in an office."""

    def __init__(self, stack: Stack) -> None:
        self._http = httpx.Client(base_url=stack.url, timeout=60)
        self._admin = httpx.Client(base_url=stack.ops_url, timeout=60)
        self._known = set(people.accounts())
        self._tokens: dict[str, str] = {}
        self._roles: dict[str, Json] = {}
        self._client = ""
        self._admin_until = 0.0

    def token(self, account: Account) -> str:
        if account.id not in self._tokens:
            if account.id not in self._known:
                self._make(account)
            self._tokens[account.id] = self._fetch(account)
        return self._tokens[account.id]

    def _fetch(self, account: Account) -> str:
        form = {"grant_type": "password", "client_id": "gl-cli", "username": account.id, "password": SECRET}
        if account.id in people.accounts() and "partner" in account.roles:
            form = {"grant_type": "client_credentials", "client_id": account.id, "client_secret": SECRET}
        answer = _again(lambda: self._http.post("/auth/token", data=form))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def _make(self, account: Account) -> None:
        self._sign_in_as_administrator()
        attributes = {"gl_authority": [account.authority], "gl_org": [account.org], "place": [account.place]}
        person = {
            "username": account.id,
            "enabled": True,
            "firstName": account.name,
            "attributes": {name: values for name, values in attributes.items() if values[0]},
            "credentials": [{"type": "password", "value": SECRET, "temporary": False}],
        }
        made = _again(lambda: self._admin.post(f"{_REALM}/users", json=person))
        assert made.status_code == 201, made.text
        roles = [self._roles[role] for role in account.roles]
        path = f"{_REALM}/users/{made.headers['location'].rpartition('/')[2]}/role-mappings/clients/{self._client}"
        granted = _again(lambda: self._admin.post(path, json=roles))
        assert granted.status_code == 204, granted.text
        self._known.add(account.id)

    def _sign_in_as_administrator(self) -> None:
        if time.monotonic() < self._admin_until:
            return
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": DEMO_PASSWORD}
        answer = _again(lambda: self._admin.post("/auth/realms/master/protocol/openid-connect/token", data=form))
        assert answer.status_code == 200, answer.text
        self._admin_until = time.monotonic() + answer.json()["expires_in"] - 20
        self._admin.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        if not self._client:
            found = self._admin.get(f"{_REALM}/clients", params={"clientId": "greenladder"}).json()
            self._client = found[0]["id"]
            roles = self._admin.get(f"{_REALM}/clients/{self._client}/roles").json()
            self._roles = {role["name"]: role for role in roles}

    def close(self) -> None:
        self._http.close()
        self._admin.close()


def _again(ask: Callable[[], httpx.Response], seconds: float = 60) -> httpx.Response:
    """Keycloak's database restarts under it, too: what it could not do is asked again, as a person would."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer.status_code < 500 or time.monotonic() > end:
            return answer
        time.sleep(1)


@dataclass(frozen=True, slots=True)
class Company(Cast):
    """Everybody in the story, through the gateway; a request that got no answer is repeated with its key."""

    keycloak: Keycloak

    def client(self, account: str) -> Stubborn:
        return Stubborn(self.http, people.accounts()[account], self.keycloak)
