#include "proxy/route.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

struct Case {
  const char* method;
  const char* target;
  RouteKind kind;
  const char* label;
  const char* upstream_path = "";
  bool from_origin = false;
  const char* model = "";
};

TEST(RouteTest, IsDecidedByMethodAndPath) {
  const Case kCases[] = {
      {"GET", "/livez", RouteKind::kHealth, "health"},
      {"GET", "/readyz?x", RouteKind::kHealth, "health"},
      {"GET", "/healthz", RouteKind::kHealth, "health"},
      {"GET", "/metrics", RouteKind::kMetrics, "metrics"},
      {"GET", "/", RouteKind::kDashboard, "dashboard"},
      {"GET", "/dashboard", RouteKind::kDashboard, "dashboard"},
      {"GET", "/dashboard/app.js", RouteKind::kDashboard, "dashboard"},
      {"GET", "/admin/v1/stats?window=1h", RouteKind::kAdmin, "admin"},
      {"POST", "/admin", RouteKind::kAdmin, "admin"},
      {"POST", "/v1/search", RouteKind::kSearch, "search"},
      {"GET", "/v1/search", RouteKind::kSearch, "search"},
      {"GET", "/v1/collections", RouteKind::kCollections, "collections"},
      {"PUT", "/v1/collections/a%20b?x", RouteKind::kCollections, "collections"},
      {"POST", "/v1/collections/a/upsert", RouteKind::kCollections, "collections"},
      {"POST", "/v1/collectionsx", RouteKind::kPassThrough, "passthrough", "/collectionsx"},
      {"POST", "/v1/vector_stores/a/search?b=c", RouteKind::kVectorStore, "passthrough",
       "/vector_stores/a/search?b=c"},
      {"GET", "/v1/vector_stores/a/search", RouteKind::kPassThrough, "passthrough",
       "/vector_stores/a/search"},
      {"POST", "/v1/vector_stores/a/files", RouteKind::kPassThrough, "passthrough",
       "/vector_stores/a/files"},
      {"POST", "/v1/vector_stores", RouteKind::kPassThrough, "passthrough", "/vector_stores"},
      {"GET", "/client/v4/accounts/a/vectorize/v2/indexes", RouteKind::kVectorize, "vectorize"},
      {"POST", "/client/v4/accounts/a/vectorize/v2/indexes/x/query", RouteKind::kVectorize,
       "vectorize"},
      {"POST", "/v1/embeddings", RouteKind::kEmbeddings, "embeddings", "/embeddings"},
      {"POST", "/v1/embeddings?a=%20b", RouteKind::kEmbeddings, "embeddings", "/embeddings?a=%20b"},
      {"POST", "/v1/chat/completions", RouteKind::kResponses, "chat", "/chat/completions"},
      {"POST", "/v1/completions", RouteKind::kResponses, "completions", "/completions"},
      {"POST", "/v1/moderations", RouteKind::kResponses, "moderations", "/moderations"},
      {"POST", "/v1/responses", RouteKind::kResponses, "responses", "/responses"},
      {"GET", "/v1/models", RouteKind::kResponses, "models", "/models"},
      {"GET", "/v1/models/a%2Fb", RouteKind::kResponses, "models", "/models/a%2Fb"},
      {"GET", "/v1/embeddings", RouteKind::kPassThrough, "passthrough", "/embeddings"},
      {"POST", "/v1/files", RouteKind::kPassThrough, "passthrough", "/files"},
      {"DELETE", "/v1/responses/r", RouteKind::kPassThrough, "passthrough", "/responses/r"},
      {"POST", "/v1/search/x", RouteKind::kPassThrough, "passthrough", "/search/x"},
      {"GET", "/v1", RouteKind::kPassThrough, "passthrough", "/"},
      {"GET", "/v1?a=b", RouteKind::kPassThrough, "passthrough", "/?a=b"},
      {"GET", "/v1/", RouteKind::kPassThrough, "passthrough", "/"},
      {"GET", "/v1/%0d%0aX:y", RouteKind::kPassThrough, "passthrough", "/%0d%0aX:y"},
      // What only means a cached endpoint is that one, everywhere
      {"POST", "/v1/%65mbeddings?a=%62", RouteKind::kEmbeddings, "embeddings", "/embeddings?a=%62"},
      {"POST", "/v1//chat///completions/", RouteKind::kResponses, "chat", "/chat/completions"},
      {"POST", "/v1/chat%2Fcompletions", RouteKind::kResponses, "chat", "/chat/completions"},
      {"POST", "/openai/deployments/d%2fe//chat%2fcompletions", RouteKind::kResponses, "chat",
       "/openai/deployments/d%2fe/chat/completions", true, "d/e"},
      {"POST", "/openai/v1/%65mbeddings", RouteKind::kEmbeddings, "embeddings",
       "/openai/v1/embeddings", true},
      {"GET", "/v1//models/a%2Fb/", RouteKind::kResponses, "models", "//models/a%2Fb/"},
      {"GET", "/v1//files/%61/", RouteKind::kPassThrough, "passthrough", "//files/%61/"},
      // Azure
      {"POST", "/openai/deployments/d/embeddings?api-version=1", RouteKind::kEmbeddings,
       "embeddings", "/openai/deployments/d/embeddings?api-version=1", true, "d"},
      {"POST", "/openai/deployments/my%20d/chat/completions", RouteKind::kResponses, "chat",
       "/openai/deployments/my%20d/chat/completions", true, "my d"},
      {"POST", "/openai/deployments/d/images/generations", RouteKind::kPassThrough, "passthrough",
       "/openai/deployments/d/images/generations", true, "d"},
      {"POST", "/openai/v1/embeddings", RouteKind::kEmbeddings, "embeddings",
       "/openai/v1/embeddings", true},
      {"POST", "/openai/v1/responses?api-version=preview", RouteKind::kResponses, "responses",
       "/openai/v1/responses?api-version=preview", true},
      {"POST", "/openai/responses?api-version=1", RouteKind::kResponses, "responses",
       "/openai/responses?api-version=1", true},
      {"GET", "/openai/models?api-version=1", RouteKind::kResponses, "models",
       "/openai/models?api-version=1", true},
      {"GET", "/openai/deployments/d", RouteKind::kPassThrough, "passthrough",
       "/openai/deployments/d", true, "d"},
      {"GET", "/openai/deployments", RouteKind::kPassThrough, "passthrough", "/openai/deployments",
       true},
      {"POST", "/openai/deployments//embeddings", RouteKind::kEmbeddings, "embeddings",
       "/openai/deployments//embeddings", true, ""},
      // Not Larder's
      {"GET", "/client/v4/accounts//vectorize/v2/indexes", RouteKind::kNotFound, "unknown"},
      {"GET", "/client/v4/accounts/a/vectorize/indexes", RouteKind::kNotFound, "unknown"},
      {"GET", "/client/v4/accounts/a", RouteKind::kNotFound, "unknown"},
      {"GET", "/v1x", RouteKind::kNotFound, "unknown"},
      {"GET", "/v2/models", RouteKind::kNotFound, "unknown"},
      {"GET", "/dashboardx", RouteKind::kNotFound, "unknown"},
      {"GET", "/adminx", RouteKind::kNotFound, "unknown"},
      {"GET", "/livez/", RouteKind::kNotFound, "unknown"},
      {"GET", "/openaix/v1/models", RouteKind::kNotFound, "unknown"},
      {"GET", "//v1/models", RouteKind::kNotFound, "unknown"},
      {"GET", "/V1/models", RouteKind::kNotFound, "unknown"},
      {"GET", "*", RouteKind::kNotFound, "unknown"},
      {"GET", "", RouteKind::kNotFound, "unknown"},
  };
  for (const Case& c : kCases) {
    const Route route = RouteOf(c.method, c.target);
    EXPECT_EQ(route.kind, c.kind) << c.method << " " << c.target;
    EXPECT_EQ(route.label, c.label) << c.method << " " << c.target;
    EXPECT_EQ(route.upstream_path, c.upstream_path) << c.method << " " << c.target;
    EXPECT_EQ(route.from_origin, c.from_origin) << c.method << " " << c.target;
    EXPECT_EQ(route.model_in_path, c.model) << c.method << " " << c.target;
  }
}

