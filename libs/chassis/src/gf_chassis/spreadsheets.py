"""Text in tables that spreadsheet programs open (表格导出): what they would compute is told apart."""

from typing import Final

#: Characters that make a spreadsheet compute a cell, also in full width.
_FORMULA: Final = tuple("=+-@\t\r\n\0＝＋－＠")
#: What it strips before looking.
_BLANKS: Final = " \u3000\u00a0\ufeff"


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute this text."""
    return cell.startswith(_FORMULA) or cell.lstrip(_BLANKS).startswith(_FORMULA)
