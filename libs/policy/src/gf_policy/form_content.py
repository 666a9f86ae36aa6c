"""A form's content on its way through the checks.

This is on the way of every submission. Each (code, year) is compiled into a cell with everything a value needs; what is
plainly in order is read many values at a time (`form_plain`), the rest value by value, here. When anything turns out to
be wrong, the whole content is gone through here once more, so that every problem is named, in the order of the content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gf_policy.form_cells import Cell, Run, fact_type, forbidden, missing
from gf_policy.form_checks import CheckPlan, compile_checks, run_checks
from gf_policy.form_plain import PlainValues
from gf_policy.model import Checked, FactRow, FormRow
from gf_policy.numbers import NotANumber, canonical, converted, plain_text

_KEYS = frozenset({"code", "year", "product", "value", "unit", "note", "not_applicable"})
_TOP = frozenset({"values", "note"})


@dataclass(frozen=True, slots=True)
class FormLimits:
    values: int
    note_length: int
    product_length: int


class ContentChecker:
    """Checks contents of one form; holds no content itself."""

    def __init__(self, rows: Sequence[FormRow], plans: Sequence[CheckPlan], limits: FormLimits) -> None:
        self.limits = limits
        self._rows = {row.code: row for row in rows}
        self._cells: dict[tuple[str, int | None], Cell] = {}
        for row in rows:
            for year in row.years or (None,):
                self._cells[row.code, year] = Cell(len(self._cells), row, year)
        self._ordered = tuple(self._cells.values())
        self._mandatory = tuple(cell for cell in self._ordered if cell.row.required and not cell.row.per_product)
        self._checks = compile_checks(plans, {key: cell.index for key, cell in self._cells.items()})
        self._missing = missing(self._ordered)
        self._by_product = self._missing.count(None)  # cells that are never filled themselves
        self._plain = PlainValues(self._ordered)

    def check(self, content: Mapping[str, Any], strict: bool) -> Checked:
        run = Run(len(self._ordered), strict)
        values = self._values(content, run)
        rest = None if run.errors else self._plain.read(values, run)
        if rest is not None:
            self._each(run, ((position, values[position]) for position in rest))
            checked = self._finished(run)
            if checked.ok:
                return checked
        return self.check_in_full(content, strict)

    def check_in_full(self, content: Mapping[str, Any], strict: bool) -> Checked:
        """The long way alone, value by value; says the same of every content."""
        run = Run(len(self._ordered), strict)
        self._each(run, enumerate(self._values(content, run)))
        return self._finished(run)

    def _finished(self, run: Run) -> Checked:
        if run.strict:
            self._required(run)
            run_checks(self._checks, run)
        return Checked(run.errors, run.warnings, self._facts(run))

    def _each(self, run: Run, items: Iterable[tuple[int, Any]]) -> None:
        cells, known = self._cells, _KEYS.issuperset
        for position, item in items:
            if type(item) is not dict or not known(item):
                self._misshapen(run, position, item)
                continue
            code, year = item.get("code"), item.get("year")
            cell = cells.get((code, year)) if type(code) is str and (year is None or type(year) is int) else None
            if cell is None:
                self._unknown(run, position, code, year)
            else:
                self._value(run, position, item, cell)

    def _values(self, content: Mapping[str, Any], run: Run) -> Sequence[Any]:
        if not isinstance(content, Mapping):
            run.error("", "type", '表单内容应为对象，形如 {"values": [...]}。')
            return ()
        for key in content.keys() - _TOP:
            run.error(f"/{_escape(key)}", "unknown_field", "表单内容中有不认识的字段，请删除。")
        note = content.get("note", "")
        if type(note) is not str or len(note) > self.limits.note_length * 4 or forbidden(note):
            run.error("/note", "note", f"特殊情况说明应为不超过 {self.limits.note_length * 4} 字的文字，不含控制字符。")
        values = content.get("values")
        if type(values) is not list:
            run.error("/values", "type", "“values”应为数组，每项一个数值。")
            return ()
        if len(values) > self.limits.values:
            run.error("/values", "too_many", f"数值不超过 {self.limits.values} 项，收到 {len(values)} 项。")
            return ()
        return values

    def _misshapen(self, run: Run, position: int, item: Any) -> None:
        if type(item) is not dict:
            run.error(f"/values/{position}", "type", "每项应为对象，含 code、value 等字段。")
            return
        for key in item.keys() - _KEYS:
            run.error(f"/values/{position}/{_escape(key)}", "unknown_field", "有不认识的字段，请删除。")

    def _unknown(self, run: Run, position: int, code: Any, year: Any) -> None:
        if type(code) is not str or code not in self._rows:
            shown = f"“{code[:60]}”" if type(code) is str and not forbidden(code) else "该代码"
            run.error(f"/values/{position}/code", "unknown_value", f"申报表中没有{shown}这一项，请核对代码。")
            return
        row = self._rows[code]
        cell = self._cells[code, row.years[0] if row.years else None]
        if row.years:
            years = "、".join(str(year_) for year_ in row.years)
            run.error(f"/values/{position}/year", "year", f"{row.label}：年份应为 {years} 之一。", cell)
        else:
            run.error(f"/values/{position}/year", "year", f"{row.label}：不分年份，请去掉 year。", cell)

    def _value(self, run: Run, position: int, item: dict[str, Any], cell: Cell) -> None:
        row = cell.row
        product, note = item.get("product", ""), item.get("note", "")
        if (product != "" or row.per_product) and not self._product(run, position, product, cell):
            return
        key = (cell.index, product) if product else cell.index
        if key in run.seen:
            run.error(f"/values/{position}", "duplicate", f"{cell.where}：重复填写，请只保留一项。", cell)
            return
        run.seen.add(key)
        if note != "" and (type(note) is not str or len(note) > self.limits.note_length or forbidden(note)):
            message = f"{cell.where}：特殊情况说明应为不超过 {self.limits.note_length} 字的文字，不含控制字符。"
            run.error(f"/values/{position}/note", "note", message, cell)
        value = item.get("value")
        if item.get("not_applicable", False) is not False:
            self._not_applicable(run, position, item, cell, product)
        elif value is not None and value != "":
            self._given(run, position, item, cell, product, value)

    def _product(self, run: Run, position: int, product: Any, cell: Cell) -> bool:
        pointer = f"/values/{position}/product"
        if type(product) is not str or len(product) > self.limits.product_length or forbidden(product):
            message = f"{cell.where}：产品名称应为不超过 {self.limits.product_length} 字的文字。"
            run.error(pointer, "product", message, cell)
            return False
        if not cell.row.per_product:
            run.error(pointer, "product", f"{cell.where}：不分产品填写，请去掉 product。", cell)
            return False
        if not product.strip() or product != product.strip():
            run.error(pointer, "product", f"{cell.where}：请写明产品名称，前后不留空格。", cell)
            return False
        return True

    def _not_applicable(self, run: Run, position: int, item: dict[str, Any], cell: Cell, product: str) -> None:
        pointer = f"/values/{position}/not_applicable"
        if item["not_applicable"] is not True:
            run.error(pointer, "type", f"{cell.where}：“不适用”应为 true 或 false。", cell)
        elif item.get("value") not in (None, ""):
            run.error(pointer, "not_applicable", f"{cell.where}：选择“不适用”时不要填写数值。", cell)
        elif not cell.row.not_applicable_allowed:
            run.error(pointer, "not_applicable", f"{cell.where}：此项必须填写，不能选择“不适用”。", cell)
        else:
            row = cell.row
            fact = FactRow(row.code, product, cell.year, row.unit, "not_applicable", None, fact_type(row))
            self._keep(run, position, cell, product, fact)
            if run.strict and not item.get("note"):
                run.warn(pointer, "not_applicable_note", f"{cell.where}：请在特殊情况说明中写明不适用的原因。", cell)

    def _given(self, run: Run, position: int, item: dict[str, Any], cell: Cell, product: str, value: Any) -> None:
        row, kind = cell.row, cell.type
        if kind == "decimal" or kind == "count":
            self._number(run, position, item, cell, product, value)
            return
        if item.get("unit", "") not in ("", None):
            run.error(f"/values/{position}/unit", "unit", f"{cell.where}：没有单位，请去掉 unit。", cell)
        pointer = f"/values/{position}/value"
        if kind == "flag":
            if type(value) is not bool:
                run.error(pointer, "type", f"{cell.where}：请选择是（true）或否（false）。", cell)
                return
            if run.strict and row.must_be is not None and value is not row.must_be:
                answer = "是" if row.must_be else "否"
                run.error(pointer, "must_be", f"{cell.where}：须为“{answer}”方可上报。", cell)
        elif kind == "codes":
            checked = self._codes(run, pointer, cell, value)
            if checked is None:
                return
            value = checked
        elif not self._text(run, pointer, cell, value):
            return
        self._keep(run, position, cell, product, FactRow(row.code, product, cell.year, "", "given", value, kind))

    def _number(self, run: Run, position: int, item: dict[str, Any], cell: Cell, product: str, value: Any) -> None:
        unit = item.get("unit") or cell.only_unit
        try:
            factor = cell.factors[unit] if unit else None
        except (KeyError, TypeError):
            run.error(
                f"/values/{position}/unit", "unit", f"{cell.where}：单位应为 {'、'.join(cell.factors)} 之一。", cell
            )
            return
        if unit is None and run.strict:
            run.error(
                f"/values/{position}/unit", "unit", f"{cell.where}：请选择单位：{'、'.join(cell.factors)}。", cell
            )
            return
        pointer = f"/values/{position}/value"
        try:
            text = plain_text(value)
            text = canonical(text) if factor is None else converted(text, factor)
        except NotANumber as reason:
            run.error(pointer, "number", f"{cell.where}：{reason}。", cell)
            return
        number = Decimal(text)
        if cell.type == "count" and "." in text:
            run.error(pointer, "count", f"{cell.where}：应为整数。", cell)
            return
        if run.strict and not self._in_range(run, pointer, cell, number):
            return
        fact = FactRow(cell.row.code, product, cell.year, cell.row.unit, "given", text, "decimal")
        self._keep(run, position, cell, product, fact)
        if not product:
            run.numbers[cell.index] = number

    def _in_range(self, run: Run, pointer: str, cell: Cell, number: Decimal) -> bool:
        unit = cell.row.unit
        if cell.minimum is not None and number < cell.minimum:
            run.error(pointer, "minimum", f"{cell.where}：不能小于 {cell.minimum:f} {unit}，请核对。", cell)
            return False
        if cell.maximum is not None and number > cell.maximum:
            run.error(pointer, "maximum", f"{cell.where}：不能大于 {cell.maximum:f} {unit}，请核对。", cell)
            return False
        if (cell.low is not None and number < cell.low) or (cell.high is not None and number > cell.high):
            usual = (
                f"{'' if cell.low is None else f'{cell.low:f}'}–{'' if cell.high is None else f'{cell.high:f}'} {unit}"
            )
            message = f"{cell.where}：超出常规范围（{usual}），请核实；如数据无误，请填写特殊情况说明后继续。"
            run.warn(pointer, "out_of_usual_range", message, cell)
        return True

    def _codes(self, run: Run, pointer: str, cell: Cell, value: Any) -> tuple[str, ...] | None:
        allowed = cell.row.codes
        if type(value) not in (list, tuple) or any(type(code) is not str for code in value):
            run.error(pointer, "type", f"{cell.where}：应为代码数组；没有的填空数组。", cell)
            return None
        if len(value) > len(allowed) or len(set(value)) != len(value):
            run.error(pointer, "duplicate", f"{cell.where}：同一项不能重复勾选。", cell)
            return None
        for index, code in enumerate(value):
            if code not in allowed:
                run.error(
                    f"{pointer}/{index}", "unknown_code", f"{cell.where}：没有这一选项，请从表内选项中选择。", cell
                )
                return None
        return tuple(code for code in allowed if code in value)

    def _text(self, run: Run, pointer: str, cell: Cell, value: Any) -> bool:
        limit = cell.row.max_length
        if type(value) is not str or forbidden(value):
            run.error(pointer, "type", f"{cell.where}：应为文字，不含控制字符。", cell)
            return False
        if len(value) > limit:
            run.error(pointer, "too_long", f"{cell.where}：不超过 {limit} 字，现为 {len(value)} 字。", cell)
            return False
        return bool(value.strip())

    def _keep(self, run: Run, position: int, cell: Cell, product: str, fact: FactRow) -> None:
        if product:
            run.products[cell.index, product] = (fact, position)
        else:
            run.facts[cell.index] = fact
            run.positions[cell.index] = position

    # --- what is missing, what comes out ----------------------------------------------------------------------------

    def _required(self, run: Run) -> None:
        facts = run.facts
        absent = [cell for cell in self._mandatory if facts[cell.index] is None]
        if absent:
            failed = {(problem.field, problem.year) for problem in run.errors}
            for cell in absent:
                if (cell.code, cell.year) not in failed:
                    run.error("/values", "required", f"{cell.where}：必填，请填写。", cell)
        if run.products:
            for cell in self._ordered:
                row = cell.row
                products = {product for index, product in run.products if index == cell.index}
                if len(products) > row.max_products:
                    run.error("/values", "too_many", f"{row.label}：至多填写 {row.max_products} 种产品。", cell)

    def _facts(self, run: Run) -> list[FactRow]:
        facts = run.facts
        if run.strict and run.positions.count(-1) > self._by_product:
            facts = [fact or missing for fact, missing in zip(facts, self._missing, strict=True)]
        whole = [fact for fact in facts if fact is not None]
        if run.products:
            whole.extend(fact for _, (fact, _) in sorted(run.products.items()))
        return whole


def _escape(key: object) -> str:
    text = str(key)[:80].replace("~", "~0").replace("/", "~1")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "?")
