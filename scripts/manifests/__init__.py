"""Checks of the Kubernetes manifests 部署清单检查: what a real API server, node or KEDA would refuse or misunderstand.

``check(objects, context)`` goes through the built YAML of one overlay; each finding names the file and the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scripts.manifests import identity, links, network, pods, processes, scaling
from scripts.manifests.context import Context
from scripts.manifests.objects import Finding, Manifest, load

__all__ = ["Context", "Finding", "Manifest", "check", "load"]

Rule = Callable[[Sequence[Manifest], Context], list[Finding]]
RULES: tuple[Rule, ...] = (identity.check, pods.check, links.check, network.check, scaling.check, processes.check)


def check(objects: Sequence[Manifest], context: Context) -> list[Finding]:
    """Everything that is wrong with the objects of one overlay, in the order of the files."""
    found = {finding for rule in RULES for finding in rule(objects, context)}
    return sorted(found)
