"""A browser that is signed in: the session cookie as the sign-in would have left it."""

from __future__ import annotations

import time

from fastapi import FastAPI

from services.scoring.tests.world import Callers

CSRF = "form-token"


def cookie(app: FastAPI, name: str) -> tuple[str, str]:
    """Name and value of the session cookie of a caller."""
    cookies = app.state.pages.login.cookies
    person = next(one for one in Callers.PEOPLE if one.subject == name)
    content = {
        "p": {
            "sub": person.subject,
            "name": person.subject,
            "roles": sorted(person.roles),
            "authority": person.authority,
            "org": person.org,
        },
        "csrf": CSRF,
        "exp": int(time.time()) + 3600,
    }
    return cookies.name("session"), str(cookies._signer("session").dumps(content))
