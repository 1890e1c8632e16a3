#pragma once

// A tree on a real file system, and what somebody does to it while it is looked at.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/real_system.hpp"
#include "core/checkpoint.hpp"
#include "core/engine.hpp"
#include "tests/support/fault_system.hpp"

namespace metamori::test {

inline constexpr std::size_t kRacedPages = 16;
inline constexpr std::size_t kRacedPageBytes = 4096;

/// Every page filled with one letter.
std::string raced_content(unsigned generation);

/// A shared mapping of a file that is kept: pages it has dirtied once take further stores without the kernel's knowing.
class HeldMapping {
 public:
  explicit HeldMapping(const std::string& path);
  ~HeldMapping();
  HeldMapping(const HeldMapping&) = delete;
  HeldMapping& operator=(const HeldMapping&) = delete;
  /// Fills every page, first to last.
  void store(unsigned generation);

 private:
  char* address_;
};

/// A tree with a repository, removed at the end. Syncs are left out: no power is cut here.
class RaceGround {
 public:
  explicit RaceGround(const std::string& parent);
  ~RaceGround();
  RaceGround(const RaceGround&) = delete;
  RaceGround& operator=(const RaceGround&) = delete;

  CheckpointReport checkpoint();
  /// Calls that a checkpoint makes.
  std::uint64_t count_calls();
  /// A checkpoint during which `change` is made right before call number `call`.
  CheckpointReport checkpoint_meeting(std::uint64_t call, const std::function<void()>& change);
  /// Paths and content of files, as the checkpoint has them, and as the tree does.
  std::map<std::string, std::string> stored(std::uint64_t number);
  [[nodiscard]] std::map<std::string, std::string> found() const;
  /// Stores into "raced" through a mapping that is kept as long as that is the same file.
  void store_mapped(unsigned generation);
  [[nodiscard]] std::string path(const std::string& name) const { return tree_ + '/' + name; }

 private:
  CheckpointReport take(System& system) const;
  std::string tree_;
  FaultSystem system_;
  std::unique_ptr<HeldMapping> mapping_;
  std::uint64_t mapped_inode_ = 0;
};

/// Something that is done to the file "raced", or beside it, in one go. What it may look like in between is for may_be() to say.
struct Change {
  std::string name;
  std::function<void(RaceGround& ground, unsigned generation)> make;
  /// Whether a checkpoint may hold that of the file, unmarked, if it held `before` and then `after`; nothing: the file is not there.
  std::function<bool(const std::optional<std::string>& held, const std::string& before, const std::string& after)> may_be;
};
const std::vector<Change>& content_changes();

/// Waits until times are older than what is racy.
void let_times_grow_old();
/// Writes `text` over the file as it is, or makes it.
void write_over(const std::string& path, const std::string& text, std::size_t offset = 0);

/// ext4 or whatever temporary directories lie on, and tmpfs where there is one.
std::vector<std::string> race_places();

}  // namespace metamori::test
