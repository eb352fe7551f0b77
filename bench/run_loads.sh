# Sourced by bench/run: one measurement, checked.

ticks=$(getconf CLK_TCK)
nonce=0  # keeps the new inputs of one measurement from those of the others

# cpu_ticks PID: user and system time so far.
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }

# wrk_line SECONDS CONNECTIONS PORT MODE WRK_OPTION...: request.lua's RESULT line without the word.
wrk_line() {
  timeout $(($1 + 20)) "${on_core_1[@]}" wrk -t1 -c"$2" -d"${1}s" --latency -s bench/request.lua "${@:5}" \
    "http://127.0.0.1:$3" -- "$4" "$$-$nonce" "$texts" | sed -n 's/^RESULT //p'
}

# fill PORT MODE INPUTS: sends the load, longer each time, until it has gone around its INPUTS different inputs without
# one upstream.
fill() {
  local long before requests
  for long in 1 1 2 2 4 4 8 8 16 16 32 32; do
    before=$(upstream_count "$provider_port" inputs)
    read -r requests _ <<<"$(wrk_line "$long" 16 "$1" "$2")"
    sleep 0.2
    [ "$(upstream_count "$provider_port" inputs)" -eq "$before" ] && [ "${requests:-0}" -ge "$3" ] && return
  done
  fail "port $1 does not keep the $3 inputs of $2"
}

# settle UPSTREAM_PORT: until what wrk gave up on has reached the upstream as well; a slow server has some queued.
settle() {
  local last=
  local now
  for _ in $(seq 100); do
    sleep 0.2
    now=$(upstream_count "$1" inputs)
    [ "$now" != "$last" ] || return 0
    last=$now
  done
}

# load GROUP SERVER MODE CONNECTIONS PORT PID UPSTREAM_PORT INPUTS WRK_OPTION...: one measurement, as a line of results:
# "GROUP CONNECTIONS", server, requests per ms, p50, p99, CPU us per request. INPUTS: how many of a request's inputs go
# upstream, each time.
load() {
  local group=$1 server=$2 mode=$3 count=$4 port=$5 pid=$6 upstream=$7 each=$8
  local inputs cpu requests micros p50 p99 failures bytes vectors=1
  [ "$mode" != batch ] && [ "$mode" != partly ] || vectors=64
  inputs=$(upstream_count "$upstream" inputs)
  cpu=$(cpu_ticks "$pid")
  nonce=$((nonce + 1))
  read -r requests micros p50 p99 failures bytes <<<"$(wrk_line "$seconds" "$count" "$port" "$mode" "${@:9}")"
  cpu=$(($(cpu_ticks "$pid") - cpu))
  settle "$upstream"
  inputs=$(($(upstream_count "$upstream" inputs) - inputs))

  local what="$server, $mode, $count connections"
  [ "${requests:-0}" -gt 0 ] || fail "$what: no answer"
  [ "$failures" -eq 0 ] || fail "$what: $failures answers were not status 200 or did not come"
  [ $((bytes / requests)) -gt $((8192 * vectors)) ] || fail "$what: answers of $((bytes / requests)) bytes hold no vector"
  # Those under way when wrk stopped were not counted by it.
  [ "$inputs" -ge $((requests * each)) ] && [ "$inputs" -le $(((requests + count) * each)) ] ||
    fail "$what: $requests requests, and $inputs inputs came upstream"
  awk -v OFS='\t' -v server="$server" -v key="$group $count" -v n="$requests" -v us="$micros" -v p50="$p50" \
    -v p99="$p99" -v cpu="$cpu" -v ticks="$ticks" \
    'BEGIN {print key, server, n / us * 1e3, p50, p99, cpu / ticks * 1e6 / n}' >>"$results"
}

# count_calls: sets calls_per_hit, system calls of Larder by request under hits, and calls_by_name, the frequent ones.
# Empty when strace may not look.
count_calls() {
  local trace=$work_dir/strace tracer requests
  calls_per_hit= calls_by_name=
  strace -f -c -U name,calls -o "$trace" -p "$larder" 2>"$trace.log" &
  tracer=$!
  started+=("$tracer")
  wait_for 5 grep -q attached "$trace.log" || return 0
  read -r requests _ <<<"$(wrk_line 2 "$most" "$larder_port" hit)"
  kill -INT "$tracer"
  wait "$tracer" || true
  calls_per_hit=$(awk -v n="$requests" '$1 == "total" {printf "%.2f", $2 / n}' "$trace")
  calls_by_name=$(awk -v n="$requests" '$2 ~ /^[0-9]+$/ && $1 != "total" && $2 / n >= 0.01 {
    printf "%s%s %.2f", (found++ ? ", " : ""), $1, $2 / n}' "$trace")
}
