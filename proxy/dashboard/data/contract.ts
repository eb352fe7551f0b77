// The answers of the admin API, as docs/api.md has them. What an older server leaves out is optional.

export interface Latency {
  count: number;
  mean: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Money {
  currency: string;
  spent: number;
  saved: number;
  unpriced_tokens: number;
  unpriced_models: string[];
}

export const kReasons = ['cold', 'expired', 'evicted', 'purged', 'changed', 'bypass', 'uncacheable'] as const;
export type Reason = (typeof kReasons)[number];

// One line of the breakdown: what one model, key or endpoint asked.
export interface BreakdownRow {
  name: string;
  requests: number;
  hits: number;
  misses: number;
  bypass: number;
  errors: number;
  inputs: number;
  input_hits: number;
  tokens_billed: number;
  tokens_saved: number;
  spent: number;
  saved: number;
  priced: boolean | null;
  hit_ms: number | null;
  miss_ms: number | null;
}

export interface Size {
  entries: number;
  bytes: number;
  limit_bytes?: number;
}

export interface Disk {
  used_bytes: number;
  limit_bytes: number;
  free_bytes: number;
  min_free_bytes: number;
  evicted_entries: number;
  evicted_bytes: number;
  state: 'ok' | 'warning' | 'full';
  message: string;
}

export interface Task {
  name: string;
  running: boolean;
  last_started_at: number | null;
  last_took_s: number | null;
  last_result: string;
  next_at: number | null;
}

export interface Stats {
  version: string;
  upstream: string;
  builtin: boolean;
  now: number;
  started_at: number;
  uptime_s: number;
  window_s: number;
  embeddings: { requests: number; bypass: number; inputs: number; input_hits: number; hit_rate: number | null };
  responses: {
    requests: number; hits: number; misses: number; bypass: number; stale: number; request: number;
    hit_rate: number | null;
  };
  requests: {
    total: number; by_route: Record<string, number>; errors_4xx: number; errors_5xx: number; incomplete: number;
    stored: number; collapsed: number;
  };
  tokens: { billed: number; saved: number };
  latency_ms: { hit: Latency; miss: Latency; overhead?: Latency; upstream?: Latency };
  memory: { embeddings: Size; responses: Size; evictions: number };
  store: { path: string; embeddings: Size; responses: Size; failures: number; corrupt_records: number };
  index: { ready: boolean; vectors: number; bytes: number; spaces: number; queued: number; refused: number };
  collections: { count: number; loading: number; points: number; bytes: number };
  connections: number;
  workers: { threads: number; queued: number };
  money?: Money;
  time_saved_s?: number;
  miss_reasons?: Record<Reason, number>;
  changed_fields?: Record<string, number>;
  bypass_details?: Record<string, number>;
  by_model?: BreakdownRow[];
  by_partition?: BreakdownRow[];
  by_route?: BreakdownRow[];
  disk?: Disk;
  databases?: Record<'cache' | 'data', { state: string; message: string }>;
  maintenance?: { tasks: Task[] };
}

export interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
}

export interface Point {
  t: number;
  requests: number;
  embedding_inputs: number;
  embedding_input_hits: number;
  response_hits: number;
  response_misses: number;
  response_stale: number;
  response_request: number;
  bypass: number;
  errors: number;
  errors_5xx: number;
  tokens_billed: number;
  tokens_saved: number;
  hits?: number;
  misses?: number;
  spent?: number;
  saved?: number;
  hit_ms?: Quantiles | null;
  miss_ms?: Quantiles | null;
}

export interface Timeseries {
  step_s: number;
  points: Point[];
}

export const kOutcomes = ['hit', 'miss', 'bypass', 'stale', 'request'] as const;

// A finished request, as the live tail tells it.
export interface RequestEvent {
  seq: number;
  time_ms: number;
  request_id: string;
  trace_id: string;
  method: string;
  path: string;
  route: string;
  status: number;
  layer: string;
  outcome: string;
  why: string;
  changed_field: string;
  reason: string;
  model: string;
  upstream: string;
  key: string;
  partition: string;
  items: number;
  items_hit: number;
  tokens_billed: number;
  tokens_saved: number;
  spent: number;
  saved: number;
  parse_us: number;
  lookup_us: number;
  upstream_us: number;
  first_byte_us: number;
  total_us: number;
  bytes_out: number;
  complete: boolean;
  stored: boolean;
  collapsed: boolean;
}

export interface Entry {
  key: string;
  layer: 'embeddings' | 'responses';
  model: string;
  upstream: string;
  partition: string;
  namespace: string;
  stored_at: number;
  lifetime_s: number;
  ttl_s: number;
  fresh: boolean;
  bytes: number;
  kind?: string;
  dim?: number;
  input?: string | number[] | null;
  input_truncated?: boolean;
  query_only?: boolean;
  endpoint?: string;
  status?: number;
  stream?: boolean;
  prompt_tokens?: number | null;
  completion_tokens?: number | null;
  total_tokens?: number | null;
  preview?: string;
  upstream_model?: string;
  vector?: number[];
  fields?: [string, string][];
  body?: string;
}

export interface EntryPage {
  layer: string;
  data: Entry[];
  next_cursor: string | null;
  scanned: number;
}

export interface Purge {
  layer?: string;
  model?: string;
  partition?: string;
  namespace?: string;
  key?: string;
  input?: string;
  prefix?: string;
  older_than_s?: number;
  all?: boolean;
}

export interface PurgeResult {
  matched: number;
  deleted: number;
  dry_run: boolean;
  took_ms: number;
}

export interface Explained {
  route: string;
  layer: string;
  partition: string;
  namespace: string;
  upstream: string;
  model: string;
  would: string;
  why: string;
  detail: string;
  key: string;
  canonical: string | null;
  key_parts: Record<string, unknown>;
  not_in_key: string[];
  entry: Entry | null;
  nearest: { key: string; changed_field: string; detail: string } | null;
  inputs?: { index: number; key: string; would: string; why: string; entry?: Entry | null }[];
}

export interface Setting {
  key: string;
  value: unknown;
  default: unknown;
  origin: string;
  unit: string;
  description: string;
  secret: boolean;
}

export interface Readiness {
  status: string;
  index?: string;
  index_percent?: number;
  collections?: string;
  collections_percent?: number;
}

export interface Match {
  id: string;
  score: number;
  text?: string | null;
  metadata?: unknown;
}

export interface SearchAnswer {
  model: string;
  data: Match[];
  exact?: boolean;
}
