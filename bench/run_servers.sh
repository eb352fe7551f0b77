# Sourced by bench/run: the servers beside those of lib.sh, each with its port and process.

# install_portkey: from npm into the work folder; fails when there is no npm or no registry. To be run in
# a subshell.
install_portkey() {
  [ "$portkey" = wanted ] || return 0
  command -v npm >/dev/null || return 1
  mkdir -p "$work_dir/portkey"
  cd "$work_dir/portkey"
  exec timeout 240 npm install --no-audit --no-fund --ignore-scripts @portkey-ai/gateway >npm.log 2>&1
}

# start_portkey: on core 0, before the provider; sets portkey_port, portkey_pid, portkey_fields, and portkey to "runs".
start_portkey() {
  [ "$portkey" = wanted ] || [ "$portkey" = runs ] || return 0
  portkey_port=$(free_port)
  portkey_fields=(-H "x-portkey-provider: openai" -H "x-portkey-custom-host: http://127.0.0.1:$provider_port/v1")
  NODE_ENV=production on 0 node --import ./bench/portkey_fetch.mjs \
    "$work_dir/portkey/node_modules/@portkey-ai/gateway/build/start-server.js" --port="$portkey_port" \
    --headless >"$work_dir/portkey.log" 2>&1 &
  portkey_pid=$!
  started+=("$portkey_pid")
  wait_for 60 portkey_answers || fail "the Portkey gateway does not answer 200: $(tail -3 "$work_dir/portkey.log")"
  portkey=runs
}
portkey_answers() { post "$portkey_port" 1 "${portkey_fields[@]}"; }

# post PORT INPUTS CURL_OPTION...: one request of that many inputs; fails unless it is answered 200.
post() {
  local inputs
  inputs=$(for ((i = 1; i <= $2; ++i)); do printf '%s"%-100s"' "${separator:-}" "sample $i"; separator=,; done)
  [ "$2" -ne 1 ] || inputs=${inputs// /.}
  curl -fsS --max-time 10 "http://127.0.0.1:$1/v1/embeddings" -H "Authorization: Bearer sk-bench" \
    -H "Content-Type: application/json" "${@:3}" \
    -d "{\"model\":\"bench-embedding\",\"encoding_format\":\"base64\",\"input\":[$inputs]}"
}

# start_bare INPUTS: the bare epoll loop on core 0, with Larder's own answer to a hit of that many inputs, head and
# body; sets bare, bare_port and leaves the body in $work_dir/answer.body.
start_bare() {
  post "$larder_port" "$1" >/dev/null
  post "$larder_port" "$1" -D "$work_dir/answer.head" -o "$work_dir/answer.body"
  start_program 0 bare bench_bare < <(cat "$work_dir/answer.head" "$work_dir/answer.body")
  bare=$pid bare_port=$port
}

# start_httplib: on core 0, with the body of start_bare.
start_httplib() {
  start_program 0 httplib bench_httplib --threads "$most" <"$work_dir/answer.body"
  httplib=$pid httplib_port=$port
}

# start_larder_at DATA_DIR [CONFIG]: on core 0, before the provider; sets larder and larder_port.
start_larder_at() {
  start_larder 0 "$provider_port" "$1" <<EOF
[server]
loops = 1
[log]
requests = false
[search]
index_cached_inputs = $index
${2:-}
EOF
  larder=$pid larder_port=$port
}

# find_disk: sets disk_dir, a folder that is not in memory, and disk_config, with which Larder keeps nothing in its
# memory tier and all of the store's blocks in its block cache.
find_disk() {
  disk_dir=
  local parent
  for parent in "$work_dir" /var/tmp "$build_dir"; do
    [ -d "$parent" ] && [ "$(stat -f -c %T "$parent")" != tmpfs ] || continue
    disk_dir=$(mktemp -d -p "$parent")
    break
  done
  [ -n "$disk_dir" ] || fail "found no folder that is not in memory"
  remove_also+=("$disk_dir")
  disk_config="[cache.embeddings]
memory_bytes = 0
[cache.store]
block_cache_bytes = $((texts * 13000 + 64 * 1024 * 1024))"
}

versions() {
  echo "$("$build_dir/larder" version), $(/usr/sbin/nginx -v 2>&1 | sed 's/nginx version: //'), wrk $(
    dpkg-query -W -f='${Version}' wrk), cpp-httplib $(dpkg-query -W -f='${Version}' libcpp-httplib-dev)$(
    [ ! -d "$work_dir/portkey" ] || sed -n 's/^ *"version": "\(.*\)",/, Portkey gateway \1/p' \
      "$work_dir/portkey/node_modules/@portkey-ai/gateway/package.json"), search index $(
    [ $index = true ] && echo on || echo off)"
}
