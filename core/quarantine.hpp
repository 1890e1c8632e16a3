#pragma once

// `quarantine/`: where repair puts what it takes out of use. Nothing is ever deleted there. Each run that needs one has a directory of its
// own, `quarantine/<number>/`, with files under the paths that they had.

#include <functional>

#include "core/engine.hpp"

namespace metamori {

class Quarantine {
 public:
  explicit Quarantine(Engine& engine) : engine_(engine) {}
  /// Renames `name` in `dir` there, durably. `path`: its path in the repository.
  void move(int dir, const std::string& name, const std::string& path);
  /// The same, but the file stays where it is, too (a second name, or where there can be none a copy): for what is going to be replaced.
  void keep(int dir, const std::string& name, const std::string& path);
  /// Absolute path of this run's directory; empty if nothing was put there.
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::uint64_t file_count() const noexcept { return count_; }
  /// Calls `visit(directory, name, path)` for each file that this or an earlier run put there from the repository's directory `from`.
  void for_each(const std::string& from, const std::function<void(int, const std::string&, const std::string&)>& visit) const;

 private:
  struct Place {
    Fd dir;
    std::string name;
  };
  void make_run_directory();
  Place place_for(const std::string& path);
  void copy(int dir, const std::string& name, const Place& place, const std::string& path);

  Engine& engine_;
  Fd top_;  ///< of this run
  std::string directory_;
  std::uint64_t count_ = 0;
};

}  // namespace metamori
