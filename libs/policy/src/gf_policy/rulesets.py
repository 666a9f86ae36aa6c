"""Every ruleset (评分规则) there is: which one scores a submission.

A ruleset is data from a closed set of operators. It says nothing about lead and baseline (引领值, 基准值) unless the
document prints them: those are entered by an authority as a benchmark set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from gf_policy import manifest
from gf_policy.benchmark_files import BenchmarkFile, read_benchmarks
from gf_policy.errors import PolicyError
from gf_policy.files import read_yaml
from gf_policy.limits import read_limits
from gf_policy.root import names_below
from gf_policy.ruleset_model import Benchmark, Formula, Indicator, Ruleset, Term
from gf_policy.ruleset_reading import read_ruleset, read_text
from gf_policy.tables import REST, TableEntry, read_tables

__all__ = [
    "Applicable",
    "Benchmark",
    "Formula",
    "Indicator",
    "Ruleset",
    "RulesetTable",
    "Term",
    "load_benchmarks",
    "load_rulesets",
    "parse_ruleset",
]


class Applicable(NamedTuple):
    """What scores a submission: a table, or why there is none. ``entry`` is the industry's own, where one is named."""

    ruleset: Ruleset | None
    entry: TableEntry | None
    reason: str


class RulesetTable:
    """Every ruleset there is, by what it covers; several versions of one may follow each other."""

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        entries: Sequence[TableEntry] = (),
        faults: Sequence[PolicyError] = (),
    ) -> None:
        self._by_id: dict[str, list[Ruleset]] = {}
        self._by_cover: dict[tuple[str, str, str], list[Ruleset]] = {}
        #: Files that were left out because only the good ones were asked for.
        self.faults = tuple(faults)
        self.entries = tuple(entries)
        for ruleset in sorted(rulesets, key=lambda one: (one.valid_from or date.min, one.version)):
            self._add(ruleset)
        self._entries: dict[tuple[str, str], list[TableEntry]] = {}
        for entry in entries:
            self._entries.setdefault((entry.base, entry.category), []).append(entry)

    def _add(self, ruleset: Ruleset) -> None:
        versions = self._by_id.setdefault(ruleset.id, [])
        if any(other.version == ruleset.version for other in versions):
            raise PolicyError(ruleset.file, f"评分规则编号 {ruleset.id} 的版本 {ruleset.version} 重复。", 1)
        versions.append(ruleset)
        for key in () if ruleset.by_name else ruleset.key_industries or ("",):
            cover = (ruleset.base, ruleset.category, key)
            for other in self._by_cover.setdefault(cover, []):
                if _overlap(ruleset, other):
                    raise PolicyError(
                        ruleset.file, f"与 {other.file}（{other.id} 版本 {other.version}）适用范围和有效期重叠。", 1
                    )
            self._by_cover[cover].append(ruleset)

    def __iter__(self) -> Iterator[Ruleset]:
        """The newest version of each."""
        return (versions[-1] for versions in self._by_id.values())

    def get(self, ruleset_id: str, version: str | None = None) -> Ruleset | None:
        """One version; without a version the newest."""
        versions = self._by_id.get(ruleset_id, [])
        return next((one for one in reversed(versions) if version is None or one.version == version), None)

    def versions(self, ruleset_id: str) -> tuple[Ruleset, ...]:
        """Oldest first."""
        return tuple(self._by_id.get(ruleset_id, ()))

    def find(
        self, base: str, category: str, *, key_industry: str | None = None, day: date | None = None
    ) -> Ruleset | None:
        """The key industry's own table, else the general rules (N25-53); None where no ruleset covers it.

        ``day`` is when the form was admitted; without it the newest version answers.
        """
        own = self._on(self._by_cover.get((base, category, key_industry or "")), day)
        return own or self._on(self._by_cover.get((base, category, "")), day)

    def applicable(
        self, base: str, category: str, key: str = "", industries: Sequence[str] = (), day: date | None = None
    ) -> Applicable:
        """Which table scores a unit (GD-16-std, N23-SC): named by key industry, or by its main industry's class."""
        entry = self._entry(self._entries.get((base, category), ()), key, industries)
        if entry is not None and entry.ruleset:
            return Applicable(self._on(self._by_id.get(entry.ruleset), day), entry, "")
        if entry is not None and entry.reason:
            return Applicable(None, entry, f"{entry.name}：{entry.reason}")
        found = self.find(base, category, key_industry=key, day=day)
        if found is None and any(fault.file.startswith(f"{base}/") for fault in self.faults):
            return Applicable(None, entry, "适用的评分规则文件有误，尚未启用，本表不评分。")
        return Applicable(found, entry, "")

    @staticmethod
    def _entry(entries: Sequence[TableEntry], key: str, industries: Sequence[str]) -> TableEntry | None:
        rest = next((entry for entry in entries if entry.code == REST), None)
        if key:
            return next((entry for entry in entries if entry.code == key), rest)
        main = industries[0] if industries else ""
        return next((e for e in entries if main and any(main.startswith(prefix) for prefix in e.classes)), rest)

    @staticmethod
    def _on(versions: Sequence[Ruleset] | None, day: date | None) -> Ruleset | None:
        if not versions:
            return None
        if day is None or len(versions) == 1:
            return versions[-1]
        return next((one for one in versions if one.holds_on(day)), None)


def _overlap(one: Ruleset, other: Ruleset) -> bool:
    first, last = (
        max(one.valid_from or date.min, other.valid_from or date.min),
        min(one.valid_to or date.max, other.valid_to or date.max),
    )
    return first < last


def load_rulesets(root: Path, *, only_good: bool = False) -> RulesetTable:
    """Every ``ruleset*.yaml`` below ``root``, checked; ``only_good``: faulty files are left out and named."""
    limits = read_limits(root)
    rulesets: list[Ruleset] = []
    faults: list[PolicyError] = []
    known = _documents(root) if only_good else None
    for name in names_below(root, "ruleset*.yaml"):
        try:
            if known is not None:
                _check_alone(root, name, known)
            rulesets.append(read_ruleset(root, name, limits))
        except PolicyError as fault:
            if not only_good:
                raise
            faults.append(fault)
    ids = {ruleset.id for ruleset in rulesets}
    return RulesetTable(rulesets, read_tables(root, ids, check=not faults), faults)


def parse_ruleset(file: str, text: str, root: Path) -> Ruleset:
    """One ruleset out of its text, checked as a file of that name would be."""
    return read_text(file, text, root, read_limits(root))


def _documents(root: Path) -> frozenset[str]:
    return frozenset(read_yaml(root, "documents.yaml").data["documents"])


def _check_alone(root: Path, name: str, known: frozenset[str]) -> None:
    """What loading checks of all files at once, for one: published as it stands, and citing what the catalogue has.

    A table that takes over another one stands on that file as well.
    """
    file = read_yaml(root, name)
    for needed in (name, *([str(file.data["same_as"])] if "same_as" in file.data else [])):
        if fault := manifest.changed(root, needed):
            raise PolicyError(name, fault.reason if needed == name else f"{needed}：{fault.reason}", 1)
    for where, source in file.sources:
        if "document" in source and source["document"] not in known:
            raise file.fault(f"文件目录 documents.yaml 中没有“{source['document']}”。", *where)


def load_benchmarks(root: Path) -> tuple[BenchmarkFile, ...]:
    """Every ``benchmarks*.yaml`` below ``root``, checked against its ruleset."""
    table = load_rulesets(root)
    return tuple(read_benchmarks(root / name, root, table) for name in names_below(root, "benchmarks*.yaml"))
