#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"

namespace metamori {

/// A directory being built under a temporary name beside its final one, so that a crash leaves either nothing of that name or the whole.
/// Removed by the destructor unless published.
class Nursery {
 public:
  struct Options {
    bool shared = false;      ///< writable by `group`
    std::uint32_t group = 0;  ///< with shared
  };
  /// `parent` must stay open.
  Nursery(System& system, const Fd& parent, std::string parent_path, Options options);
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  /// `name` may have several components, whose parents were added before.
  void add_directory(const std::string& name);
  void add_file(const std::string& name, std::string_view text);
  /// Throws unsupported if the file system can neither rename without replacing nor link.
  void check_publishing();
  /// Syncs everything, gives it its name, syncs that. False if the name was taken.
  bool publish_as(const std::string& name);

 private:
  void make(const std::string& path, const std::string& name);
  void remove_built() noexcept;
  [[nodiscard]] std::string temp_path(const std::string& name) const;

  System& system_;
  const Fd& parent_;
  std::string parent_path_;
  std::string temp_name_;
  Options options_;
  std::vector<std::string> directories_;
  std::vector<std::string> files_;
  bool published_ = false;
};

}  // namespace metamori
