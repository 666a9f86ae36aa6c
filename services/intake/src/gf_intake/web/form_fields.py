"""A form's content <-> the fields of its page. The page is made of the policy's rows alone; no row is known here.

Names: `value:<code>`, `value:<code>:<year>`, and with `@<n>` the n-th product of a section; `unit:`, `na:`, `note:`
likewise. Unit and note are asked once per row; where a stored content has several in one row, once per value. What is
shown is always made from fields, so that what somebody typed comes back as it was typed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from gf_policy.forms import Form
from gf_policy.model import EvidenceSlot, FactRow, FormRow, FormSection, Problem

Fields = dict[str, list[str]]
#: Empty product lines shown below those that are filled.
_SPARE = 1
_YES_NO = {True: "yes", False: "no"}
NONE = "-"  # of a list of choices: none of them applies


@dataclass(frozen=True, slots=True)
class Cell:
    """One value on the page."""

    row: FormRow
    year: int | None
    line: int | None  # which product
    name: str
    unit_name: str  # "" where the unit is asked with the row
    note_name: str
    values: Sequence[str]
    unit: str
    not_applicable: bool
    note: str
    converted: str

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def na_name(self) -> str:
        return f"na:{self.name.partition(':')[2]}"

    @property
    def id(self) -> str:
        return self.name.replace(":", "-").replace("@", "-").replace(".", "-")


@dataclass(frozen=True, slots=True)
class RowView:
    """A row with its values, one per year."""

    row: FormRow
    cells: Sequence[Cell]
    unit_name: str  # "" where each value has its own, or there is nothing to choose
    unit: str
    note_name: str
    note: str
    slot: EvidenceSlot | None


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product with its values."""

    name: str
    product: str
    note_name: str
    note: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class SectionView:
    code: str
    label: str
    rows: Sequence[RowView]
    product_rows: Sequence[FormRow]
    products: Sequence[ProductView]
    most: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What was typed, as content, and the name of the field behind each value."""

    content: dict[str, Any]
    names: list[str]
    notes: list[str] = field(default_factory=list)

    def place_of(self, problem: Problem) -> str:
        """The field a problem belongs to; "" for the form as a whole."""
        parts = problem.pointer.split("/")
        if len(parts) > 2 and parts[1] == "values" and parts[2].isdigit() and int(parts[2]) < len(self.names):
            return self.names[int(parts[2])]
        if problem.pointer == "/note":
            return "note"
        return _name("value", problem.field, problem.year) if problem.field else ""


def fields_of(data: FormData) -> Fields:
    """The posted texts; files are not fields."""
    fields: Fields = {}
    for name, value in data.multi_items():
        if isinstance(value, str) and name != "csrf_token":
            fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


# --- fields -> content ------------------------------------------------------------------------------------------------


def posted(form: Form, fields: Fields) -> Posted:
    """What the fields say, in the form's order. Nothing is left out because it is wrong: the checks say what is."""
    found = Posted({"values": []}, [])
    for section in form.sections:
        for row in section.rows:
            if not row.per_product:
                for year in row.years or (None,):
                    _take(found, fields, row, year, None, "", f"note:{row.code}")
        rows = [row for row in section.rows if row.per_product]
        for line in range(max((row.max_products for row in rows), default=0) + _SPARE):
            product = _one(fields, f"product:{section.code}@{line}").strip()
            for row in rows:
                for year in row.years or (None,):
                    _take(found, fields, row, year, line, product, f"note:{section.code}@{line}")
    if note := _one(fields, "note").strip():
        found.content["note"] = note
    return found


def _take(
    found: Posted, fields: Fields, row: FormRow, year: int | None, line: int | None, product: str, group_note: str
) -> None:
    name = _name("value", row.code, year, line)
    value = _value(row, fields.get(name, []))
    note = (_one(fields, _name("note", row.code, year, line)) or _one(fields, group_note)).strip()
    not_applicable = bool(fields.get(_name("na", row.code, year, line)))
    # A row's note stands with what the row says; alone it stands with the row's first value.
    first = year is None or year == row.years[0]
    alone = first and bool(note) and not _says_anything(fields, row, line)
    if value is None and not not_applicable and not alone and not (product and first):
        return
    item: dict[str, Any] = {"code": row.code}
    if year is not None:
        item["year"] = year
    if row.per_product:
        item["product"] = product
    if value is not None:
        item["value"] = value
        if row.units:
            item["unit"] = _unit(fields, row, year, line)
    if not_applicable:
        item["not_applicable"] = True
    if note:
        item["note"] = note
    found.content["values"].append(item)
    found.names.append(name)


def _says_anything(fields: Fields, row: FormRow, line: int | None) -> bool:
    return any(
        _value(row, fields.get(_name("value", row.code, year, line), [])) is not None
        or fields.get(_name("na", row.code, year, line))
        for year in row.years or (None,)
    )


