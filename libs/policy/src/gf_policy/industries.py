"""Industries: GB/T 4754-2017, the key industries of N25 annex 3, the form's sectors."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from gf_policy.errors import PolicyError, PolicyLookupError
from gf_policy.files import check_schema, read_yaml
from gf_policy.model import Industry, KeyIndustry, Sector


class IndustryTable:
    def __init__(
        self,
        industries: Sequence[Industry],
        keys: Sequence[KeyIndustry],
        sectors: Sequence[Sector],
        mapping: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._industries = {industry.code: industry for industry in industries}
        self._keys = {key.code: key for key in keys}
        self._sectors = {sector.code: sector for sector in sectors}
        self._mapping = dict(mapping)

    def codes(self) -> tuple[str, ...]:
        return tuple(self._industries)

    def exists(self, code: str) -> bool:
        return code in self._industries

    def get(self, code: str) -> Industry:
        try:
            return self._industries[code]
        except KeyError:
            raise PolicyLookupError(
                "unknown_industry",
                f"国民经济行业分类（GB/T 4754-2017）中没有代码“{code}”，请核对。",
                rule="DM-industry",
            ) from None

    def name(self, code: str) -> str:
        return self.get(code).name

    @property
    def keys(self) -> tuple[KeyIndustry, ...]:
        return tuple(self._keys.values())

    def is_key(self, code: str) -> bool:
        return code in self._keys

    def key(self, code: str) -> KeyIndustry:
        try:
            return self._keys[code]
        except KeyError:
            raise PolicyLookupError(
                "unknown_key_industry", f"53 个重点行业中没有“{code}”，请从重点行业清单中选择。", rule="N25-53"
            ) from None

    def classes(self, code: str) -> tuple[str, ...]:
        """The GB/T 4754 codes that point to a key industry, as a hint."""
        return tuple(prefix for prefix, keys in self._mapping.items() if code in keys)

    def suggest(self, codes: Sequence[str]) -> tuple[KeyIndustry, ...]:
        """Key industries the GB/T 4754 codes point to: a proposal, the scope note is the platform's (N25 附件3)."""
        found: dict[str, KeyIndustry] = {}
        for code in codes:
            for length in range(len(code), 1, -1):
                for key in self._mapping.get(code[:length], ()):
                    found.setdefault(key, self._keys[key])
        return tuple(found.values())

    @property
    def sectors(self) -> tuple[Sector, ...]:
        return tuple(self._sectors.values())


GBT4754 = "industries/gbt4754-2017.csv"
KEYS = "industries/key-industries.yaml"
SECTORS = "industries/sectors.yaml"


def read_industries(root: Path) -> IndustryTable:
    industries = _read_gbt4754(root)
    known = {industry.code for industry in industries}
    file = read_yaml(root, KEYS)
    check_schema(root, file, "key-industries")
    keys: dict[str, KeyIndustry] = {}
    mapping: dict[str, list[str]] = {}
    for number, sector in enumerate(file.data["sectors"]):
        for index, row in enumerate(sector["industries"]):
            here = ("sectors", number, "industries", index)
            if row["code"] in keys:
                raise file.fault(f"重点行业“{row['code']}”重复。", *here)
            keys[row["code"]] = KeyIndustry(row["code"], row["name"], sector["code"], sector["name"])
            for code in row["gbt4754"]:
                if code not in known:
                    raise file.fault(f"GB/T 4754-2017 中没有代码“{code}”。", *here)
                mapping.setdefault(code, []).append(row["code"])
    sectors = _read_sectors(root, {sector["code"] for sector in file.data["sectors"]})
    return IndustryTable(industries, list(keys.values()), sectors, {code: tuple(k) for code, k in mapping.items()})


def _read_gbt4754(root: Path) -> Sequence[Industry]:
    try:
        return _classes((root / GBT4754).read_bytes().decode("utf-8"))
    except (OSError, KeyError, ValueError) as fault:
        raise PolicyError(GBT4754, f"无法读取：{fault}。") from None


@lru_cache(maxsize=4)
def _classes(text: str) -> tuple[Industry, ...]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return tuple(Industry(row["code"], int(row["level"]), row["section"], row["name"]) for row in rows)


def _read_sectors(root: Path, annex: set[str]) -> list[Sector]:
    file = read_yaml(root, SECTORS)
    check_schema(root, file, "sectors")
    sectors = []
    for index, row in enumerate(file.data["sectors"]):
        if row["annex_sector"] is not None and row["annex_sector"] not in annex:
            raise file.fault(f"重点行业清单中没有大类“{row['annex_sector']}”。", "sectors", index)
        sectors.append(Sector(row["code"], row["name"], row["annex_sector"], row.get("written_out", False)))
    return sectors
