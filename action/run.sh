#!/usr/bin/env bash
# The step of action.yml. Its inputs come in variables and never as code; what is installed for one
# step of a job serves the next ones.
set -euo pipefail

# The steps of one job share RUNNER_TEMP, and no other job has it. The runner keeps an action in a
# folder that is named after its commit.
KEPT="${RUNNER_TEMP:?the runner sets it}/esp-reconcile"
VENV="$KEPT/${ESP_ACTION_VERSION:-$(basename "${GITHUB_ACTION_PATH:?the runner sets it}")}"
REPORTING=" validate plan apply drift report "

fail() {
  echo "::error title=esp-reconcile::$1"
  exit 64
}

# Put the lines of $2 that are not blank into the array $1.
lines() {
  local -n into="$1"
  local line
  local -a all
  mapfile -t all <<<"$2"
  into=()
  for line in "${all[@]}"; do
    line="${line%$'\r'}"
    if [[ "$line" == *[![:space:]]* ]]; then into+=("$line"); fi
  done
}

check_inputs() {
  if ! [[ "${ESP_ACTION_COMMAND:-}" =~ ^[a-z][a-z-]*$ ]]; then
    fail "the input \`command\` is wanted: one word, such as validate, plan or apply"
  fi
  if ! [[ "${ESP_ACTION_VERSION:-}" =~ ^([0-9][0-9A-Za-z.+!]*)?$ ]]; then
    fail "the input \`version\` is a version, such as 1.2.3, or empty"
  fi
}

# The step runs in the checked out repository: with -I, Python takes none of its modules from there.
check_python() {
  if ! command -v "$ESP_ACTION_PYTHON" >/dev/null; then
    fail "the input \`python\` names an interpreter that is not there; have actions/setup-python before"
  fi
  if ! "$ESP_ACTION_PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    fail "Python 3.11 or newer is wanted ($("$ESP_ACTION_PYTHON" --version)); have actions/setup-python before"
  fi
}

pip_install() {
  # Only what is run needs to be compiled.
  "$VENV/bin/python" -I -m pip --quiet --disable-pip-version-check install --no-compile "$@"
}

# As the Makefile does it: each file that is fetched is one that the lock knows by digest.
install_commit() {
  local source="$GITHUB_ACTION_PATH" lock="$GITHUB_ACTION_PATH/requirements.lock"
  local -a by_lock=(--require-hashes --only-binary :all: --constraint "$lock")
  sed -n '/^pip==/,/[^\\]$/p' "$lock" | pip_install --require-hashes --requirement /dev/stdin
  pip_install "${by_lock[@]}" --group "$source/pyproject.toml:build"
  pip_install --no-index --no-deps --no-build-isolation "$source"
  pip_install "${by_lock[@]}" esp-reconcile
}

install() {
  check_python
  "$ESP_ACTION_PYTHON" -I -m venv --clear "$VENV"
  if [[ -n "$ESP_ACTION_VERSION" ]]; then
    pip_install --only-binary :all: "esp-reconcile==$ESP_ACTION_VERSION"
  else
    install_commit
  fi
  touch "$VENV/.installed"
}

# Have `plan` save its plan, and tell where it is.
keep_plan() {
  local path="" index
  for index in "${!args[@]}"; do
    case "${args[index]}" in
      --out | -o) path="${args[index + 1]:-}" ;;
      --out=*) path="${args[index]#--out=}" ;;
    esac
  done
  if [[ -z "$path" ]]; then
    path="$KEPT/plan.json"
    args+=("--out=$path")
  fi
  echo "plan=$path" >>"$GITHUB_OUTPUT"
}

check_inputs
files=()
args=()
lines files "${ESP_ACTION_FILES:-}"
lines args "${ESP_ACTION_ARGS:-}"
lead=()
# It stands before the command, and is asked for like an option of it.
for index in "${!args[@]}"; do
  if [[ "${args[index]}" == --untrusted ]]; then
    unset "args[index]"
    lead=(--untrusted)
  fi
done
if [[ "$ESP_ACTION_COMMAND" == plan ]]; then keep_plan; fi
if [[ "$REPORTING" == *" $ESP_ACTION_COMMAND "* ]]; then args+=(--report github); fi
mkdir -p "$KEPT"
if ! [[ -e "$VENV/.installed" ]]; then install; fi
exec "$VENV/bin/esp-reconcile" "${lead[@]}" "$ESP_ACTION_COMMAND" "${args[@]}" -- "${files[@]}"
