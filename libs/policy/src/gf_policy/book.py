"""The book of policies: everything in policies/, loaded and checked once."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gf_policy import manifest
from gf_policy.authorities import AuthorityTree, read_authorities
from gf_policy.calendars import Calendar, read_calendar
from gf_policy.crosscheck import check_ruleset, check_tables
from gf_policy.effective import EffectivePolicy
from gf_policy.errors import PolicyError, PolicyLookupError
from gf_policy.files import PolicyFile, check_schema, read_yaml
from gf_policy.industries import IndustryTable, read_industries
from gf_policy.limits import LimitTable, read_limits
from gf_policy.model import Department, Policy
from gf_policy.policy_files import PolicyFolder, read_folder
from gf_policy.preferences import PreferenceTable, read_preferences
from gf_policy.root import names_below, policies_root
from gf_policy.rulesets import Ruleset, RulesetTable, load_rulesets
from gf_policy.tightening import check_base, check_overlay

# Folders that are no jurisdictions.
_SHARED = ("authorities", "calendars", "industries", "schema")


class Book:
    """Everything in policies/. Immutable: a change of the files needs a new start."""

    def __init__(
        self,
        root: Path,
        authorities: AuthorityTree,
        industries: IndustryTable,
        calendar: Calendar,
        rulesets: RulesetTable,
        folders: Sequence[PolicyFolder],
        limits: LimitTable | None = None,
        preferences: PreferenceTable | None = None,
    ) -> None:
        self.root = root
        self.authorities = authorities
        self.industries = industries
        self.calendar = calendar
        self.rulesets = rulesets
        self.limits = limits or LimitTable(())
        self.preferences = preferences or PreferenceTable()
        self._folders = {folder.policy.id: folder for folder in folders}
        self._sorted_overlays = {policy.id: self._overlays_of(policy.id) for policy in self.bases()}
        self._effective: dict[tuple[str, frozenset[str]], EffectivePolicy] = {}
        self._for_superior: dict[tuple[str, str], EffectivePolicy] = {}
        self._lock = threading.Lock()

    def policies(self) -> tuple[Policy, ...]:
        return tuple(folder.policy for folder in self._folders.values())

    def policy(self, policy_id: str) -> Policy:
        return self._folder(policy_id).policy

    def bases(self) -> tuple[Policy, ...]:
        return tuple(policy for policy in self.policies() if policy.extends is None)

    def overlays(self, base_id: str) -> tuple[Policy, ...]:
        return tuple(folder.policy for folder in self._overlays(base_id))

    def effective(self, base_id: str, authorities: Sequence[str] = ()) -> EffectivePolicy:
        """Base and the overlays whose jurisdiction is one of `authorities` (the route's, any order)."""
        base, named = self._folder(base_id), frozenset(authorities)
        if base.policy.extends is not None:
            raise PolicyLookupError("not_a_base", f"“{base_id}”是叠加规定，请使用其基础规定“{base.policy.extends}”。")
        every = self._overlays(base_id)
        chosen = [overlay for overlay in every if overlay.policy.jurisdiction in named]
        key = (base_id, frozenset(overlay.policy.id for overlay in chosen))
        with self._lock:
            found = self._effective.get(key)
            if found is None:
                found = self._effective[key] = EffectivePolicy(self.authorities, base, chosen, every)
        return found

    def effective_for(self, base_id: str, superior: str) -> EffectivePolicy:
        """The same for a unit: overlays along the chain above its superior authority."""
        found = self._for_superior.get((base_id, superior))
        if found is None:
            found = self.effective(base_id, tuple(authority.id for authority in self.authorities.chain(superior)))
            self._for_superior[base_id, superior] = found
        return found

    @property
    def folders(self) -> tuple[PolicyFolder, ...]:
        return tuple(self._folders.values())

    @property
    def departments(self) -> Mapping[str, Department]:
        """Every department that any policy consults (征求意见), by code."""
        names = {c: name for folder in self._folders.values() for c, name in folder.routes.departments.items()}
        return {code: Department(code, name) for code, name in names.items()}

    def ruleset(self, base_id: str, category: str, key_industry: str | None = None) -> Ruleset | None:
        """The ruleset that scores this category under this base; None where none covers it."""
        return self.rulesets.find(base_id, category, key_industry=key_industry)

    def _folder(self, policy_id: str) -> PolicyFolder:
        try:
            return self._folders[policy_id]
        except KeyError:
            raise PolicyLookupError("unknown_policy", f"没有编号为“{policy_id}”的规定。", rule="GD-32") from None

    def _overlays(self, base_id: str) -> list[PolicyFolder]:
        return self._sorted_overlays.get(base_id, [])

    def _overlays_of(self, base_id: str) -> list[PolicyFolder]:
        """Overlays of a base, those of higher authorities first."""
        found = [folder for folder in self._folders.values() if folder.policy.extends == base_id]
        return sorted(found, key=lambda folder: (_depth(self.authorities, folder), folder.policy.id))


def load(path: Path | str | None = None, *, only_good_rulesets: bool | None = None) -> Book:
    """Load and check policies/. None: the folder named by GF_POLICIES_DIR, else policies/ of this checkout.

    Loaded once per process and folder: five services in one process share one book. A fault anywhere stops the start;
    with ``only_good_rulesets`` (None: as GF_POLICIES_ONLY_GOOD_RULESETS says, else no) a faulty scoring table is left
    out instead and named in ``book.rulesets.faults``.
    """
    if only_good_rulesets is None:
        only_good_rulesets = os.environ.get("GF_POLICIES_ONLY_GOOD_RULESETS", "").lower() in ("1", "true", "yes")
    return _load(policies_root(path), only_good_rulesets)


@functools.cache
def _load(root: Path, only_good: bool) -> Book:
    published = manifest.verify(root, spare=_is_ruleset if only_good else None)
    documents = read_yaml(root, "documents.yaml")
    check_schema(root, documents, "documents")
    _check_citations(root, documents, only_good)
    tree = read_authorities(root)
    folders = [
        _with_number(read_folder(root, folder, published, tree), documents.data["documents"])
        for folder in _policy_folders(root)
    ]
    _check_folders(tree, {folder.policy.id: folder for folder in folders})
    limits, industries = read_limits(root), read_industries(root)
    rulesets = _checked_rulesets(root, folders, only_good)
    check_tables(rulesets.entries, folders, industries, limits)
    preferences = read_preferences(root, folders, rulesets)
    return Book(root, tree, industries, read_calendar(root), rulesets, folders, limits, preferences)


def _checked_rulesets(root: Path, folders: Sequence[PolicyFolder], only_good: bool) -> RulesetTable:
    """Every ruleset held against the forms it reads; ``only_good``: those that fail are left out and named."""
    table = load_rulesets(root, only_good=only_good)
    good: list[Ruleset] = []
    faults: list[PolicyError] = list(table.faults)
    for ruleset in (one for first in table for one in table.versions(first.id)):
        try:
            check_ruleset(ruleset, folders)
            good.append(ruleset)
        except PolicyError as fault:
            if not only_good:
                raise
            faults.append(fault)
    return table if not faults else RulesetTable(good, table.entries, faults)


def _is_ruleset(name: str) -> bool:
    return name.rsplit("/", 1)[-1].startswith("ruleset")


def _policy_folders(root: Path) -> list[str]:
    return sorted(name.removesuffix("/policy.yaml") for name in names_below(root, "policy.yaml"))


def _with_number(folder: PolicyFolder, documents: Mapping[str, Mapping[str, str]]) -> PolicyFolder:
    name = folder.policy.document
    if name not in documents:
        raise folder.file.fault(f"文件目录中没有“{name}”。", "document")
    return replace(folder, policy=replace(folder.policy, document_number=documents[name].get("number", "")))


def _check_citations(root: Path, documents: PolicyFile, only_good: bool) -> None:
    """Every value names a document that the catalogue knows, or says that it is assumed.

    ``only_good``: a scoring table that does not is left out later, when the tables are read.
    """
    known = frozenset(documents.data["documents"])
    for name in names_below(root, "*.yaml"):
        if name == documents.name or not manifest.is_law(name) or (only_good and _is_ruleset(name)):
            continue
        if fault := _unknown_document(read_yaml(root, name), known):
            raise fault


@functools.lru_cache(maxsize=256)
def _unknown_document(file: PolicyFile, known: frozenset[str]) -> PolicyError | None:
    for where, source in file.sources:
        if "document" in source and source["document"] not in known:
            return file.fault(f"文件目录 documents.yaml 中没有“{source['document']}”。", *where)
    return None


def _check_folders(tree: AuthorityTree, folders: Mapping[str, PolicyFolder]) -> None:
    for folder in folders.values():
        base_id, policy = folder.policy.extends, folder.policy
        if base_id is None:
            check_base(folder)
            continue
        base = folders.get(base_id)
        if base is None or base.policy.extends is not None:
            raise PolicyError(folder.file.name, f"基础规定“{base_id}”不存在。", folder.file.line(("extends",)))
        if policy.jurisdiction is None:
            raise folder.file.fault("叠加规定应写明所属主管部门。", "jurisdiction")
        higher = [authority.id for authority in reversed(tree.chain(policy.jurisdiction)[1:])]
        siblings = {other.policy.jurisdiction: other for other in folders.values() if other.policy.extends == base_id}
        check_overlay(folder, [base, *(siblings[above] for above in higher if above in siblings)])


def _depth(tree: AuthorityTree, folder: PolicyFolder) -> int:
    return 0 if folder.policy.jurisdiction is None else len(tree.chain(folder.policy.jurisdiction))
