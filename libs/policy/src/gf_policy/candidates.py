"""A ruleset that is not in force yet (候选评分规则): checked like a published one, handed over as text."""

from __future__ import annotations

import yaml

from gf_policy.book import Book
from gf_policy.crosscheck import check_ruleset
from gf_policy.errors import PolicyError
from gf_policy.files import LOADER, read_text, read_yaml
from gf_policy.rulesets import Ruleset, parse_ruleset

#: How it is named in complaints.
NAME = "ruleset.yaml"
#: Values of the largest ruleset there could be; a file that refers to itself again and again would have millions.
_MOST = 100_000
#: No ruleset is nested half as deep. Over a file that is nothing but depth a parser takes seconds and all its stack.
_DEEPEST = 30


def read_candidate(book: Book, text: str) -> Ruleset:
    """The ruleset in ``text`` (YAML). PolicyError with the line where something is wrong.

    It is a further version of a ruleset that there is: same id, same cover, another version.
    """
    _check_depth(text)
    _check_size(text)
    ruleset = parse_ruleset(NAME, text, book.root)
    check_ruleset(ruleset, book.folders)
    file, known = read_text(NAME, text), read_yaml(book.root, "documents.yaml").data["documents"]
    for where, source in file.sources:
        if "document" in source and source["document"] not in known:
            raise file.fault(f"文件目录 documents.yaml 中没有“{source['document']}”。", *where)
    former = book.rulesets.get(ruleset.id)
    if former is None:
        raise file.fault(f"没有编号为“{ruleset.id}”的评分规则；候选规则应是已有规则的新版本。", "id")
    if (former.base, former.category, former.key_industries) != (
        ruleset.base,
        ruleset.category,
        ruleset.key_industries,
    ):
        raise file.fault("适用范围与现行版本不同。", "covers")
    if former.hash != ruleset.hash and former.version == ruleset.version:
        raise PolicyError(NAME, "内容与现行版本不同，版本号却相同。", file.line(("version",)))
    return ruleset


def _check_depth(text: str) -> None:
    """Event by event, which needs no stack: nothing of a file is built before it is known to be flat enough."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    line = event.start_mark.line + 1 if event.start_mark else None
                    raise PolicyError(NAME, f"文件层次过深（超过 {_DEEPEST} 层），不像是评分规则。", line)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise PolicyError(NAME, "不是合法的 YAML。", mark.line + 1 if mark else None) from fault


def _check_size(text: str) -> None:
    """A file is handed over by hand: one that unfolds without end is refused before it is unfolded."""
    known: dict[int, int] = {}

    def size(node: yaml.Node | None) -> int:
        if node is None or isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) not in known:
            known[id(node)] = _MOST  # one that contains itself never ends
            children = [one for pair in node.value for one in (pair if isinstance(pair, tuple) else (pair,))]
            known[id(node)] = 1 + sum(size(child) for child in children)
        return known[id(node)]

    try:
        if size(yaml.compose(text, Loader=LOADER)) > _MOST:
            raise PolicyError(NAME, "文件内容过大，不像是评分规则。", 1)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise PolicyError(NAME, "不是合法的 YAML。", mark.line + 1 if mark else None) from fault
