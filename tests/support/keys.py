"""RSA keys to sign with. Making one takes up to a quarter of a second, so each place has one for the whole session."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from joserfc.jwk import RSAKey


@cache
def _made(place: int) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def rsa_key(place: int, **parameters: str) -> RSAKey:
    """The key of a place under the name and for the use given; another place has another key."""
    key = _made(place)
    return RSAKey(key, key, dict(parameters))
