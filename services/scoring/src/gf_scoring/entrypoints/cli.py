"""Command line of scoring: ``python -m gf_scoring.entrypoints.cli verify SHEET.json``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import gf_policy
from gf_chassis import json
from gf_chassis.errors import Rejected
from gf_scoring.domain.errors import DomainError
from gf_scoring.entrypoints.http import stated
from gf_scoring.entrypoints.schemas import SheetOut
from gf_scoring.usecases.verify_sheet import VerifySheet


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="gf-scoring", description="评分命令行")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="复核评分表：只凭评分表本身重新计算")
    verify.add_argument("sheet", type=Path, help="评分表 JSON 文件（接口返回的一个版本）")
    verify.add_argument("--policies", type=Path, default=None, help="policies 目录")
    given = parser.parse_args(arguments)
    return _verify(given.sheet, given.policies)


def _verify(file: Path, policies: Path | None) -> int:
    try:
        sheet = SheetOut.model_validate(json.loads(file.read_bytes()))
        found = VerifySheet(gf_policy.load(policies).rulesets)(sheet.ruleset_id, stated(sheet))
    except (OSError, ValueError, Rejected, DomainError) as error:
        print(f"无法复核：{error}", file=sys.stderr)
        return 2
    for one in found:
        print(f"不一致 {one.pointer}：评分表为 {one.stated}，重新计算为 {one.computed}")
    print("复核一致" if not found else f"共 {len(found)} 处不一致")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
