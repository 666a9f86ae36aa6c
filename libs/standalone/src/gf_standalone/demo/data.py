"""The demo's data files, read."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gf_policy.files import LOADER


@cache
def _read(name: str) -> Any:
    return yaml.load((files("gf_standalone") / "demo" / name).read_text(encoding="utf-8"), Loader=LOADER)


def units() -> dict[str, dict[str, Any]]:
    """The applicants of the story by short name."""
    found: dict[str, dict[str, Any]] = _read("units.yaml")
    return found


def beside() -> dict[str, dict[str, Any]]:
    """The units beside the story by short name: a park, and chain leaders under other rules."""
    found: dict[str, dict[str, Any]] = _read("beside.yaml")
    return found


def lists() -> list[dict[str, Any]]:
    """Lists that existed before the story begins."""
    found: list[dict[str, Any]] = _read("lists.yaml")
    return found


YEARS = (2022, 2023, 2024)
#: The units in which units.yaml states its numbers.
UNITS = {
    "万元": ("output_value", "retrofit_investment"),
    "tce": (
        "energy_total",
        "energy_feedstock",
        "renewable_self",
        "renewable_market",
        "renewable_line",
        "renewable_gec",
    ),
    "tCO2": ("carbon_total",),
    "m3": ("water_intake", "water_reuse"),
    "m2": ("land_area",),
    "个": ("footprint_categories_total", "footprint_categories_quantified"),
}
UNIT_OF = {code: unit for unit, codes in UNITS.items() for code in codes}
_TONNES = ("material", "solid_waste", "ammonia", "cod", "so2", "nox", "pm", "vocs")


def content(unit: dict[str, Any]) -> dict[str, Any]:
    """A unit's form as the intake API takes it: one row per value, decimals as strings with their unit.

    ``form``: the complete example beside the policy that the unit fills in.
    """
    if "form" in unit:
        import gf_policy

        example = gf_policy.load(None).root / unit["form"]
        return {"values": json.loads(example.read_text(encoding="utf-8"))["values"]}
    rows = [
        _row(code, str(value), year)
        for code, values in unit["years"].items()
        for year, value in zip(YEARS, values, strict=True)
    ]
    rows += [_row(code, str(value), YEARS[-1]) for code, value in unit["last"].items()]
    for code, value in unit["plain"].items():
        rows.append(_row(code, value if isinstance(value, bool | list) else str(value), None))
    return {"values": rows}


def _row(code: str, value: Any, year: int | None) -> dict[str, Any]:
    row: dict[str, Any] = {"code": code, "value": value}
    if year is not None:
        row["year"] = year
    unit = UNIT_OF.get(code) or ("t" if code.startswith(_TONNES) else None)
    if unit:
        row["unit"] = unit
    return row


def pdf(title: str) -> bytes:
    """A small but whole PDF of one page, for evidence; `title` is plain ASCII."""
    text = f"BT /F1 16 Tf 60 760 Td ({title}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


#: What the form asks to be proved for the values in units.yaml; the scan of the sealed form comes last.
EVIDENCE = ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report")


def benchmarks() -> list[dict[str, Any]]:
    """The benchmark values that the policies propose for demonstrations, as scoring's API takes them."""
    import gf_policy
    from gf_policy.rulesets import load_benchmarks, load_rulesets

    root = gf_policy.load(None).root
    rulesets = load_rulesets(root)
    sets = []
    for file in load_benchmarks(root):
        ruleset = rulesets.get(file.ruleset)
        assert ruleset is not None, file.ruleset  # checked when the file was loaded
        for one in file.sets if file.demo else ():
            levels = [
                {
                    "indicator": value.indicator,
                    "lead": str(value.lead),
                    "baseline": str(value.baseline),
                    "assumption": value.source.assumption or "演示约定",
                }
                for value in one.values
            ]
            sets.append(
                {
                    "category": ruleset.category,
                    "key_industry": one.key_industry,
                    "title": one.title,
                    "document": file.document,
                    "person": file.person,
                    "demo": True,
                    "levels": levels,
                }
            )
    return sets
