#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/session.hpp"

namespace metamori::cmd {

/// What a format may ask for beyond the checkpoint itself.
struct FormatContext {
  const Session& session;
  Repository& repository;
  const CheckpointInfo* head = nullptr;
  std::int64_t now_seconds = 0;
  bool is_raw = false;  ///< texts as they are, not made safe to show
};

/// The argument of `--format`: text with placeholders, as git's where there is such a thing; metamori-log(1) lists them.
class LogFormat {
 public:
  /// Throws usage for a placeholder that doesn't exist.
  explicit LogFormat(std::string_view text);
  [[nodiscard]] std::string render(const LogEntry& entry, const FormatContext& context) const;

 private:
  using Piece = std::function<std::string(const LogEntry&, const FormatContext&)>;
  std::size_t add_placeholder(std::string_view rest);
  std::vector<Piece> pieces_;
};

}  // namespace metamori::cmd
