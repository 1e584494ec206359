# `make demo` and `make test` work in a fresh clone with only Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: qgis-plugin demo test check docs setup results benchmark smoke clean

demo: $(VENV)/.base  ## find the boats of a simulated 10240 x 10240 scene
	mkdir -p demo
	$(BIN)/pdn-geo simulate --out demo/scene.tif --size 10240 --gsd 1 --wind 3 --boats 40 --seed 0
	$(BIN)/pdn-geo detect demo/scene.tif --out demo/boats.gpkg --out demo/boats.geojson --preview demo/boats.png
	$(BIN)/pdn-geo evaluate demo/boats.gpkg demo/scene.truth.gpkg --scene demo/scene.tif

test: $(VENV)/.all  ## everything that CI tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.all  ## lint, format, types, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.all  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

setup: $(VENV)/.all  ## the environment for development, with torch

results: $(VENV)/.all  ## docs/results.md from the labelled scenes; an hour
	$(BIN)/python benchmarks/results.py

smoke: | $(BIN)/python  ## the wheel in an empty environment, without torch
	$(BIN)/python benchmarks/smoke_wheel.py

benchmark: $(VENV)/.benchmark  ## peak memory against its limits; benchmarks/RESULTS.md; some hours
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/speed.py

qgis-plugin:  ## dist/pdn_geo_provider.zip, for QGIS: Plugins > Install from ZIP
	mkdir -p dist
	$(PYTHON) qgis/package.py dist/pdn_geo_provider.zip

clean:
	rm -rf $(VENV) demo build dist *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/.all: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable ".[torch,notebooks,docs,dev]"
	touch $@ $(VENV)/.base

$(VENV)/.benchmark: $(VENV)/.all
	$(PIP) --editable ".[benchmark]"
	touch $@
