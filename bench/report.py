"""``python -m bench.report``: docs/performance.md and its pictures from bench/results/latest.json.

The same results give the same bytes: no dates, no random ids in the pictures.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams.update({"svg.hashsalt": "greenladder", "svg.fonttype": "none", "font.size": 9})
from matplotlib import pyplot as plt  # noqa: E402 - the drawing back end is chosen before

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "pictures"

#: What each result says, in the order of the page. What is not here still stands in the table.
MEANING = {
    "intake": "one-call submissions of a partner, against Starlette + pydantic + group commit writing the same rows",
    "intake_cpu": "CPU of server and database per call of the same run, which other users of the machine disturb less",
    "overload_answered": "answered under 150 % of capacity (the rest: 503 with Retry-After), against capacity",
    "scoring": "one scoring worker, against consume, score, one statement, publish by hand",
    "scoring_two_workers": "two workers against one, every worker with the same CPU quota",
    "relay": "draining the journal to the broker, against rows in id order by hand",
    "relay_snapshot_held": "the relay while a snapshot is held, against without",
    "pg_cpu_per_submission": "database CPU of a submission through the whole chain, against the hand-made parts",
    "latency_p50_70_over_10": "POST to scored event, median, at 70 % of capacity against 10 %",
    "latency_p99_70_over_10": "POST to scored event, 99th percentile, at 70 % of capacity against 10 %",
    "features_on_over_off": "logs, traces and read metrics against none of them",
    "rescore_500k": "a shadow run over 500,000 stored submissions, against compute by hand",
    "idle_memory": "resident memory of an idle server, against a budget",
    "start_up": "start to first answer, against a budget",
    "idle_cpu": "CPU of an idle server, against a budget",
    "pages_100k_p95": "95th percentile of all requests for pages and lists over 100,000 cases, against 100 ms",
}
#: Addresses shown with a time of their own.
SLOWEST = 10


def main() -> None:
    rows: list[dict[str, Any]] = json.loads(RESULTS.read_text("utf-8"))
    order = {name: number for number, name in enumerate(MEANING)}
    rows.sort(key=lambda row: (order.get(row["name"], len(order)), row["name"]))
    PICTURES.mkdir(parents=True, exist_ok=True)
    _ratios(rows, PICTURES / "bench-ratios.svg")
    PAGE.write_text(_page(rows), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(rows)} results")


def _less(row: dict[str, Any]) -> bool:
    return bool(row.get("better") == "less")


def _reached(row: dict[str, Any]) -> bool:
    return bool(row["ratio"] <= row["goal"] if _less(row) else row["ratio"] >= row["goal"])


def _page(rows: list[dict[str, Any]]) -> str:
    lines = [
        "# Performance",
        "",
        "Made by `python -m bench.report` from `bench/results/latest.json`, which `make bench` writes; not edited by",
        "hand. `bench/README.md` says what is compared with what. Each figure is the median of pairs run in turn on",
        "one machine; only the ratio is a result: the same code costs twice as much from one minute to the next.",
        "",
        "![Every pair of every benchmark, as a share of its goal](pictures/bench-ratios.svg)",
        "",
        "Load is the machine's, before and after. On two cores, far above 3 means that other work took most of them:",
        "rates and times measured so say little; memory and the CPU that a call costs are disturbed less.",
        "",
        "| benchmark | ours | reference | ratio | goal | pairs | load | |",
        "|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for row in rows:
        sign = "≤" if _less(row) else "≥"
        lines.append(
            f"| `{row['name']}` | {row['ours']:,.1f} {row['unit']} | {row['reference']:,.1f} {row['unit']} "
            f"| **{row['ratio']:.2f}** | {sign} {row['goal']:g} | {len(row['pairs'])} "
            f"| {' → '.join(str(load) for load in row.get('load', ())) or 'not noted'} "
            f"| {'reached' if _reached(row) else 'missed'} |"
        )
    lines += ["", "## What each says", ""]
    lines += [f"- `{row['name']}`: {MEANING[row['name']]}." for row in rows if row["name"] in MEANING]
    for row in rows:
        if row["pairs"] and "address" in row["pairs"][0]:
            lines += _addresses(row)
    return "\n".join(lines) + "\n"


def _addresses(row: dict[str, Any]) -> list[str]:
    """Each address by its own 95th percentile."""
    found = sorted(row["pairs"], key=lambda one: -one["ours"])
    over = sum(one["ours"] >= one["reference"] for one in found)
    median = statistics.median(one["ours"] for one in found)
    return [
        "",
        "## Pages",
        "",
        f"{len(found)} addresses, each with a 95th percentile of its own: {over} over {found[0]['reference']:.0f} ms, "
        f"half of them under {median:.0f} ms. The slowest:",
        "",
        "| address | p95 |",
        "|---|---:|",
        *(f"| `{one['address']}` | {one['ours']:.0f} ms |" for one in found[:SLOWEST]),
    ]


def _ratios(rows: list[dict[str, Any]], file: Path) -> None:
    """Pairs as dots, the median as a bar; 1 is the goal, to the right of it is better."""
    figure, axes = plt.subplots(figsize=(7.5, 0.32 * len(rows) + 0.9))
    for place, row in enumerate(rows):
        colour = "#2e7d32" if _reached(row) else "#b3541e"
        axes.barh(place, _share(row, row["ratio"]), height=0.6, color=colour, alpha=0.75)
        shares = [_share(row, pair["ratio"]) for pair in row["pairs"]]
        axes.plot(shares, [place] * len(shares), "o", color="#222222", markersize=3)
    axes.axvline(1, color="#222222", linewidth=1)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("share of the goal reached (1 = goal; dots are single pairs)")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _share(row: dict[str, Any], ratio: float) -> float:
    if _less(row):
        return float(min(row["goal"] / max(ratio, 1e-9), 3.0))
    return float(min(ratio / row["goal"], 3.0))


if __name__ == "__main__":
    main()
