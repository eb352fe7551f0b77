#include "config/setting_rows.h"
#include "config/toml_text.h"
#include "proxy/forwarding.h"

namespace larder {
namespace {

// By the number of the CacheMode.
constexpr std::array<std::string_view, 5> kModes = {"on", "record", "replay", "read-only", "off"};
static_assert(static_cast<int>(CacheMode::kReadOnly) == 3 &&
              static_cast<int>(CacheMode::kOff) == 4);
constexpr std::array<std::string_view, 2> kShares = {"tenant", "all"};

Result<std::string> NormaliseKeyedField(std::string_view text) {
  if (!IsToken(text)) {
    return InvalidArgument("must be names of header fields, got " + TomlString(text));
  }
  std::string name(text);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  if (AlwaysKeyed(name)) return InvalidArgument("need not name " + name + ", which always counts");
  return name;
}

constexpr Setting kRows[] = {
    ChoiceRow<kModes, LARDER_AT(cache_mode)>(
        "cache.mode",
        "\"on\" = the cache works. \"record\" = every cacheable request goes upstream, and its "
        "answer is stored to be replayed. \"replay\" = the cache alone answers, whatever the age; "
        "a miss is 504, and nothing goes upstream. \"read-only\" = what is cached answers, nothing "
        "new is stored. \"off\" = nothing is cached.")
        .Environment("LARDER_MODE")
        .Flag("--mode"),

    PlainRow<LARDER_AT(key_headers)>(
        "cache.key_headers",
        "Header fields of a request that can change its answer and so count in its key, besides "
        "anthropic-beta, anthropic-version, openai-beta, openai-organization and openai-project.")
        .Normalised(&NormaliseKeyedField),
    BytesRow<LARDER_AT(diagnosis.memory_bytes)>(
        "cache.diagnosis_memory_bytes", 0, 16 * kGiB,
        "Memory for saying why requests miss: which keys were stored since the start, and what "
        "stored requests looked like, as hashes; 0 = every miss counts as cold."),

    SecondsRow<LARDER_AT(embedding_cache.lifetime)>("cache.embeddings.lifetime_s", 1, kTenYears,
                                                    "Freshness lifetime of an embedding."),
    BytesRow<LARDER_AT(embedding_cache.memory_bytes)>(
        "cache.embeddings.memory_bytes", 0, kMostMemory,
        "Memory for hot embeddings, in front of the store; 0 = none."),
    PlainRow<LARDER_AT(embedding_cache.store_inputs)>(
        "cache.embeddings.store_inputs",
        "Keep the input text beside its vector; search results show it."),
    ChoiceRow<kShares, LARDER_AT(embeddings.share_all)>(
        "cache.embeddings.share",
        "Who may share an embedding: \"tenant\" = those who use the same credential or tenant, "
        "\"all\" = everybody."),
    NumberRow<void, LARDER_AT(embeddings.max_upstream_batch)>(
        "cache.embeddings.max_upstream_batch", 1, kMaxEmbeddingInputs, "inputs",
        "Most inputs in one call to the provider; more misses go in several calls."),
    BytesRow<LARDER_AT(embeddings.max_reply_bytes)>(
        "cache.embeddings.max_reply_bytes", 64 * kKiB, 4 * kGiB,
        "Largest answer of the provider to one embeddings call; a larger one is refused."),

    SecondsRow<LARDER_AT(responses.policy.lifetime)>(
        "cache.responses.lifetime_s", 1, kTenYears,
        "Freshness lifetime of chat and other whole answers."),
    SecondsRow<LARDER_AT(responses.policy.models_lifetime)>(
        "cache.responses.models_lifetime_s", 1, kTenYears,
        "Freshness lifetime of the list of models."),
    BytesRow<LARDER_AT(response_cache.memory_bytes)>(
        "cache.responses.memory_bytes", 0, kMostMemory,
        "Memory for hot answers, in front of the store; 0 = none."),
    BytesRow<LARDER_AT(responses.max_body_bytes)>(
        "cache.responses.max_body_bytes", 0, kGiB,
        "Largest answer that is stored; a larger one is relayed only."),
    PlainRow<LARDER_AT(responses.policy.sampled)>(
        "cache.responses.sampled", "Store answers that were sampled at a temperature above 0."),
    SecondsRow<LARDER_AT(responses.policy.stale_while_revalidate)>(
        "cache.responses.stale_while_revalidate_s", 0, kTenYears,
        "How long past its lifetime an answer is still given while it is fetched anew in the "
        "background; 0 = not at all."),
    SecondsRow<LARDER_AT(responses.policy.stale_if_error)>(
        "cache.responses.stale_if_error_s", 0, kTenYears,
        "How long past its lifetime an answer is still given when the provider fails; 0 = not at "
        "all. Expired entries stay on disk at least this long, whatever "
        "cache.store.keep_past_lifetime_s."),
    NumberRow<void, LARDER_AT(refreshes.max_threads)>(
        "cache.responses.refresh_threads", 1, 64, "threads",
        "Most threads that fetch stale answers anew."),
    NumberRow<void, LARDER_AT(refreshes.queue_limit)>(
        "cache.responses.refresh_queue", 1, 100'000, "answers",
        "Stale answers that may wait to be fetched anew; the next stay stale for now."),
    BytesRow<LARDER_AT(responses.stream_window_bytes)>(
        "cache.responses.stream_window_bytes", 16 * kKiB, kGiB,
        "Once a stream is too large to store: how far it may run ahead of its slowest reader."),

    BytesRow<LARDER_AT(store.block_cache_bytes)>(
        "cache.store.block_cache_bytes", kMiB, kMostMemory,
        "Memory for the store's blocks, indexes and filters."),
    BytesRow<LARDER_AT(store.write_buffer_bytes)>(
        "cache.store.write_buffer_bytes", kMiB, 64 * kGiB,
        "Memory for writes that are not on disk in sorted form yet."),
    SecondsRow<LARDER_AT(store.keep_past_lifetime)>(
        "cache.store.keep_past_lifetime_s", 0, kTenYears,
        "How long an expired entry stays on disk, for stale answers; at least as long as "
        "cache.responses.stale_while_revalidate_s and stale_if_error_s, whichever is longer."),
    BytesRow<LARDER_AT(store.min_free_bytes)>("cache.store.min_free_bytes", 0, kMostMemory,
                                              "While the disk has less room than this, nothing new "
                                              "is stored; at four times as much there "
                                              "is a warning, and old entries make room."),
    MillisecondsRow<LARDER_AT(reopening.longest_retry)>(
        "cache.store.retry_ms", 100, 3'600'000,
        "Longest wait between two attempts to open a database that failed, the collections' "
        "included; the first is made at once."),
    NumberRow<void, LARDER_AT(keep_damaged_caches)>(
        "cache.store.keep_damaged", 0, 1'000'000, "directories",
        "How many damaged cache databases, moved aside, are kept: beyond it the oldest is removed, "
        "and the log says so; 0 = all, until somebody removes them."),
    BytesRow<LARDER_AT(disk.max_bytes)>(
        "cache.store.max_bytes", 0, kMostMemory,
        "Size of the cache database on disk, beyond which the oldest entries make room, down to "
        "nine "
        "tenths of it; 0 = as large as the disk allows. Below a few times write_buffer_bytes it "
        "cannot be kept.")
        .Live(),
};

}  // namespace

std::span<const Setting> CacheSettings() {
  return kRows;
}

}  // namespace larder
