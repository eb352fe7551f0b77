# Sourced by the benchmarks: builds, starts, pins, measures, and ends everything on exit. Not run by itself.

. "$(dirname "${BASH_SOURCE[0]}")/../script/lib.sh"

# LARDER_BENCH_BUILD names another build folder than script/build's.
build_dir=${LARDER_BENCH_BUILD:-build/release}
work_dir=$(mktemp -d)
started=()
remove_also=()

# end PID...: asks each to end, kills it after 10 s, waits until it is gone.
end() {
  local pid
  for pid in "$@"; do kill "$pid" 2>/dev/null || true; done
  for pid in "$@"; do
    timeout 10 tail --pid="$pid" -f /dev/null || kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}

end_all() {
  end "${started[@]}"
  started=()
}

clean_up() {
  trap - EXIT
  end_all
  rm -rf "$work_dir" "${nginx_cache:-}" "${remove_also[@]}"
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
  cmake --build "$build_dir" --target larder bench_upstream bench_bare bench_httplib bench_load \
    bench_stream bench_crowd bench_strict bench_observe >&2
}

# on CORE COMMAND...: runs it on that core, when there is such a core and taskset.
on() {
  local core=$1
  shift
  if [ "$pinned" = yes ]; then exec taskset -c "$core" "$@"; else exec "$@"; fi
}
can_pin() { command -v taskset >/dev/null && [ "$(nproc)" -ge 2 ]; }
# pin yes|no: sets pinned, and on_core_1, which goes before a client's command.
pin() {
  pinned=$1 on_core_1=()
  case "$pinned" in
    no) ;;
    yes) can_pin || fail "pinning needs taskset and two cores"; on_core_1=(taskset -c 1) ;;
    *) fail "--pinned is yes or no, not $pinned" ;;
  esac
}
pin "$(can_pin && echo yes || echo no)"

# wait_for SECONDS COMMAND...: until COMMAND succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.05
  done
}

# start_upstream CORE NAME [OPTION...]: the provider's stand-in; sets pid and port.
start_upstream() {
  local core=$1 name=$2
  shift 2
  start_program "$core" "$name" bench_upstream "$@" </dev/null
}

# start_program CORE NAME PROGRAM [OPTION...]: one that prints its port; with what it reads on standard input; sets pid
# and port.
start_program() {
  local core=$1 file=$work_dir/$2.port program=$3
  shift 3
  : >"$file"
  on "$core" "$build_dir/bench/$program" "$@" <&0 >"$file" &
  pid=$!
  started+=("$pid")
  wait_for 10 test -s "$file" || fail "$program did not start"
  port=$(cat "$file")
}

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 10000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# start_nginx UPSTREAM_PORT [DIR]: on core 0, its cache in DIR, else in memory; sets nginx_hit, nginx_miss, nginx_stream
# (ports) and nginx (the worker's pid).
start_nginx() {
  nginx_hit=$(free_port) nginx_miss=$(free_port) nginx_stream=$(free_port)
  while [ "$nginx_miss" = "$nginx_hit" ]; do nginx_miss=$(free_port); done
  while [ "$nginx_stream" = "$nginx_hit" ] || [ "$nginx_stream" = "$nginx_miss" ]; do nginx_stream=$(free_port); done
  local parent=${2:-/dev/shm} files
  [ -d "$parent" ] && [ -w "$parent" ] || parent=$work_dir
  rm -rf "${nginx_cache:-}"
  nginx_cache=$(mktemp -d -p "$parent")
  files=$(ulimit -n)
  [ "$files" != unlimited ] && [ "$files" -ge 8192 ] || files=8192
  sed -e "s|USER|$(id -un)|; s|GROUP|$(id -gn)|; s|WORK|$work_dir|; s|CACHE|$nginx_cache|" \
    -e "s|FILES|$files|; s|HANDLES|$((files / 2))|; s|UPSTREAM|$1|" \
    -e "s|HIT_PORT|$nginx_hit|; s|MISS_PORT|$nginx_miss|; s|STREAM_PORT|$nginx_stream|" \
    bench/nginx.conf >"$work_dir/nginx.conf"
  on 0 /usr/sbin/nginx -e stderr -c "$work_dir/nginx.conf" 2>"$work_dir/nginx.log" &
  started+=($!)
  local master=$!
  wait_for 10 curl -sS "http://127.0.0.1:$nginx_miss/count" ||
    fail "nginx did not start: $(cat "$work_dir/nginx.log")"
  local child
  nginx=
  for child in $(<"/proc/$master/task/$master/children"); do
    grep -q '^nginx: worker' "/proc/$child/cmdline" && nginx=$child
  done
  [ -n "$nginx" ] || fail "nginx has no worker"
}

# start_larder CORE UPSTREAM_PORT DATA_DIR [NAME]: with the config on standard input, and a log NAME.log in the work folder
# (larder.log) that is appended to; sets pid and port.
start_larder() {
  local files=$work_dir/${4:-larder}
  cat >"$files.toml"
  : >"$files.out"
  : >"$files.log"
  on "$1" "$build_dir/larder" serve --config "$files.toml" --listen 127.0.0.1:0 \
    --upstream "http://127.0.0.1:$2/v1" --data-dir "$3" >"$files.out" 2>>"$files.log" &
  pid=$!
  started+=("$pid")
  wait_for 20 grep -q listening "$files.out" || fail "larder did not start: $(cat "$files.log")"
  port=$(sed -n 's/.*http:.*://p' "$files.out")
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
