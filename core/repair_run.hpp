#pragma once

// What the parts of a repair share. Each part only adds files, replaces small ones of which the quarantine has what they were, and moves
// damaged ones there: bytes before names, and what takes a damaged file's place before the damaged one goes. So it can be killed anywhere.

#include <map>
#include <set>

#include "core/engine.hpp"
#include "core/quarantine.hpp"
#include "core/verify_run.hpp"
#include "metamori/repair.hpp"

namespace metamori {

class RepairRun {
 public:
  RepairRun(Engine& the_engine, const RepairOptions& the_options) : engine(the_engine), options(the_options), quarantine(the_engine) {}

  [[nodiscard]] bool is_dry() const noexcept { return options.dry_run; }
  void tell(std::string kind, std::string where, std::string message) {
    report.actions.push_back({std::move(kind), std::move(where), std::move(message)});
  }
  /// What verify will not report any more, and nobody can mend.
  void remain(std::string kind, std::string where, std::string message, const std::set<std::uint64_t>& affected = {});
  /// Takes a file out of use.
  void set_aside(int dir, const std::string& name, const std::string& path, const std::string& why);
  /// Puts `bytes` in the place of a small file, which goes to the quarantine. `name`: in `dir`.
  void replace(int dir, const std::string& name, const std::string& path, ByteView bytes, const std::string& why,
               std::uint32_t mode = 0600);
  void check_stop() const;

  Engine& engine;
  const RepairOptions& options;
  Quarantine quarantine;
  RepairReport report;
  std::uint64_t highest_generation = 0;  ///< that a record was written in
};

/// What `format` says, or should say.
struct FormatFile {
  std::string id;
  std::optional<std::string> text;  ///< to be put in its place
  std::string why;                  ///< and why
};
/// Throws unsupported for a newer format, which is not touched.
FormatFile look_at_format(Engine& engine);
/// Directories without which a repository isn't opened: made, empty.
void mend_directories(RepairRun& run);
void mend_caches(RepairRun& run);
/// The gc generation; an unfinished restore.
void mend_generation(RepairRun& run);
void mend_intent(RepairRun& run);
/// Tags and pins.
void mend_references(RepairRun& run);

/// Takes what is sound out of damaged packs.
class PackSalvage {
 public:
  explicit PackSalvage(RepairRun& run) : run_(run) {}
  /// What stands in `packs/` under these names is damaged.
  void run(const std::set<PackName>& damaged);
  /// Packs in `trash/` that can't be used: nothing was read from them, and who misses something looks in the quarantine.
  void set_aside_trash();
  /// Leaves out chunks that nobody can read, because what they rest on is lost: a writer would take them for known.
  void drop_unreadable(const std::set<ChunkId>& chunks);
  /// Packs that were written.
  [[nodiscard]] const std::set<PackName>& written() const noexcept { return written_; }
  /// Chunks that are in them, or in a dry run would be.
  [[nodiscard]] const std::set<ChunkId>& found() const noexcept { return found_; }

 private:
  struct File;
  void salvage_all(std::vector<File>& files, bool only_readable);
  std::optional<PackName> salvage(const File& file, std::vector<File>& all, bool only_readable);
  std::vector<PackEntry> members_of(ByteView frame, bool only_readable);
  bool is_usable(ByteView frame, bool only_readable);

  RepairRun& run_;
  std::set<PackName> written_;
  std::set<ChunkId> found_;
};

/// Finds lost chunks in the quarantine, in what dead writers left, and in the tracked tree.
class ChunkHealer {
 public:
  explicit ChunkHealer(RepairRun& run);
  ~ChunkHealer();
  /// Stores what is found of `lost`, durably, and returns what that is.
  std::set<ChunkId> heal(const std::set<ChunkId>& lost);

 private:
  class Sources;
  class Tree;
  class Writer;
  RepairRun& run_;
  std::unique_ptr<Sources> sources_;
};

/// Records that are damaged or missing: as they were, as far as that can be proved; else a tombstone that keeps number, place and id.
void mend_records(RepairRun& run);

}  // namespace metamori
