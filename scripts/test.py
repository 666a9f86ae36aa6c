"""`make test`: every check and every test, with a summary at the end. Not zero when anything failed.

python scripts/test.py all | check | unit | db | kafka | e2e | browser | faults | compose
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CACHE = ROOT / ".cache"
UNIT = "not db and not kafka and not e2e and not faults and not process and not long and not browser and not compose"


@dataclass(frozen=True)
class Step:
    name: str
    command: list[str]
    # A suite in which no test carries the marker yet is not a failure.
    empty_ok: bool = False
    # A second command that runs at the same time; its output comes after the first one's.
    beside: tuple[str, ...] = ()
    #: Whether what it writes and throws away may lie in memory. Not where a container engine has to find it.
    in_memory: bool = True


def tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


def pytest(marker: str, *arguments: str) -> list[str]:
    return tool("python", "-m", "pytest", "-q", "-m", marker, "--durations=5", *arguments)


def sources() -> list[str]:
    folders = [p for pattern in ("libs/*/src/*", "services/*/src/*", "proto/src/gf_proto") for p in ROOT.glob(pattern)]
    return [str(p.relative_to(ROOT)) for p in sorted(folders) if (p / "__init__.py").exists()]


def checks() -> list[Step]:
    # The longest first: two run at a time.
    return [
        Step("类型 mypy --strict", tool("mypy", "--cache-dir", str(CACHE / "mypy"), *sources())),
        Step("部署清单 kustomize 与检查", tool("python", "scripts/check_k8s.py")),
        Step("格式 ruff format", tool("ruff", "format", "--check", "--quiet", ".")),
        Step("规范 ruff check", tool("ruff", "check", "--quiet", ".")),
        Step("导入规则 import-linter", tool("lint-imports", "--cache-dir", str(CACHE / "imports"))),
        Step("契约 buf lint", ["env", "-C", "proto", *tool("buf", "lint")]),
        Step("契约 buf breaking", ["env", "-C", "proto", *tool("buf", "breaking", "--against", baseline())]),
        Step("契约 生成代码是否最新", tool("python", "scripts/proto_fresh.py")),
        Step("政策文件", tool("python", "-c", "import gf_policy; gf_policy.load(None); print('policies: ok')")),
        Step("看板与告警 promtool", tool("python", "scripts/check_observability.py")),
        Step("文档 规则表是否最新", tool("python", "scripts/rule_table.py", "--check")),
        Step("文档 网络通路表是否最新", tool("python", "scripts/network_table.py", "--check")),
        Step("部署 Keycloak 域文件是否最新", tool("python", "scripts/realm.py", "--check")),
    ]


def baseline() -> str:
    found = sorted((ROOT / "proto").glob("baseline*")) + sorted((ROOT / "proto").glob("*.binpb"))
    return str(found[0].relative_to(ROOT / "proto")) if found else "baseline.binpb"


def unit_files() -> list[str]:
    """Files that may hold a unit test. Those of other suites alone are known by their mark: to import what they need
    takes longer than all unit tests, and to have pytest leave them out one by one a tenth of the time.
    """
    names = "|".join(re.findall(r"not (\w+)", UNIT))
    other = re.compile(rf"^pytestmark = .*\.({names})\b", re.MULTILINE)
    tops = ("libs", "proto", "services", "tests")
    files = sorted(path for top in tops for path in (ROOT / top).rglob("test_*.py"))
    return [str(path.relative_to(ROOT)) for path in files if not other.search(path.read_text("utf-8"))]


#: What a file imports that stands on FastAPI, SQLModel or protobuf: a second of imports before its first test.
_OUTWARD = re.compile(
    r"^from (gf_chassis|gf_standalone|gf_proto|gf_\w+\.entrypoints|greenladder|\.conftest)\b|\.settings\"\)", re.M
)


def unit() -> list[Step]:
    """Two plain processes: with xdist every worker and the controller collect everything. One of them never imports
    what only the other one's tests need.
    """
    halves: dict[bool, list[str]] = {False: [], True: []}
    for name in unit_files():
        halves[bool(_OUTWARD.search((ROOT / name).read_text("utf-8")))].append(name)
    # Plugins that nothing here uses, at every one of two thousand tests.
    plugins = ("xdist", "xdist.looponfail", "anyio", "logging", "platformdirs")
    unused = [part for name in plugins for part in ("-p", f"no:{name}")]
    # What a test prints is kept without turning file descriptors round, four times a test.
    usual = ("-p", "tests.support.lean", "--capture=sys", *unused)
    inward, outward = (pytest(UNIT, *usual, *halves[which]) for which in (False, True))
    return [Step("单元测试", inward, beside=tuple(outward))]


def suites(*names: str) -> list[Step]:
    return [
        Step(f"测试 {name}", pytest(MARKERS[name], *AT_ONCE.get(name, ())), empty_ok=True, in_memory=name != "compose")
        for name in names
    ]


# Each test runs once: the strongest marker it carries decides the suite.
MARKERS = {
    "db": "(db or process or long) and not kafka and not e2e and not faults and not browser",
    "kafka": "kafka and not e2e and not faults",
    "e2e": "e2e and not faults",
    "browser": "browser",
    "faults": "faults",
    "compose": "compose",
}
#: Two processes with a server each, file by file: one of them alone waits for its database half of the time.
_TWO = ("-n", "2", "--dist", "loadfile") if (os.cpu_count() or 1) > 1 else ()
AT_ONCE = {"db": _TWO, "e2e": _TWO}
PLANS: dict[str, Callable[[], list[Step]]] = {
    "check": list,
    "unit": unit,
    **{name: (lambda name=name: suites(name)) for name in MARKERS},
    "all": lambda: [*unit(), *suites(*MARKERS)],
}


def offer_java() -> None:
    """A broker from the Maven artefacts needs Java and Maven; on Debian as root they are installed when missing."""
    if os.environ.get("GF_TEST_KAFKA") or (shutil.which("java") and shutil.which("mvn")):
        return
    packages = ["openjdk-17-jre-headless", "maven"]
    if is_debian_root():
        print("Kafka 测试需要 Java 与 Maven，正在用 apt-get 安装……", flush=True)
        if subprocess.run(["apt-cache", "show", packages[0]], capture_output=True, check=False).returncode != 0:
            packages[0] = "default-jre-headless"
        apt_install(*packages)
        return
    print(
        "没有找到 Java 与 Maven：若也没有 Docker 镜像 apache/kafka 或地址 GF_TEST_KAFKA=host:port，\n"
        "Kafka 测试将被跳过。"
        f"  安装办法（Debian/Ubuntu）：apt-get install {' '.join(packages)}",
        flush=True,
    )


def offer_chromium() -> None:
    """The pages are tested in Chromium, with a font that has Chinese; on Debian as root both are installed."""
    found = os.environ.get("GF_TEST_CHROMIUM") or any(map(shutil.which, ("chromium", "chromium-browser")))
    fonts = (
        subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False) if shutil.which("fc-list") else None
    )
    if found and fonts is not None and fonts.stdout:
        return
    packages = ["chromium", "fonts-noto-cjk"]
    if is_debian_root():
        print("页面测试需要 Chromium 与中文字体，正在用 apt-get 安装……", flush=True)
        apt_install(*packages)
        return
    if not found:
        print(
            "没有找到 Chromium，页面测试将被跳过。"
            f"  安装办法（Debian）：apt-get install {' '.join(packages)}；或用 GF_TEST_CHROMIUM=路径 指明。",
            flush=True,
        )


def offer_promtool() -> None:
    """promtool checks the alert rules; Debian ships it with Prometheus, whose server nobody here starts."""
    if shutil.which("promtool") is None and is_debian_root():
        print("告警规则的检查需要 promtool，正在用 apt-get 安装……", flush=True)
        apt_install("--no-install-recommends", "prometheus")


def is_debian_root() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", *packages]):
        if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            print(f"  {' '.join(command)} 未成功。", flush=True)


def memory() -> str | None:
    """A folder in memory for what tests write and throw away: databases, logs of brokers. None where there is little.

    Some hundred databases are made; on a disk that others use too, that alone takes minutes.
    """
    shared, facts, least = Path("/dev/shm"), Path("/proc/meminfo"), 6 * 1024**3
    if "TMPDIR" in os.environ or not (os.access(shared, os.W_OK) and facts.exists()):
        return None
    available = re.search(r"MemAvailable: +(\d+) kB", facts.read_text(encoding="ascii"))
    roomy = available is not None and int(available[1]) * 1024 > least and shutil.disk_usage(shared).free > least
    return str(shared) if roomy else None


def run_at_once(steps: list[Step], environment: dict[str, str]) -> list[tuple[str, bool, float]]:
    """Short steps, two at a time; what each says comes in one piece."""

    def one(step: Step) -> tuple[str, bool, float]:
        began = time.monotonic()
        done = subprocess.run(
            step.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        print(f"\n=== {step.name}\n{done.stdout.decode(errors='replace')}", end="", flush=True)
        return step.name, done.returncode == 0, time.monotonic() - began

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, steps))


def run(step: Step, environment: dict[str, str]) -> tuple[bool, float]:
    print(f"\n=== {step.name}", flush=True)
    began = time.monotonic()
    beside = (
        subprocess.Popen(step.beside, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if step.beside
        else None
    )
    code = subprocess.run(step.command, cwd=ROOT, env=environment, check=False).returncode
    good = code == 0 or (step.empty_ok and code == 5)
    if beside is not None:
        output, _ = beside.communicate()
        print(output.decode(errors="replace"), flush=True)
        good = good and beside.returncode == 0
    return good, time.monotonic() - began


def main() -> int:
    plan = sys.argv[1] if len(sys.argv) > 1 else "all"
    if plan not in PLANS:
        print(__doc__)
        return 2
    CACHE.mkdir(exist_ok=True)
    if plan in ("all", "kafka", "faults", "e2e"):
        offer_java()
    if plan in ("all", "browser"):
        offer_chromium()
    if plan in ("all", "check"):
        offer_promtool()
    began, room = time.monotonic(), memory()
    with tempfile.TemporaryDirectory(dir=room, prefix="gf-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # our own folder; the databases' user must reach what lies in it
        report = Path(folder) / "servers"
        path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {**os.environ, "PATH": path, "GF_TEST_REPORT": str(report), "RUFF_CACHE_DIR": str(CACHE / "ruff")}
        # Compiling every module and rewriting every test anew costs each process five seconds.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        scratch = {**environment, "TMPDIR": folder} if room else environment
        results = run_at_once(checks(), environment) if plan in ("all", "check") else []
        results += [(step.name, *run(step, scratch if step.in_memory else environment)) for step in PLANS[plan]()]
        servers = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    print("\n=== 结果")
    for name, good, seconds in results:
        print(f"{'通过' if good else '失败'}  {seconds:6.1f} 秒  {name}")
    print(f"      {time.monotonic() - began:6.1f} 秒  合计")
    for line in sorted(set(servers)):
        print(line)
    bad = [name for name, good, _ in results if not good]
    if plan in ("all", "kafka") and not any(line.startswith("Kafka:") and "NONE" not in line for line in servers):
        print("!!! 没有可用的 Kafka：需要真实 Kafka 的测试一项也没有运行。")
        if os.environ.get("REQUIRE_KAFKA"):
            bad.append("Kafka")
    if plan in ("all", "browser") and not any(line.startswith("Chromium:") and "NONE" not in line for line in servers):
        print("!!! 没有可用的 Chromium：页面测试一项也没有运行。")
        if os.environ.get("REQUIRE_BROWSER"):
            bad.append("Chromium")
    if plan in ("all", "compose") and not any(line.startswith("Compose:") and "NONE" not in line for line in servers):
        print("!!! 没有可用的 Docker 引擎、Compose 或镜像：容器部署的测试一项也没有运行。")
        if os.environ.get("REQUIRE_COMPOSE"):
            bad.append("Compose")
    print("全部通过" if not bad else f"失败：{'、'.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
