"""The import rules that need more than a list of modules."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("intake", "scoring", "review", "registry", "notify")
# The only files of a service that may know generated code.
KNOWS_CONTRACTS = {"adapters/contracts.py", "entrypoints/consumers.py"}


def sources(service: str) -> Iterator[tuple[str, Path]]:
    root = ROOT / "services" / service / "src" / f"gf_{service}"
    for path in sorted(root.rglob("*.py")):
        yield path.relative_to(root).as_posix(), path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Without the expressions in them: most of a file, and nothing is imported there."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, field, ()):
            yield child
            yield from statements(child)


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in statements(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(absolute(path, node))
    return found


def absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.parts[path.parts.index("src") + 1 : len(path.parts) - node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def outside_standard_library(name: str, service: str) -> bool:
    return name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(f"gf_{service}.domain")


@pytest.mark.parametrize("service", SERVICES)
def test_domain_stands_on_the_standard_library_alone(service: str) -> None:
    wrong = {
        name: sorted(bad)
        for name, path in sources(service)
        if name.startswith("domain/") and (bad := {i for i in imports(path) if outside_standard_library(i, service)})
    }
    assert not wrong


@pytest.mark.parametrize("service", SERVICES)
def test_generated_code_is_known_in_one_place(service: str) -> None:
    wrong = [
        name
        for name, path in sources(service)
        if name not in KNOWS_CONTRACTS
        and not name.startswith("adapters/contracts/")
        and "greenladder" in text(path)  # to take all files apart takes a second
        and any(i.split(".")[0] == "greenladder" for i in imports(path))
    ]
    assert not wrong


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_policies_library_reads_policy_files(service: str) -> None:
    """A service is given the loaded book; it names no file of policies/."""

    def names_a_file(path: Path) -> bool:
        if not re.search(r"policies/|\.\./policies", text(path)):
            return False
        constants = (node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant))
        return any(isinstance(value, str) and value.startswith(("policies/", "../policies")) for value in constants)

    assert not [name for name, path in sources(service) if names_a_file(path)]


@pytest.mark.parametrize("service", SERVICES)
def test_use_cases_do_not_know_how_they_are_called(service: str) -> None:
    wrong = [
        name
        for name, path in sources(service)
        if name.startswith("usecases/")
        and re.search("fastapi|starlette|entrypoints", text(path))
        and any(
            i.split(".")[0] in {"fastapi", "starlette"} or i.startswith(f"gf_{service}.entrypoints")
            for i in imports(path)
        )
    ]
    assert not wrong
