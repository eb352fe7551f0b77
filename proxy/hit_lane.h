// HitLane: the proxy's fast lane. A whole, small request for a cached endpoint whose answer stands
// in memory is answered on the loop: one pass over its fields, one over its body, one look-up for
// each key, one write. It gives what Proxy::Handle gives, byte for byte but for times and ids, or
// declines; tests/proxy/hit_lane_test.cc sends every kind of request both ways.
//
// Thread-safety: none; one for each loop.
#pragma once

#include <functional>
#include <string>

#include "proxy/access/callers.h"
#include "proxy/admin/request_record.h"
#include "proxy/hit_fields.h"
#include "proxy/http/fast_lane.h"
#include "proxy/openai/embedding_hits.h"
#include "proxy/openai/responses_handler.h"

namespace larder {

class HitLane final : public FastLane {
 public:
  // All outlive the lane.
  struct Parts {
    EmbeddingsService& embeddings;
    ResponsesHandler& responses;
    const Callers& callers;
    const Clock& clock;
    const std::function<void(const RequestRecord&)>& observer;  // may be empty
    std::string_view upstream;  // for the records, where there was no choice
    bool varies_by_origin;      // pages may call: caches in between must tell them apart
  };
  explicit HitLane(const Parts& parts);

  bool Answer(const FastRequest& request, FastAnswer& answer) override;
  void OnSent(const SendOutcome& outcome) override;
  std::function<void(const SendOutcome&)> Later() override;

 private:
  bool Admit(const Callers::Caller& caller, std::string_view path);
  bool AnswerEmbeddings(const HitRequest& request);
  bool AnswerResponse(const HitRequest& request);
  void WriteHead(const FastRequest& request);
  // The wall clock's time at a moment of the other one, which it is held against once in a while:
  // reading a clock costs as much as writing a field.
  WallTime WallAt(MonoTime now);
  static void Finish(const Parts& parts, MonoTime now, WallTime wall, MonoTime received,
                     RequestRecord& record, const SendOutcome& outcome);

  const Parts parts_;
  HitFields fields_;
  JsonParser parser_;
  EmbeddingHits embeddings_;
  // Of the answer being given.
  ResponsePointer entry_;
  bool limited_ = false;
  RateState rate_;  // of a limited caller
  std::string head_;
  std::string body_;
  MonoTime received_{};
  MonoTime held_against_{};  // when wall_ was read
  WallTime wall_{};
  RequestRecord record_;
};

}  // namespace larder
