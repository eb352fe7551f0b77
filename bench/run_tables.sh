# Sourced by bench/run: what it prints.

# figures GROUP CONNECTIONS SERVER COLUMN: the rounds' values; columns are those of results, from 1.
figures() {
  awk -F'\t' -v key="$1 $2" -v server="$3" -v column="$4" '$1 == key && $2 == server {print $column}' "$results"
}
# of GROUP CONNECTIONS SERVER COLUMN: their median, nothing when there are none.
of() { [ -z "$(figures "$@")" ] || figures "$@" | median; }
# ratio A B: nothing unless both are there.
ratio() { [ -z "$1" ] || [ -z "$2" ] || awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", (b > 0 ? a / b : 0)}'; }
# versus GROUP CONNECTIONS SERVER BASE COLUMN: the quotient of their medians.
versus() { ratio "$(of "$1" "$2" "$3" "$5")" "$(of "$1" "$2" "$4" "$5")"; }

# table GROUP CPU_BASE SERVER...: medians, and how they compare with nginx's, and CPU with that of CPU_BASE.
table() {
  local group=$1 base=$2 count server
  shift 2
  echo "| connections | server | thousand req/s (least to most) | p50 us | p99 us | CPU us | req/s : nginx | p50 : nginx | p99 : nginx | CPU : $base |"
  echo "|---|---|---|---|---|---|---|---|---|---|"
  for count in $(printf '%s\n' $connections "$most" | sort -nu); do
    for server in "$@"; do
      [ -n "$(of "$group" "$count" "$server" 3)" ] || continue
      printf '| %s | %s | %.1f (%.1f to %.1f) | %.0f | %.0f | %.1f | %s | %s | %s | %s |\n' "$count" "$server" \
        "$(of "$group" "$count" "$server" 3)" $(figures "$group" "$count" "$server" 3 | sort -g | sed -n '1p;$p') \
        "$(of "$group" "$count" "$server" 4)" "$(of "$group" "$count" "$server" 5)" \
        "$(of "$group" "$count" "$server" 6)" "$(versus "$group" "$count" "$server" nginx 3)" \
        "$(versus "$group" "$count" "$server" nginx 4)" "$(versus "$group" "$count" "$server" nginx 5)" \
        "$(versus "$group" "$count" "$server" "$base" 6)"
    done
  done
}

# batch_table GROUP SERVER...: by input, each request has 64.
batch_table() {
  local group=$1 count=$batch_connections server
  shift
  echo "| server | thousand inputs/s (least to most) | p50 us | p99 us | CPU us per input | inputs/s : nginx | CPU : nginx |"
  echo "|---|---|---|---|---|---|---|"
  for server in "$@"; do
    printf '| %s | %.1f (%.1f to %.1f) | %.0f | %.0f | %.2f | %s | %s |\n' "$server" \
      $({
        of "$group" "$count" "$server" 3
        figures "$group" "$count" "$server" 3 | sort -g | sed -n '1p;$p'
      } | awk '{print $1 * 64}') \
      "$(of "$group" "$count" "$server" 4)" "$(of "$group" "$count" "$server" 5)" \
      "$(of "$group" "$count" "$server" 6 | awk '{print $1 / 64}')" "$(versus "$group" "$count" "$server" nginx 3)" \
      "$(versus "$group" "$count" "$server" nginx 6)"
  done
}

# goal WHAT MEASURED UNIT "at least"|"at most" LIMIT: a row; none when nothing was measured.
goal() {
  [ -n "$2" ] || return 0
  awk -v what="$1" -v measured="$2" -v unit="$3" -v sense="$4" -v limit="$5" 'BEGIN {
    reached = sense == "at least" ? measured + 0 >= limit + 0 : measured + 0 <= limit + 0
    printf "| %s | %s%s (goal %s %s%s) | %s |\n", what, measured, unit, sense, limit, unit, reached ? "reached" : "not reached"}'
}

# stream_figure TABLE COLUMN: Larder's, from bench/stream's tables; columns from 1.
stream_figure() {
  [ ! -f "$work_dir/streams" ] || awk -F' *[|] *' -v table="$1:" -v column="$2" '
    /^[A-Z][A-Za-z]*:/ {here = index($0, table) == 1}
    here && $2 == "Larder" {split($(column + 2), figure, " "); print figure[1]}' "$work_dir/streams"
}

