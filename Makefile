# make demo [WAV=FILE]   build the firmware, boot it on a virtual board, watch it hear
# make test              everything that must hold: linters, type checker, tests
# make check             the linters and the type checker alone
# Both set up what they need: Debian packages, a Python environment in .venv.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

DEMO_PACKAGES := gcc libc6-dev python3-venv gcc-arm-none-eabi libnewlib-arm-none-eabi espeak-ng espeak-ng-data
TEST_PACKAGES := $(DEMO_PACKAGES) g++ qemu-system-arm cppcheck tmux libportaudio2 flite chromium chromium-driver \
	libpango-1.0-0 libpangoft2-1.0-0

DEMO_CLIP := build/demo.wav
# For the shell, whatever stands in the name: make does not expand it, quotes hold it together.
QUOTED_WAV = '$(subst ','\'',$(or $(value WAV),$(DEMO_CLIP)))'
C_FILES = $(shell git ls-files '*.c' '*.cc' '*.h')

# What a failed or interrupted step left half done is made again.
.DELETE_ON_ERROR:
.PHONY: demo test check setup setup-test clean

demo: setup $(DEMO_CLIP)
	@$(BIN)/scons -C firmware board=artemis -Q
	@$(BIN)/host listen --port sim:artemis --wav $(QUOTED_WAV)

test: check
	@$(BIN)/python -m pytest

check: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/clang-format --dry-run --Werror $(C_FILES)
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --suppress=missingInclude \
		--inline-suppr --error-exitcode=1 $(filter %.c,$(C_FILES))

setup: $(VENV)/.demo
	@setup/debian.sh $(DEMO_PACKAGES)

setup-test: $(VENV)/.test
	@setup/debian.sh $(TEST_PACKAGES)

$(VENV)/bin/python:
	@setup/debian.sh $(DEMO_PACKAGES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Earshot needs Python 3.11 or newer: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	@echo "Setting up the Python environment in $(VENV)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@echo "Setting up what training and the tests need (a few minutes, about 3 GB)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[train,power,dev]'
	@touch $@

$(DEMO_CLIP): host/demo_clip.py | $(VENV)/.demo
	@mkdir -p build
	@$(BIN)/python -m host.demo_clip $@

clean:
	rm -rf build
