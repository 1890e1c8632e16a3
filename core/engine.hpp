#pragma once

// One opened repository, as the walks of the engine see it.

#include <memory>
#include <string>

#include "base/files.hpp"
#include "metamori/repository.hpp"
#include "objects/chunk_store.hpp"
#include "objects/history.hpp"
#include "objects/record_log.hpp"

namespace metamori {

/// The names that the engine gives meaning to in a tree.
inline constexpr const char* kRepositoryName = ".metamori";
inline constexpr const char* kStagePrefix = ".metamori-stage-";

/// Everything a walk needs. Used by one thread at a time, except `store` and `system`, which any thread may use.
struct Engine {
  System& system;
  std::string tree_directory;        ///< absolute
  std::string repository_directory;  ///< absolute
  Fd tree;                           ///< the tree's top, opened as a directory
  RepositoryDirs dirs;
  std::string repository_id;  ///< 32 hex digits
  bool read_only = false;     ///< the repository can't be written: nothing may be published, caches are not kept
  std::unique_ptr<ChunkStore> store;
  std::unique_ptr<RecordLog> log;
  std::unique_ptr<History> history;

  explicit Engine(System& the_system) : system(the_system) {}
};

/// Finds and opens a repository. Errors as Repository::open.
std::unique_ptr<Engine> open_engine(System& system, const OpenOptions& options);
/// Makes one, durable on return (also its name in its parent). Errors as Repository::init.
std::unique_ptr<Engine> init_engine(System& system, const InitOptions& options);

/// Text of `rules`, empty if there is none.
std::string read_rules(const Engine& engine);

/// Whether the intent of an unfinished restore exists.
bool restore_is_pending(const Engine& engine);
/// Throws refused if one exists, after waiting as `control` lets it for it to go; what Wait throws.
void refuse_pending_restore(Engine& engine, const Control& control);

/// What is known of the record at `position` (objects/record.hpp), for reports. `details`: also verdicts, scope and rules.
CheckpointInfo describe_checkpoint(Engine& engine, const Position& position, bool details);

}  // namespace metamori
