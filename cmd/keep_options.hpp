#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/options.hpp"
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

}  // namespace metamori::cmd
