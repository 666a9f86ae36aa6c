"""Made-up enterprises for tests: valid 统一社会信用代码, an applicant's account, a form that verifies."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant
from gf_standalone.people import Account
from tests.support.house import House

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_numbers = itertools.count(1)


def uscc(region: str, number: int) -> str:
    """GB 32100-2015 with the inner organisation code of GB 11714, both check characters right."""
    body = f"MA9{number:05d}"
    total = sum((int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    check = (11 - total % 11) % 11
    code = f"91{region}{body}{'X' if check == 10 else check}"
    rest = sum(_ALPHABET.index(c) * w for c, w in zip(code, _WEIGHTS, strict=True))
    return code + _ALPHABET[(31 - rest % 31) % 31]


@dataclass(frozen=True)
class Enterprise:
    applicant: Applicant
    unit_id: str
    name: str

    @property
    def client(self) -> Any:
        return self.applicant.client


async def enterprise(house: House, superior: str, region: str, **profile: Any) -> Enterprise:
    """Registered below `superior`, with an account of its own."""
    number = next(_numbers)
    unit = {
        **data.units()["sz"],
        "name": f"测试{number:03d}号制造有限公司",
        "uscc": uscc(region, number),
        "region": region,
        "superior": superior,
        **profile,
    }
    account = Account(f"test-{number}", "测试", ("applicant",), unit["name"], org=unit["uscc"])
    applicant = Applicant(house.invite(account), unit)
    return Enterprise(applicant, await applicant.register(), unit["name"])


def officials(house: House, prefix: str, authority: str) -> None:
    """A reviewer and an approver of an authority that has no demo accounts."""
    for part, role in (("review", "reviewer"), ("approve", "approver")):
        house.invite(Account(f"{prefix}-{part}", "测试", (role,), authority, authority=authority))