print_goals() {
  local batch
  batch=$(of batch "$batch_connections" Larder 3)
  echo "| goal | measured | |"
  echo "|---|---|---|"
  goal "hit, 64 connections: throughput to nginx's" "$(versus hit 64 Larder nginx 3)" x "at least" 1.25
  goal "hit, 64 connections: CPU to a bare epoll reply's" "$(versus hit 64 Larder "bare epoll reply" 6)" x "at most" 1.3
  goal "hit, 16 connections: p99 to nginx's" "$(versus hit 16 Larder nginx 5)" x "at most" 1
  goal "hit, $most connections: system calls" "${calls_per_hit:-}" "" "at most" 3
  goal "hit, $most connections: throughput to stock cpp-httplib's" \
    "$(versus hit "$most" Larder "stock cpp-httplib" 3)" x "at least" 3
  goal "hit, $most connections: throughput to the Portkey gateway's" \
    "$(versus hit "$most" Larder "Portkey gateway" 3)" x "at least" 50
  goal "hit from disk, $most connections: throughput to nginx's from disk" "$(versus disk "$most" Larder nginx 3)" x \
    "at least" 1
  goal "batch of 64, all cached: inputs/s" "${batch:+$(awk -v n="$batch" 'BEGIN {printf "%.0f", n * 64}') k}" "" \
    "at least" "200 k"
  goal "miss, 1 connection: p50 to nginx's" "$(versus miss 1 Larder nginx 4)" x "at most" 1.3
  goal "miss, 1 connection, not stored: p50 to nginx's" "$(versus miss 1 "Larder, not stored" nginx 4)" x "at most" 1.3
  goal "miss, 64 connections: throughput to nginx's" "$(versus miss 64 Larder nginx 3)" x "at least" 0.6
  goal "miss, 64 connections, not stored: throughput to nginx's" "$(versus miss 64 "Larder, not stored" nginx 3)" x \
    "at least" 0.6
  goal "stream: first event p50" "$(stream_figure Travel 1)" " us" "at most" 500
  goal "stream: later events p50" "$(stream_figure Travel 3)" " us" "at most" 70
  goal "stream: CPU per event" "$(stream_figure CPU 1)" " us" "at most" 30
}

# print_hits: the part's tables, as those below.
print_hits() {
  echo "A hit (POST of 250 bytes, answer of 8.3 KB):"
  echo
  table hit "bare epoll reply" "bare epoll reply" nginx Larder "stock cpp-httplib" "Portkey gateway"
  echo
  [ "$portkey" = runs ] || { echo "The Portkey gateway: $portkey." && echo; }
  if [ -n "$calls_per_hit" ]; then
    echo "System calls of Larder by hit under $most connections: $calls_per_hit ($calls_by_name)."
  else
    echo "System calls of Larder: not measured, strace may not look at it."
  fi
}
print_disk() {
  echo "A hit from disk ($texts inputs in turn, on $(stat -f -c %T "$disk_dir"); Larder with no memory tier):"
  echo
  table disk nginx nginx Larder
}
print_batches() {
  echo "A batch of 64 inputs, all cached (answer of 527 KB, $batch_connections connections):"
  echo
  batch_table batch "bare epoll reply" nginx Larder
  echo
  echo "A batch of 64 inputs, 48 of them cached; nginx, which stores whole answers only, asks for all 64:"
  echo
  batch_table partly nginx Larder
}
print_misses() {
  echo "A miss (each input is new):"
  echo
  table miss "no proxy" "no proxy" nginx "Larder, not stored" Larder
}
print_streams() { sed -n '/^Travel/,$p' "$work_dir/streams"; }

print_tables() {
  local part
  echo
  if [ "$pinned" = yes ]; then
    echo "Pinned: servers on core 0, wrk on core 1; the provider shares core 1 with wrk, except without a proxy."
  else
    echo "Not pinned to cores: everything shares them."
  fi
  for part in $parts; do
    echo
    "print_$part"
  done
  echo
  echo "Goals:"
  echo
  print_goals
}
