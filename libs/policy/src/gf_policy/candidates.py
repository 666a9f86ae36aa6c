"""A ruleset that is not in force yet (候选评分规则): checked like a published one, handed over as text."""

from __future__ import annotations

from gf_policy.book import Book
from gf_policy.crosscheck import check_ruleset
from gf_policy.errors import PolicyError
from gf_policy.files import read_text, read_yaml
from gf_policy.rulesets import Ruleset, parse_ruleset

#: How it is named in complaints.
NAME = "ruleset.yaml"


def read_candidate(book: Book, text: str) -> Ruleset:
    """The ruleset in ``text`` (YAML). PolicyError with the line where something is wrong.

    It is a further version of a ruleset that there is: same id, same cover, another version.
    """
    ruleset = parse_ruleset(NAME, text, book.root)
    check_ruleset(ruleset, book.folders)
    file, known = read_text(NAME, text), read_yaml(book.root, "documents.yaml").data["documents"]
    for where, source in file.sources():
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
