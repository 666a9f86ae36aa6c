"""``python -m bench [names …] [--pairs 5]``: prints a table and writes bench/results/latest.json."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import logging
import os
import signal
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import structlog

from bench.pairs import Result, table, write
from bench.servers import servers

#: Benchmark → module. A module may measure several.
MODULES = {
    "intake": "intake",
    "intake_cpu": "intake",
    "overload_answered": "overload",
    "features_on_over_off": "features",
    "idle_memory": "idle",
    "start_up": "idle",
    "idle_cpu": "idle",
    "scoring": "scoring",
    "scoring_two_workers": "scaling",
    "relay": "relay",
    "relay_snapshot_held": "relay",
    "pg_cpu_per_submission": "chain",
    "latency_p50_70_over_10": "latency",
    "latency_p99_70_over_10": "latency",
    "rescore_500k": "rescore",
    "pages_100k_p95": "pages",
}
#: Modules that need a broker.
KAFKA = {"scoring", "scaling", "relay", "chain", "latency"}
FILE = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Ours against hand-made references.")
    parser.add_argument("names", nargs="*", choices=[*MODULES, []], help="which ones (all)")
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # Ended from outside it ends its servers too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results, failed = asyncio.run(_run(given.names or list(MODULES), given.pairs))
    print("\n" + table(results))
    if failed:
        sys.exit(f"without result: {', '.join(failed)}")


async def _run(names: list[str], pairs: int) -> tuple[list[Result], list[str]]:
    """What was measured, and the modules that failed: one that fails must not cost the others' half hour."""
    results: list[Result] = []
    failed: list[str] = []
    modules = list(dict.fromkeys(MODULES[name] for name in names))
    async with servers(kafka=not KAFKA.isdisjoint(modules)) as running:
        # What start-up has made needs no more looks by the collector, in ours and in the references alike.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        for module in modules:
            began, load = time.perf_counter(), os.getloadavg()[0]
            try:
                found = await importlib.import_module(f"bench.{module}").bench(running, pairs)
            except Exception:
                traceback.print_exc()
                failed.append(module)
                continue
            finally:
                took = time.perf_counter() - began
                print(f"{module}: {took:.0f} s, load {load:.1f} → {os.getloadavg()[0]:.1f}", flush=True)
            during = (round(load, 1), round(os.getloadavg()[0], 1))
            results += [replace(one, load=during) for one in (found if isinstance(found, list) else [found])]
            write(results, FILE)
    return results, failed


if __name__ == "__main__":
    main()
