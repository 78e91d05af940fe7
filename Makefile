# The commands of the project; bare `make` lists them. Comments that begin with two signs are that list.
# Other choices: make PYTHON=python3.12 report, make STUDY=my-study report, make ARGS="-k payment" test

PYTHON ?= python3
STUDY ?= volare-alto-2023
ARGS ?=
COURSE ?= course
BIN = .venv/bin
ENVIRONMENT = command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here: install Python 3.11 or later." >&2; exit 2; }; \
              $(PYTHON) tools/environment.py

## help            this list
## report          the whole study: environment, run, demo signature, verification
## test            every test
## test-unit       each function on its own
## test-gold       the statistics against published and independently computed numbers
## test-recovery   the estimators against simulated data whose true effect is known
## test-study      the study that ships, from raw answers to signature
## test-browser    the pages of the report in a browser
## faults          runs stopped at every moment by every signal; minutes (FAULTS_SEED=7 repeats one)
## lab             the notebooks in JupyterLab
## lab-course      the lessons in JupyterLab, in a folder of the student's own (COURSE=course), without the solutions
## lessons         the course, as pages in reports/lessons
## verify          check the signature and the hashes of the report
## lint            style, types, and notebooks stored without outputs
## bench           time and memory of the slow parts
## lock            recompile the lock files and environment.yml (ARGS=--upgrade moves to newer versions)
## clean           delete what was made for the study; it can all be made again, but for real signatures

SIDE_BY_SIDE = --numprocesses auto --dist loadfile  # a file of tests stays together, with what it made
# neither news of JupyterLab nor the menus of teachers: tools/lab says so
JUPYTER_LAB = JUPYTER_CONFIG_PATH="$(CURDIR)/tools/lab" PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab
TESTS = test-unit test-gold test-recovery test-study test-browser
.PHONY: help report test faults $(TESTS) lab lab-course lessons verify lint bench lock clean environment test-environment

help:
	@sed -n 's/^## //p' Makefile

environment:
	@$(ENVIRONMENT) requirements.lock

test-environment:
	@$(ENVIRONMENT) requirements-test.lock

report: environment
	@$(BIN)/evaluation run $(STUDY)
	@$(BIN)/evaluation sign reports/$(STUDY) --demo
	@$(BIN)/evaluation verify reports/$(STUDY)

test: test-environment
	@$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS)

faults: export FAULTS_SEED := $(or $(FAULTS_SEED),$(shell date +%s))
faults: test-environment
	@echo "FAULTS_SEED=$(FAULTS_SEED)"
	@$(BIN)/pytest $(SIDE_BY_SIDE) -m faults $(ARGS)

$(TESTS): test-environment
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/$(@:test-%=%) $(ARGS)

# the environment comes first on the PATH, so that a terminal opened in JupyterLab knows `evaluation`
lab: environment
	@$(JUPYTER_LAB) --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/start.ipynb $(ARGS)

# the exercises read a public data set that comes with the test environment; work already done there is left alone
lab-course: test-environment
	@[ -e "$(COURSE)" ] || $(BIN)/evaluation lessons --student "$(COURSE)"
	@$(JUPYTER_LAB) --ServerApp.root_dir="$(abspath $(COURSE))" $(ARGS)

# the lessons read a public data set that comes with the test environment
lessons: test-environment
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/evaluation lessons

verify: environment
	@$(BIN)/evaluation verify reports/$(STUDY)

lint: test-environment
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@find notebooks -name '*.ipynb' ! -path '*/.ipynb_checkpoints/*' -exec $(BIN)/nbstripout --keep-id --verify {} +

bench: test-environment
	@$(BIN)/python tools/bench.py $(ARGS)

lock:
	@$(PYTHON) tools/lock.py $(ARGS)

clean:
	@test -n "$(STUDY)" || { echo "Name a study: make STUDY=volare-alto-2023 clean" >&2; exit 2; }
	@rm -rf ".runs/$(STUDY)" "reports/$(STUDY)" "data/processed/$(STUDY)"