def _value(row: FormRow, given: Sequence[str]) -> Any:
    """The value as the form's content has it; None where nothing was entered."""
    if row.type == "codes":
        chosen = [one for one in given if one not in ("", NONE)]
        return chosen if chosen or NONE in given else None
    text = given[0] if given else ""
    if row.type == "flag":
        return {"yes": True, "no": False}.get(text)
    if row.type == "text":
        return text if text.strip() else None
    return text.strip() or None


def _unit(fields: Fields, row: FormRow, year: int | None, line: int | None) -> str:
    return (
        _one(fields, _name("unit", row.code, year, line))
        or _one(fields, _name("unit", row.code, None, line))
        or row.unit
    )


# --- content -> fields ------------------------------------------------------------------------------------------------


def fields_from(form: Form, content: Mapping[str, Any]) -> Fields:
    """The fields that a stored content fills."""
    fields: Fields = {"note": [str(content.get("note", ""))]}
    sections = {row.code: section for section in form.sections for row in section.rows}
    rows = {row.code: row for row in form.rows}
    lines: dict[str, dict[str, int]] = {}
    by_row: dict[tuple[str, int | None], list[Mapping[str, Any]]] = {}
    for item in content.get("values", ()):
        row = rows.get(item.get("code", ""))
        if row is None:
            continue
        line = None
        if row.per_product:
            section = sections[row.code].code
            numbers = lines.setdefault(section, {})
            line = numbers.setdefault(str(item.get("product", "")), len(numbers))
            fields[f"product:{section}@{line}"] = [str(item.get("product", ""))]
        by_row.setdefault((row.code, line), []).append(item)
        name = _name("value", row.code, item.get("year"), line)
        fields[name] = _texts(row, item.get("value"))
        if item.get("not_applicable"):
            fields[_name("na", row.code, item.get("year"), line)] = ["on"]
    for (code, line), items in by_row.items():
        _shared(fields, "unit", code, line, items, [str(one.get("unit") or "") for one in items if "value" in one])
        _shared(fields, "note", code, line, items, [str(one.get("note", "")) for one in items])
    return fields


def _shared(
    fields: Fields, what: str, code: str, line: int | None, items: Sequence[Mapping[str, Any]], values: list[str]
) -> None:
    """Once for the row where all its values agree, else with each value. A product's note stands with its value."""
    if what == "unit" and len(set(values)) == 1:
        fields[_name(what, code, None, line)] = values[:1]
        return
    if what == "note" and line is None and len(set(values)) == 1:
        fields[f"note:{code}"] = values[:1]
        return
    for item in items:
        if text := str(item.get(what) or ""):
            fields[_name(what, code, item.get("year"), line)] = [text]


def _texts(row: FormRow, value: Any) -> list[str]:
    if row.type == "codes" and isinstance(value, list | tuple):
        return [str(one) for one in value] or [NONE]
    if isinstance(value, bool):
        return [_YES_NO[value]]
    return [] if value is None else [str(value)]


# --- fields -> page ---------------------------------------------------------------------------------------------------


def sections_of(form: Form, fields: Fields, facts: Iterable[FactRow] = ()) -> list[SectionView]:
    """What the page shows. `facts`: the values in the form's own units, where they could be read."""
    slots = {slot.code: slot for slot in form.evidence_slots}
    own = {(fact.code, fact.year, fact.product): fact for fact in facts if fact.presence == "given"}
    shown: set[str] = set()
    return [_section(section, fields, slots, own, shown) for section in form.sections]


def _section(
    section: FormSection,
    fields: Fields,
    slots: Mapping[str, EvidenceSlot],
    own: Mapping[tuple[str, int | None, str], FactRow],
    shown: set[str],
) -> SectionView:
    rows = []
    for row in section.rows:
        if row.per_product:
            continue
        years = row.years or (None,)
        split_unit = any(fields.get(_name("unit", row.code, year)) for year in row.years)
        split_note = any(fields.get(_name("note", row.code, year)) for year in row.years)
        slot = slots.get(row.evidence or "") if row.evidence not in shown else None
        shown.add(row.evidence or "")
        unit = _one(fields, f"unit:{row.code}") or row.unit
        rows.append(
            RowView(
                row,
                [_cell(fields, row, year, None, "", own, split_unit, split_note) for year in years],
                f"unit:{row.code}" if len(row.units) > 1 and not split_unit else "",
                unit,
                "" if split_note else f"note:{row.code}",
                _one(fields, f"note:{row.code}"),
                slot,
            )
        )
    product_rows = [row for row in section.rows if row.per_product]
    most = max((row.max_products for row in product_rows), default=0)
    filled = [line for line in range(most + _SPARE) if _filled(fields, section, product_rows, line)]
    count = max(min(most, (filled[-1] + 1 if filled else 0) + _SPARE), filled[-1] + 1 if filled else 0)
    return SectionView(
        section.code,
        section.label,
        rows,
        product_rows,
        [_product(section, product_rows, fields, line, own) for line in range(count)],
        most,
    )


