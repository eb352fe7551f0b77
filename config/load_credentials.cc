#include <array>

#include "config/address.h"
#include "config/load_state.h"
#include "config/read_file.h"
#include "config/text_checks.h"
#include "proxy/upstream/service_account.h"

namespace larder {
namespace {

// What an upstream is asked with. A file's path is not shown here: somebody may have put the secret
// in its place.
class CredentialReader {
 public:
  CredentialReader(LoadState& state, UpstreamOptions& upstream, std::string key, std::string shown)
      : state_(state), upstream_(upstream), key_(std::move(key)), shown_(std::move(shown)) {}

  void Run() {
    ReadSecret({"api_key", "key", "the provider's key"}, upstream_.api_key_env,
               upstream_.api_key_file, upstream_.api_key);
    OAuthOptions& oauth = upstream_.oauth;
    ReadSecret({"oauth_client_secret", "secret", "the client's secret"}, oauth.client_secret_env,
               oauth.client_secret_file, oauth.client_secret);
    if (!oauth.service_account_file.empty()) ReadServiceAccount();
    CheckPartners();
  }

 private:
  struct Words {
    const char* name;  // of the setting that has the secret
    const char* what;
    const char* set_it_to;
  };

  void Problem(const std::string& name, const std::string& sentence) {
    state_.ProblemWith(key_ + "." + name, shown_ + "." + name + sentence);
  }
  std::string Shown(const std::string& name) const { return shown_ + "." + name; }
  bool Failed(const char* name) const { return state_.failed.contains(key_ + "." + name); }

  void ReadSecret(const Words& words, const std::string& variable, const std::string& path,
                  std::string& secret) {
    const std::string env = words.name + std::string("_env");
    const std::string file = words.name + std::string("_file");
    const auto take = [&](std::string_view text, const std::string& from, const std::string& origin,
                          const char* holder) {
      auto taken = NormaliseApiKey(text);
      if (!taken.ok()) {
        Problem(from, holder + taken.error().message);
        return;
      }
      secret = std::move(taken).value();
      state_.loaded.origins[key_ + "." + words.name] = origin;
    };
    if (!variable.empty() && !path.empty()) {
      Problem(file,
              " stands beside " + Shown(env) + ": name one place that holds the " + words.what);
    } else if (!variable.empty()) {
      const auto value = state_.Variable(variable);
      if (value) {
        take(*value, env, "environment " + variable, " names a variable whose value ");
      } else {
        Problem(env,
                std::string(" names a variable that is not set, or set to nothing; set it to ") +
                    words.set_it_to);
      }
    } else if (!path.empty()) {
      const auto text = ReadSmallFile(path, kMaxSecretFileBytes);
      if (text.ok()) {
        take(FirstLine(*text), file, Shown(file) + " " + path, " names a file whose content ");
      } else {
        Problem(file, " names a file that cannot be read: " + text.error().message);
      }
    }
  }

  void ReadServiceAccount() {
    OAuthOptions& oauth = upstream_.oauth;
    const std::string name = "oauth_service_account_file";
    const auto text = ReadSmallFile(oauth.service_account_file, kMaxSecretFileBytes);
    if (!text.ok()) {
      Problem(name, " names a file that cannot be read: " + text.error().message);
      return;
    }
    auto account = ParseServiceAccount(*text);
    if (!account.ok()) {
      Problem(name, " names a file that " + account.error().message);
      return;
    }
    if (!oauth.token_url.empty()) account->token_url.clear();
    auto url = NormaliseTokenUrl(account->token_url);
    if (!url.ok()) {
      Problem(name, " names a file whose token_uri " + url.error().message);
      return;
    }
    account->token_url = std::move(url).value();
    if (oauth.token_url.empty() && account->token_url.empty() && !Failed("oauth_token_url")) {
      Problem(name, " names a file without a token_uri; set " + Shown("oauth_token_url"));
    }
    oauth.service_account = std::move(account).value();
  }

  // That what belongs together is there, and nothing that goes without it.
  void CheckPartners() {
    const OAuthOptions& oauth = upstream_.oauth;
    struct Given {
      const char* name;
      const std::string& value;
      bool of_client = false;
    };
    const std::array<Given, 9> all = {
        Given{"oauth_token_url", oauth.token_url},
        Given{"oauth_client_id", oauth.client_id, true},
        Given{"oauth_client_secret_env", oauth.client_secret_env, true},
        Given{"oauth_client_secret_file", oauth.client_secret_file, true},
        Given{"oauth_service_account_file", oauth.service_account_file},
        Given{"oauth_scope", oauth.scope},
        Given{"oauth_audience", oauth.audience},
        Given{"oauth_revocation_url", oauth.revocation_url},
        Given{"oauth_ca_file", oauth.ca_file}};
    const Given* first = nullptr;
    const Given* first_of_client = nullptr;
    for (const Given& one : all) {
      if (one.value.empty()) continue;
      if (first == nullptr) first = &one;
      if (one.of_client && first_of_client == nullptr) first_of_client = &one;
    }
    if (first == nullptr) return;
    for (const Given& key : {Given{"api_key_env", upstream_.api_key_env},
                             Given{"api_key_file", upstream_.api_key_file}}) {
      if (key.value.empty()) continue;
      Problem(first->name, " stands beside " + Shown(key.name) +
                               ": an upstream is asked with a key or with access tokens");
      return;
    }
    if (!oauth.service_account_file.empty()) {
      if (first_of_client == nullptr) return;
      Problem(first_of_client->name, " stands beside " + Shown("oauth_service_account_file") +
                                         ": a client asks for tokens, or a service account");
    } else if (oauth.token_url.empty()) {
      Needs(first->name, {"oauth_token_url"});
    } else if (oauth.client_id.empty()) {
      Needs("oauth_token_url", {"oauth_client_id", "oauth_service_account_file"});
    } else if (oauth.client_secret_env.empty() && oauth.client_secret_file.empty()) {
      Needs("oauth_client_id", {"oauth_client_secret_env", "oauth_client_secret_file"});
    }
  }

  void Needs(const char* name, std::initializer_list<const char*> partners) {
    std::string sentence;
    for (const char* partner : partners) {
      if (Failed(partner)) return;  // that has a line of its own
      sentence += (sentence.empty() ? " needs " : " or ") + Shown(partner);
    }
    Problem(name, sentence + " beside it");
  }

  LoadState& state_;
  UpstreamOptions& upstream_;
  const std::string key_;
  const std::string shown_;
};

}  // namespace

void ReadCredentials(LoadState& state, UpstreamOptions& upstream, const std::string& key,
                     const std::string& shown) {
  CredentialReader(state, upstream, key, shown).Run();
}

}  // namespace larder
