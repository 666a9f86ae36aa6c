"""Entries of an imported list: each 统一社会信用代码 with right check characters, each wrong one named."""

from __future__ import annotations

from gf_chassis.errors import FieldError, Rejected
from gf_policy.errors import PolicyLookupError
from gf_policy.uscc import validate
from gf_registry.entrypoints import schemas
from gf_registry.usecases.import_list import ImportEntry


def entries_of(body: schemas.Import) -> list[ImportEntry]:
    errors = []
    for index, entry in enumerate(body.entries):
        if entry.uscc is None:
            continue
        try:
            validate(entry.uscc)
        except PolicyLookupError as error:
            errors.append(FieldError(f"/entries/{index}/uscc", "invalid_uscc", str(error)))
    if errors:
        detail = f"有 {len(errors)} 个统一社会信用代码无效，请逐一核对。"
        raise Rejected("invalid_uscc", detail, rule="DM-form", article="GB 32100-2015", errors=errors[:100])
    return [ImportEntry(e.name, e.uscc, e.unit_id, e.region, e.industry) for e in body.entries]
