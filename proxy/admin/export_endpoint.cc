#include "proxy/admin/export_endpoint.h"

#include "proxy/admin/entry_conditions.h"
#include "proxy/admin/entry_line.h"
#include "proxy/admin/entry_preview.h"
#include "proxy/admin/error_json.h"
#include "proxy/admin/query_parameters.h"

namespace larder {
namespace {

constexpr EntryCatalog::Bounds kStep{.entries = 256,
                                     .scanned = 4096,
                                     .bytes = 4U << 20,
                                     .time = std::chrono::milliseconds(100),
                                     .with_vectors = true};

}  // namespace

Response ExportEndpoint::Handle(const Request& request, const std::string& /*below*/) {
  constexpr std::array<std::string_view, 5> kNames = {"layer", "model", "partition", "namespace",
                                                      "format"};
  if (const Status known = CheckParameters(request.query(), kNames); !known.ok()) {
    return RenderError(known.error());
  }
  const auto filter = FilterOfQuery(request.query());
  if (!filter.ok()) return RenderError(filter.error());
  if (QueryParameter(request.query(), "format").value_or("jsonl") != "jsonl") {
    return RenderError(InvalidArgument("format must be jsonl", "format"));
  }
  return jobs_.Stream([this, filter = *filter, peer = request.peer](LineStream& out) {
    return Run(filter, peer, out);
  });
}

bool ExportEndpoint::Run(const EntryFilter& filter, const std::string& peer,
                         LineStream& out) const {
  Counts counts;
  Status status;
  bool read = true;
  for (const EntryLayer layer : {EntryLayer::kEmbeddings, EntryLayer::kResponses}) {
    if (!read || !status.ok() || !filter.Concerns(layer)) continue;
    const auto written = WriteLayer(layer, filter, counts, out);
    if (!written.ok()) status = written.error();
    read = written.ok() && *written;
  }
  log_.Info("export", {{"peer", peer},
                       {"entries", counts.entries},
                       {"left_out", counts.left_out},
                       {"whole", status.ok() && read},
                       {"error", status.ok() ? std::string() : status.error().message}});
  if (status.ok() && !read) return false;
  JsonWriter json;
  json.BeginObject();
  if (!status.ok()) AppendError(status.error(), json);
  json.Member("entries", counts.entries);
  if (status.ok()) json.Member("finished", true);
  json.EndObject();
  return out.Write(json.Take() + '\n');
}

Result<bool> ExportEndpoint::WriteLayer(EntryLayer layer, const EntryFilter& filter, Counts& counts,
                                        LineStream& out) const {
  std::optional<CacheKey> after;
  do {
    if (out.gone()) return false;
    const WallTime now = clock_.Now();
    LARDER_ASSIGN_OR_RETURN(const EntryCatalog::Page page,
                            catalog_.Scan(layer, after, kStep, [&](const CatalogEntry& entry) {
                              return filter.Matches(entry.Facts()) &&
                                     lifetimes_.IsFresh(entry, now);
                            }));
    for (const CatalogEntry& entry : page.entries) {
      if (!IsUtf8(entry.Facts().name_space)) {
        ++counts.left_out;
        continue;
      }
      if (!out.Write(RenderEntryLine(entry))) return false;
      ++counts.entries;
    }
    after = page.last;
  } while (after);
  return true;
}

}  // namespace larder
