"""What a use case answers, as plain JSON: the first answer under an idempotency key is kept and given again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gf_registry.domain.adjustments import Adjustment
from gf_registry.domain.bars import Bar
from gf_registry.domain.editions import Edition

Answer = dict[str, Any]


def bar(b: Bar) -> Answer:
    return {
        "bar_id": str(b.id),
        "unit_id": str(b.unit_id),
        "state": b.state.value,
        "ground": b.ground,
        "article": b.article,
        "source": b.source,
        "source_date": b.source_date.isoformat(),
        "from": b.from_.isoformat(),
        "until": b.until.isoformat() if b.until else None,
        "reason": b.reason,
    }


def edition(e: Edition) -> Answer:
    return {
        "edition_id": str(e.id),
        "list_id": str(e.list_id),
        "year": e.year,
        "number": e.number,
        "state": e.state.value,
        "document": e.document,
        "effective": e.effective.isoformat() if e.effective else None,
        "published_at": e.published_at.isoformat() if e.published_at else None,
        "digest": e.digest,
        "counts": asdict(e.counts) if e.counts else None,
    }


def adjustment(a: Adjustment) -> Answer:
    return {
        "adjustment_id": str(a.id),
        "unit_id": str(a.unit_id),
        "list_id": str(a.list_id) if a.list_id else None,
        "kind": a.kind.value,
        "state": a.state.value,
        "ground": a.ground,
        "article": a.article,
        "timing": a.timing.value,
        "reason": a.reason,
        "new_name": a.new_name,
        "document": a.document,
        "version": a.version,
    }
