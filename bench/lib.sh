# Sourced by the benchmarks: builds, starts, pins, measures, and ends everything on exit. Not run by itself.

. "$(dirname "${BASH_SOURCE[0]}")/../script/lib.sh"

# LARDER_BENCH_BUILD names another build folder than script/build's.
build_dir=${LARDER_BENCH_BUILD:-build/release}
work_dir=$(mktemp -d)
started=()

# end PID...: asks each to end, kills it after 10 s, waits until it is gone.
end() {
  local pid
  for pid in "$@"; do kill "$pid" 2>/dev/null || true; done
  for pid in "$@"; do
    timeout 10 tail --pid="$pid" -f /dev/null || kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

clean_up() {
  trap - EXIT
  end "${started[@]}"
  rm -rf "$work_dir" "${nginx_cache:-}"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# number NAME VALUE: VALUE when it is a whole number of at least 1.
number() {
  [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 needs a whole number of at least 1"
  echo "$2"
}

build_bench() {
  install "${build_packages[@]}" "${bench_packages[@]}"
  if [ -z "${LARDER_BENCH_BUILD:-}" ]; then
    cmake --preset release -DLARDER_BUILD_BENCH=ON >"$work_dir/cmake.log" ||
      fail "cmake failed: $(cat "$work_dir/cmake.log")"
  fi
  cmake --build "$build_dir" --target larder bench_upstream bench_load >&2
}

# on CORE COMMAND...: runs it on that core, when there is such a core and taskset.
on() {
  local core=$1
  shift
  if [ "$pinned" = yes ]; then exec taskset -c "$core" "$@"; else exec "$@"; fi
}
pinned=no
command -v taskset >/dev/null && [ "$(nproc)" -ge 2 ] && pinned=yes

# wait_for SECONDS COMMAND...: until COMMAND succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.05
  done
}

# start_upstream CORE NAME: the provider's stand-in; sets pid and port.
start_upstream() {
  on "$1" "$build_dir/bench/bench_upstream" >"$work_dir/$2.port" &
  pid=$!
  started+=("$pid")
  wait_for 10 test -s "$work_dir/$2.port" || fail "bench_upstream did not start"
  port=$(cat "$work_dir/$2.port")
}

# start_larder CORE UPSTREAM_PORT DATA_DIR: with the config on standard input; sets pid and port.
start_larder() {
  local out=$work_dir/larder.out
  cat >"$work_dir/larder.toml"
  : >"$out"
  on "$1" "$build_dir/larder" serve --config "$work_dir/larder.toml" --listen 127.0.0.1:0 \
    --upstream "http://127.0.0.1:$2/v1" --data-dir "$3" >"$out" 2>"$work_dir/larder.log" &
  pid=$!
  started+=("$pid")
  wait_for 20 grep -q listening "$out" || fail "larder did not start: $(cat "$work_dir/larder.log")"
  port=$(sed -n 's/.*http:.*://p' "$out")
}

# upstream_count PORT MEMBER: requests or inputs that the stand-in has seen.
upstream_count() {
  curl -sS --max-time 5 "http://127.0.0.1:$1/count" | sed -E "s/.*\"$2\":([0-9]+).*/\1/"
}

# The median of the numbers on standard input.
median() { sort -g | awk '{v[NR] = $1} END {print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2}'; }

print_machine() {
  local compiler
  compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' "$build_dir/CMakeCache.txt")
  echo "- date: $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)$(
    git diff --quiet HEAD 2>/dev/null || echo ' with changes')"
  echo "- machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort -u | head -1), Linux $(uname -r)"
  echo "- compiler: $("$compiler" --version | head -1), $(
    sed -n 's/^CMAKE_CXX_FLAGS_RELEASE:[^=]*=//p' "$build_dir/CMakeCache.txt")"
  echo "- load average at the start: $(cut -d' ' -f1-3 /proc/loadavg)"
}
