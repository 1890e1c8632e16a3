#pragma once

// What the parts of a verification share: what was found, how far it is, whether to stop. Damage is noted and never thrown.

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "core/engine.hpp"

namespace metamori {

/// Damage to one chunk, or to the pack that should hold it.
struct BadChunk {
  std::string where;
  std::string message;
  std::string path;                  ///< one that needs it
  std::set<std::uint64_t> affected;  ///< numbers of the checkpoints that need it
  bool is_leftover = false;          ///< no damage unless a checkpoint needs it
};

/// `note` and what is told of progress may be called from any thread.
class VerifyRun {
 public:
  VerifyRun(Engine& the_engine, const VerifyOptions& the_options);

  /// A problem of no chunk. `affected`: numbers of checkpoints.
  void note(std::string kind, std::string where, std::string message, std::set<std::uint64_t> affected = {});
  /// The first word on a chunk counts.
  void note_chunk(const ChunkId& id, std::string where, std::string message, bool is_leftover = false);
  /// Null if nothing is known against the chunk. For one thread, when the packs have been read.
  BadChunk* find_bad(const ChunkId& id);
  void note_unreadable_pack() noexcept { has_unreadable_pack_ = true; }
  /// A pack in which bytes are not what they should be, as against one that rests on what is lost.
  void note_damaged_pack(const PackName& name);
  [[nodiscard]] const std::set<PackName>& damaged_packs() const noexcept { return damaged_packs_; }
  /// Chunks that checkpoints need and that can't be read. When everything was looked at.
  [[nodiscard]] std::set<ChunkId> lost_chunks() const;
  /// All that can't be read, whoever needs them.
  [[nodiscard]] std::set<ChunkId> bad_chunks() const;
  /// Says no more of a chunk.
  void forgive(const ChunkId& id) { bad_.erase(id); }

  void begin(Phase phase, std::uint64_t bytes_total);
  void add_bytes(std::uint64_t count);
  void add_file();
  /// Throws interrupted or timed_out.
  void check_stop() const;
  /// Whether no more content is to be read.
  [[nodiscard]] bool is_time_over() const;
  [[nodiscard]] std::size_t job_count() const noexcept;

  /// All problems, each with the checkpoints it affects.
  VerifyReport finish();

  Engine& engine;
  const VerifyOptions& options;
  std::uint64_t checkpoint_count = 0;
  std::uint64_t pack_count = 0;
  std::uint64_t chunk_count = 0;
  bool is_complete = true;

 private:
  struct Found {
    VerifyProblem problem;
    std::set<std::uint64_t> affected;
  };
  void tell();
  std::vector<CheckpointInfo> describe(const std::set<std::uint64_t>& numbers);

  std::int64_t started_ns_;
  std::mutex mutex_;
  std::vector<Found> found_;
  std::map<ChunkId, BadChunk> bad_;
  std::set<PackName> damaged_packs_;
  std::map<std::uint64_t, CheckpointInfo> described_;
  std::atomic<bool> has_unreadable_pack_{false};
  std::atomic<std::uint64_t> bytes_{0}, files_{0};
  std::atomic<std::int64_t> next_tell_ns_{0};
  std::mutex tell_mutex_;
  Progress progress_;
};

/// Each pack against its own index and its frames' headers; with options.data every chunk decoded and hashed.
void verify_packs(VerifyRun& run);
/// One of them, in the calling thread.
void verify_pack(VerifyRun& run, const PackName& name);
/// Each record, what it refers to, and everything that its root leads to.
void verify_records(VerifyRun& run);

}  // namespace metamori