TEST(RouteTest, TakesThePathBelowApart) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(RouteOf("GET", "/v1/collections?limit=1").segments, Segments());
  EXPECT_EQ(RouteOf("GET", "/v1/collections/").segments, Segments());
  EXPECT_EQ(RouteOf("POST", "/v1/collections/a%2Fb%20c/upsert").segments,
            (Segments{"a/b c", "upsert"}));
  EXPECT_EQ(RouteOf("POST", "/v1/vector_stores/vs%5F1/search").segments, Segments{"vs_1"});
  EXPECT_EQ(
      RouteOf("GET", "/client/v4/accounts/1/vectorize/v2/indexes/x/metadata_index/list").segments,
      (Segments{"x", "metadata_index", "list"}));
}

TEST(RouteTest, PatternsSeeThePathAsServersReadIt) {
  EXPECT_EQ(RouteOf("GET", "/v1/files?a=b").api_path, "/files");
  EXPECT_EQ(RouteOf("GET", "/v1//%66iles%2Fa%20b//?x").api_path, "/files/a b");
  EXPECT_EQ(RouteOf("GET", "/v1").api_path, "");
  EXPECT_EQ(RouteOf("GET", "/v1/").api_path, "/");
  EXPECT_EQ(RouteOf("POST", "/openai/deployments/d//images/").api_path, "/images");
  EXPECT_EQ(RouteOf("DELETE", "/v1//responses/resp%5F1/").deletes_response, "resp_1");
  EXPECT_EQ(RouteOf("DELETE", "/v1/%72esponses%2fresp_1").deletes_response, "resp_1");
}

}  // namespace
}  // namespace larder
