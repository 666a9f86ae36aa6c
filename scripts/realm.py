"""Keycloak's realm files, made from the demonstration's accounts: deploy/docker/keycloak/<kind>/greenladder-realm.json,
and the page that shows the accounts.

    python scripts/realm.py            write them
    python scripts/realm.py --check    fail when they are not what this script would write

`demo` has the accounts of `make run` (password and secrets: "demo") and a client for the command line; `office` has the
same clients, claims and rules, and nobody in it. `${…}` is filled in by Keycloak when it imports.
"""

from __future__ import annotations

import json
import sys
import uuid
from html import escape
from pathlib import Path
from typing import Any

from gf_standalone.people import ROLE_NAMES, SECRET, Account, accounts

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "docker" / "keycloak"
REALM = "greenladder"
#: Resource server: audience of the access tokens, owner of the roles.
AUDIENCE = "greenladder"
PAGES = ("intake", "scoring", "review", "registry", "notify")
ADDRESS = "${GL_PUBLIC_URL}"
#: A page's server keeps the token to itself and ends the session with it: a working day.
PAGE_SECONDS = "28800"
Json = dict[str, Any]


def realm(kind: str) -> Json:
    people = list(accounts().values()) if kind == "demo" else []
    partners = [one for one in people if "partner" in one.roles]
    return {
        "realm": REALM,
        "displayName": "绿梯 GreenLadder",
        "enabled": True,
        "sslRequired": "external",
        "bruteForceProtected": True,
        "registrationAllowed": False,
        "resetPasswordAllowed": False,
        "loginWithEmailAllowed": False,
        "editUsernameAllowed": False,
        "internationalizationEnabled": True,
        "supportedLocales": ["zh-CN", "en"],
        "defaultLocale": "zh-CN",
        "accessTokenLifespan": 600,
        "ssoSessionIdleTimeout": 8 * 3600,
        "ssoSessionMaxLifespan": 10 * 3600,
        **({} if kind == "demo" else {"passwordPolicy": "length(12) and notUsername and passwordHistory(5)"}),
        "roles": {"client": {AUDIENCE: [{"name": role, "description": text} for role, text in ROLE_NAMES.items()]}},
        "clients": [
            {
                "clientId": AUDIENCE,
                "name": "绿梯各服务",
                "enabled": True,
                "publicClient": False,
                "standardFlowEnabled": False,
                "directAccessGrantsEnabled": False,
                "serviceAccountsEnabled": False,
            },
            *(_page(service) for service in PAGES),
            *(_partner(one) for one in partners),
            *([_command_line()] if kind == "demo" else []),
        ],
        "users": [_person(one) for one in people if one not in partners] + [_service_account(one) for one in partners],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(_profile(), ensure_ascii=False)]},
                }
            ]
        },
    }


def _page(service: str) -> Json:
    """Code flow with PKCE; no secret, for the code is worth nothing without the verifier of its session."""
    return {
        "clientId": f"gl-{service}",
        "name": f"绿梯页面 {service}",
        "enabled": True,
        "publicClient": True,
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "redirectUris": [f"{ADDRESS}/{service}/ui/callback"],
        "webOrigins": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{ADDRESS}/{service}/ui/signed-out",
            "access.token.lifespan": PAGE_SECONDS,
        },
        "protocolMappers": _claims(),
    }


def _partner(account: Account) -> Json:
    """A provincial system: client_credentials only."""
    return {
        "clientId": account.id,
        "name": account.name,
        "enabled": True,
        "publicClient": False,
        "secret": SECRET,
        "standardFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": True,
        "protocolMappers": _claims(),
    }


def _command_line() -> Json:
    """For curl and tests in the demonstration: a token for a password."""
    return {
        "clientId": "gl-cli",
        "name": "命令行（仅演示）",
        "enabled": True,
        "publicClient": True,
        "standardFlowEnabled": False,
        "directAccessGrantsEnabled": True,
        "attributes": {"access.token.lifespan": "3600"},
        "protocolMappers": _claims(),
    }


def _claims() -> list[Json]:
    """What the services read of a token: audience, gl_roles, gl_authority, gl_org (ADR 0006)."""
    shown = {"access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false"}
    mappers: list[Json] = [
        {
            "name": "audience",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": AUDIENCE, "access.token.claim": "true", "id.token.claim": "false"},
        },
        {
            "name": "gl_roles",
            "protocolMapper": "oidc-usermodel-client-role-mapper",
            "config": {
                "usermodel.clientRoleMapping.clientId": AUDIENCE,
                "claim.name": "gl_roles",
                "jsonType.label": "String",
                "multivalued": "true",
                **shown,
            },
        },
    ]
    mappers += [
        {
            "name": name,
            "protocolMapper": "oidc-usermodel-attribute-mapper",
            "config": {"user.attribute": name, "claim.name": name, "jsonType.label": "String", **shown},
        }
        for name in ("gl_authority", "gl_org")
    ]
    return [{"protocol": "openid-connect", **mapper} for mapper in mappers]


