#pragma once

// What `checkpoint` and `watch` have in common: how a checkpoint is taken, and how it is told of.

#include "cmd/options.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {

/// How files are captured and what is noted.
struct CheckpointManner {
  CheckpointOptions checkpoint;
  std::vector<std::string> metadata;  ///< as given, `K=V`
  std::optional<std::int64_t> time_limit_ms;
  std::optional<std::uint64_t> rate_limit_bytes;
  bool is_nice = false;
};

void describe_checkpoint_manner(Options& options, CheckpointManner& manner);
/// Of these, the options about reading the tree alone.
void describe_reading(Options& options, CheckpointManner& manner);
/// Fills in what the options don't say: metadata of the batch job, author, time zone. Throws usage for bad metadata.
void complete_checkpoint_manner(const Session& session, CheckpointManner& manner);

/// Puts the limits into what the library is told.
void limit_checkpoint(const CheckpointManner& manner, Control& control);

/// `checkpoint 17 3f2a9c01 (main): 3 files changed, 64.0 KiB new of 1.2 GiB, 0.08 s`
std::string checkpoint_summary(const Session& session, const CheckpointReport& report, bool dry_run);
/// Losses always; what is merely worth knowing with -v.
void print_verdicts(Session& session, const CheckpointReport& report);

}  // namespace metamori::cmd
