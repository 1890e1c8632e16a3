#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/options.hpp"
#include "cmd/session.hpp"
#include "metamori/keeping.hpp"

namespace metamori::cmd {

/// The options that say what to keep.
class KeepOptions {
 public:
  void describe(Options& options);
  /// What they say, for the time zone of this process. Throws usage for metadata that are not KEY=VALUE.
  [[nodiscard]] KeepPolicy policy() const;

 private:
  KeepPolicy policy_;
  std::optional<std::int64_t> within_ms_;
  std::vector<std::string> metadata_;
};

/// The rules that are set as `keep.*`; none of them: an empty policy.
KeepPolicy configured_policy(const Session& session);
/// What runs by itself where rules are set: forgets what they don't keep, and gives space back if it is worth while. What goes wrong is
/// warned of. Returns how many were forgotten.
std::uint64_t keep_by_settings(Session& session, Repository& repository);

}  // namespace metamori::cmd
