"""Write policies/calendars/<year>.yaml from the `chinesecalendar` package, which follows the State Council's notices.

    python libs/policy/scripts/import_calendar.py 2026

Compare the result with the notice itself before publishing it.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}


def calendar_yaml(year: int) -> str:
    off: list[str] = []
    shifted: list[str] = []
    day = date(year, 1, 1)
    while day.year == year:
        _, name = chinese_calendar.get_holiday_detail(day)
        entry = f"  - {{date: {day.isoformat()}, name: {NAMES.get(name or '', name or '')}}}"
        working = chinese_calendar.is_workday(day)
        if not working and name:
            off.append(entry)
        elif working and day.weekday() >= 5:
            shifted.append(entry)
        day += timedelta(days=1)
    return "\n".join(
        [
            f"# {year} 年放假与调休。其余日子按周一至周五为工作日。",
            f"source: {{document: SC{year}, article: 全文, note: 由 chinesecalendar 软件包的数据生成}}",
            f"year: {year}",
            "days_off:",
            *off,
            "working_weekends:" if shifted else "working_weekends: []",
            *shifted,
            "",
        ]
    )


if __name__ == "__main__":
    folder = Path(__file__).resolve().parents[3] / "policies" / "calendars"
    for argument in sys.argv[1:]:
        (folder / f"{argument}.yaml").write_text(calendar_yaml(int(argument)), encoding="utf-8")
