# The commands of the project. Nothing is needed before them but Python 3.11 or newer and make.
# 常用：make run（演示）  make test（全部检查与测试）

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first Python that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
    command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    && { echo $$p; break; }; done)
VENV := .venv/bin

export PORT DATA

.PHONY: help run setup test check unit test-browser bench test-faults test-compose fmt lock python

help:
	@echo "make run          启动演示（PORT=8000 DATA=.data 可改）"
	@echo "make test         全部检查与测试（真实 PostgreSQL 与 Kafka）"
	@echo "make check        只做静态检查（格式、类型、导入规则、契约、政策文件、文档）"
	@echo "make unit         只跑单元测试"
	@echo "make test-browser 在 Chromium 里点击页面的测试（PICTURES=1 时更新 docs/pictures）"
	@echo "make test-faults  故障注入的长测（每个崩溃点至少 20 次）"
	@echo "make test-compose 只跑容器部署的测试（需要 Docker 与 Compose；make test 也会跑）"
	@echo "make bench        与手写参照比较的性能测试"
	@echo "make fmt          整理代码格式"
	@echo "make lock         更新 requirements.lock 与 requirements-dev.lock"

python:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 或更高版本（python3），本机没有找到。请先安装，例如 apt-get install python3 python3-venv。" >&2; exit 1; }

run: python
	@$(PYTHON) scripts/bootstrap.py run
	@exec $(VENV)/python -m gf_standalone

setup: python
	@$(PYTHON) scripts/bootstrap.py dev

test: setup
	@$(VENV)/python scripts/test.py all

check: setup
	@$(VENV)/python scripts/test.py check

unit: setup
	@$(VENV)/python scripts/test.py unit

test-browser: setup
	@GF_PICTURES=$${PICTURES:-} $(VENV)/python scripts/test.py browser

test-faults: setup
	@GF_FAULT_ROUNDS=$${GF_FAULT_ROUNDS:-20} $(VENV)/python scripts/test.py faults

test-compose: setup
	@$(VENV)/python scripts/test.py compose

bench: setup
	@$(VENV)/python -m bench

fmt: setup
	@$(VENV)/ruff check --fix --exit-zero --quiet .
	@$(VENV)/ruff format --quiet .

lock: setup
	@$(VENV)/python scripts/lock.py
