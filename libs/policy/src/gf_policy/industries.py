"""Industries: GB/T 4754-2017, the key industries of N25 annex 3, the form's sectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gf_policy.errors import PolicyLookupError
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

    def exists(self, code: str) -> bool:
        return code in self._industries

    def get(self, code: str) -> Industry:
        try:
            return self._industries[code]
        except KeyError:
            raise PolicyLookupError(
                "unknown_industry", f"国民经济行业分类（GB/T 4754-2017）中没有代码“{code}”，请核对。", rule="DM-industry"
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

    def suggest(self, codes: Sequence[str]) -> tuple[KeyIndustry, ...]:
        """Key industries the GB/T 4754 codes point to. A proposal only: the scope note is the platform's (N25 附件3)."""
        found: dict[str, KeyIndustry] = {}
        for code in codes:
            for length in range(len(code), 1, -1):
                for key in self._mapping.get(code[:length], ()):
                    found.setdefault(key, self._keys[key])
        return tuple(found.values())

    @property
    def sectors(self) -> tuple[Sector, ...]:
        return tuple(self._sectors.values())