def _filled(fields: Fields, section: FormSection, rows: Sequence[FormRow], line: int) -> bool:
    return bool(_one(fields, f"product:{section.code}@{line}")) or any(
        _says_anything(fields, row, line) for row in rows
    )


def _product(
    section: FormSection,
    rows: Sequence[FormRow],
    fields: Fields,
    line: int,
    own: Mapping[tuple[str, int | None, str], FactRow],
) -> ProductView:
    name = f"product:{section.code}@{line}"
    product = _one(fields, name)
    note_name = f"note:{section.code}@{line}"
    cells = [
        _cell(fields, row, year, line, product.strip(), own, True, True)
        for row in rows
        for year in row.years or (None,)
    ]
    notes = [cell.note for cell in cells if cell.note]
    note = _one(fields, note_name) or (notes[0] if notes else "")
    return ProductView(name, product, note_name, note, cells)


def _cell(
    fields: Fields,
    row: FormRow,
    year: int | None,
    line: int | None,
    product: str,
    own: Mapping[tuple[str, int | None, str], FactRow],
    split_unit: bool,
    split_note: bool,
) -> Cell:
    unit = _unit(fields, row, year, line)
    fact = own.get((row.code, year, product))
    converted = ""
    if fact is not None and row.unit and unit != row.unit and fact.type == "decimal":
        converted = f"折合 {fact.value} {row.unit}"
    return Cell(
        row=row,
        year=year,
        line=line,
        name=_name("value", row.code, year, line),
        unit_name=_name("unit", row.code, year, line) if split_unit and len(row.units) > 1 else "",
        note_name=_name("note", row.code, year, line) if split_note else "",
        values=fields.get(_name("value", row.code, year, line), []),
        unit=unit,
        not_applicable=bool(fields.get(_name("na", row.code, year, line))),
        note=_one(fields, _name("note", row.code, year, line)),
        converted=converted,
    )


# --- what differs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that stands otherwise in the stored form than on the page."""

    name: str
    label: str
    stored: str
    typed: str


def differences(form: Form, stored: Mapping[str, Any], typed: Mapping[str, Any]) -> list[Difference]:
    """What somebody's page and the stored form do not agree on, in the form's order."""
    rows = {row.code: row for row in form.rows}
    before, now = _by_place(stored), _by_place(typed)
    order = {row.code: index for index, row in enumerate(form.rows)}
    places = sorted(before.keys() | now.keys(), key=lambda place: (order.get(place[0], 0), place[1] or 0, place[2]))
    found = []
    for place in places:
        code, year, product = place
        row = rows.get(code)
        if row is None or before.get(place) == now.get(place):
            continue
        label = row.label + (f"（{year}年）" if year else "") + (f"：{product}" if product else "")
        name = _name("value", code, year)
        found.append(Difference(name, label, spoken(row, before.get(place)), spoken(row, now.get(place))))
    if stored.get("note", "") != typed.get("note", ""):
        found.append(
            Difference(
                "note",
                "整表特殊情况说明",
                str(stored.get("note", "")) or "（空）",
                str(typed.get("note", "")) or "（空）",
            )
        )
    return found


def _by_place(content: Mapping[str, Any]) -> dict[tuple[str, int | None, str], dict[str, Any]]:
    return {
        (str(item.get("code", "")), item.get("year"), str(item.get("product", ""))): {
            key: value for key, value in item.items() if key not in ("code", "year", "product")
        }
        for item in content.get("values", ())
    }


def spoken(row: FormRow, item: Mapping[str, Any] | None) -> str:
    """A value as people read it."""
    if item is None:
        return "（空）"
    note = f"；说明：{item['note']}" if item.get("note") else ""
    if item.get("not_applicable"):
        return f"不适用{note}"
    value = item.get("value")
    if value is None or value == "":
        return f"（空）{note}"
    if isinstance(value, bool):
        return ("是" if value else "否") + note
    if isinstance(value, list | tuple):
        return ("、".join(row.codes.get(one, str(one)) for one in value) or "均不具备") + note
    return f"{value} {item.get('unit') or row.unit}".strip() + note


def _name(what: str, code: str, year: int | None, line: int | None = None) -> str:
    name = f"{what}:{code}" if year is None else f"{what}:{code}:{year}"
    return name if line is None else f"{name}@{line}"


def _one(fields: Fields, name: str) -> str:
    found = fields.get(name)
    return found[0] if found else ""