def _person(account: Account) -> Json:
    return {
        **_user(account),
        "username": account.id,
        "credentials": [{"type": "password", "value": SECRET, "temporary": False}],
    }


def _service_account(account: Account) -> Json:
    return {**_user(account), "username": f"service-account-{account.id}", "serviceAccountClientId": account.id}


def _user(account: Account) -> Json:
    attributes = {"place": [account.place]}
    if account.authority:
        attributes["gl_authority"] = [account.authority]
    if account.org:
        attributes["gl_org"] = [account.org]
    return {
        # The subject of the tokens; the same at every import, so that a realm made anew still means the same people.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"greenladder:demo:{account.id}")),
        "enabled": True,
        # The whole name: Keycloak would put family name and given name in the wrong order for Chinese.
        "firstName": account.name,
        "attributes": attributes,
        "clientRoles": {AUDIENCE: list(account.roles)},
    }


def _profile() -> Json:
    """Authority and enterprise decide what somebody may see: only administrators write them."""
    mine = {"view": ["admin", "user"], "edit": ["admin"]}

    def attribute(name: str, label: str, length: int = 200) -> Json:
        return {
            "name": name,
            "displayName": label,
            "permissions": mine,
            "validations": {"length": {"max": length}},
            "multivalued": False,
        }

    return {
        "attributes": [
            attribute("username", "账号", 64),
            {**attribute("email", "电子邮箱"), "validations": {"email": {}, "length": {"max": 200}}},
            attribute("firstName", "姓名", 100),
            attribute("place", "单位"),
            attribute("gl_authority", "主管部门编号", 100),
            attribute("gl_org", "统一社会信用代码", 18),
        ],
        "groups": [],
    }


def accounts_page() -> str:
    """The demonstration's accounts, as the gateway shows them at /auth/accounts."""
    rows = [
        f"<tr><td>{escape(one.place)}</td><td><code>{escape(one.id)}</code></td><td>{escape(one.name)}</td>"
        f"<td>{escape(one.role_names)}</td><td>{escape(one.authority or one.org or '—')}</td></tr>"
        for one in accounts().values()
    ]
    partner = next(one.id for one in accounts().values() if "partner" in one.roles)
    return _ACCOUNTS.format(secret=SECRET, partner=partner, rows="\n".join(rows))


_ACCOUNTS = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>演示账号 · 绿梯 GreenLadder</title>
<link rel="stylesheet" href="/registry/ui/static/base.css">
<link rel="stylesheet" href="/static/gateway.css">
</head>
<body>
<a class="skip" href="#main">跳到正文</a>
<header class="site"><div class="wide">
<a class="brand" href="/"><span class="mark" aria-hidden="true">梯</span> 绿梯</a>
</div></header>
<main id="main" class="wide" tabindex="-1">
<h1>演示账号</h1>
<p>人员均为虚构，口令都是 <code>{secret}</code>。登录页面时填写账号和口令；调用接口时换取访问令牌：</p>
<pre>curl -s &lt;本站地址&gt;/auth/token -d grant_type=password -d client_id=gl-cli \\
  -d username=yubei-review -d password={secret}
curl -s &lt;本站地址&gt;/auth/token -d grant_type=client_credentials -d client_id={partner} \\
  -d client_secret={secret}</pre>
<div class="scroll" tabindex="0" role="region" aria-label="演示账号"><table>
<thead><tr><th scope="col">单位</th><th scope="col">账号</th><th scope="col">姓名</th><th scope="col">角色</th>
<th scope="col">主管部门 / 信用代码</th></tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
</main>
<footer class="site"><div class="wide">绿色工厂梯度培育及管理 · 时间均为北京时间</div></footer>
</body>
</html>
"""


def files() -> dict[Path, str]:
    """Path → content of everything this script makes."""
    made = {
        FOLDER / kind / f"{REALM}-realm.json": json.dumps(realm(kind), ensure_ascii=False, indent=1) + "\n"
        for kind in ("demo", "office")
    }
    return {**made, FOLDER / "demo" / "accounts.html": accounts_page()}


def main() -> int:
    stale = []
    for path, text in files().items():
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(str(path.relative_to(ROOT)))
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if stale:
        print(f"不是最新：{'、'.join(stale)}；请运行 python scripts/realm.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
