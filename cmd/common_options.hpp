#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/options.hpp"

namespace metamori::cmd {

enum class ColorMode { automatic, always, never };
enum class ProgressMode { automatic, none, plain };

/// What every command takes, before or after its name.
struct CommonOptions {
  std::vector<std::string> directories;  ///< of -C, each relative to the one before
  std::optional<std::string> repository_dir;
  std::vector<std::string> settings;  ///< of -c, `key=value`
  bool quiet = false;
  bool verbose = false;
  bool json = false;
  bool json_lines = false;
  bool exact_bytes = false;
  ProgressMode progress = ProgressMode::automatic;
  std::uint64_t progress_every_ms = 10'000;  ///< between lines of plain progress
  ColorMode color = ColorMode::automatic;
  std::optional<std::int64_t> lock_timeout_ms;
  std::uint32_t jobs = 0;
  bool no_pager = false;
  bool help = false;
  bool version = false;
};

void describe_common(Options& options, CommonOptions& common);

}  // namespace metamori::cmd
