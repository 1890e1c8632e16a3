#pragma once

// A repository with a long history, made through the public library: for measuring what looking at it costs.

#include <cstdint>
#include <string>

#include "metamori/repository.hpp"

namespace metamori::test {

struct LongHistoryOptions {
  std::string directory;  ///< of the tree; empty
  std::uint64_t checkpoints = 1000;
  std::uint64_t branch_every = 1000;  ///< go back by ten checkpoints after so many, and on from there
};

/// A job's tree: 200 files of input that stay, `out/state.bin` of 256 KiB with one changed page a step, `out/log.txt` that grows, `step`;
/// `out/restart.bin` is new every tenth step and moved to `out/old.bin` by the next. Each step is a checkpoint.
Repository make_long_history(const LongHistoryOptions& options);

}  // namespace metamori::test
