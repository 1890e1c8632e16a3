// The part of a session that reaches into the library.

#include <filesystem>

#include "cmd/session.hpp"

namespace metamori::cmd {

OpenOptions Session::open_options() const {
  OpenOptions options;
  options.start_directory = ".";
  options.repository_dir = common.repository_dir ? common.repository_dir : environment.repository_dir;
  return options;
}

Repository Session::open(bool mentions_pending) {
  Repository repository = Repository::open(open_options());
  if (mentions_pending && repository.restore_pending())
    warn("an interrupted restore waits here: 'metamori recover' finishes it, 'metamori recover --abort' takes it back");
  return repository;
}

std::string current_directory() { return std::filesystem::current_path().string(); }

std::vector<std::string> tree_paths(const Repository& repository, const std::vector<std::string>& words) {
  std::vector<std::string> paths;
  if (words.empty()) return paths;
  const std::string base = current_directory();
  for (const std::string& word : words) {
    if (word.empty()) throw Error(ErrorKind::usage, "an empty path names nothing", "'.' is the current directory");
    paths.push_back(repository.tree_path(word, base));
    if (paths.back().empty()) return {};
  }
  return paths;
}

std::string revision_tree_path(const Repository& repository, const std::string& path) {
  const bool is_relative = path == "." || path == ".." || path.starts_with("./") || path.starts_with("../");
  if (is_relative || path.starts_with('/')) return repository.tree_path(path, current_directory());
  return repository.tree_path(path, repository.tree_directory());
}

}  // namespace metamori::cmd
