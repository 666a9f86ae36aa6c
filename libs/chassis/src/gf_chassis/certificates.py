"""Who may vouch for a server 证书签发者: certificates (PEM) that an office gives."""

from __future__ import annotations

import ssl
from pathlib import Path


def trust(context: ssl.SSLContext, file: Path | None) -> ssl.SSLContext:
    """Let the authorities of the file vouch too. Raises OSError where it cannot be read or holds no certificate.

    Python 3.13 wants key usages of every authority, and more. Those of many offices have none, and PostgreSQL's client
    takes them; chain, dates and host name are checked as before.
    """
    if file is not None:
        context.load_verify_locations(cafile=file)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
