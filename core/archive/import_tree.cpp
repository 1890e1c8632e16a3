#include "core/archive/import_tree.hpp"

#include <algorithm>

#include "core/engine.hpp"
#include "metamori/error.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxPathBytes = 32U << 10;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::uint32_t kImpliedMode = 0755;

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw Error(ErrorKind::usage, "import: " + quoted(name) + " " + why, "nothing was imported", std::string(name));
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::optional<std::string> ImportTree::path_of(std::string_view name) {
  if (name.empty()) refuse(name, "is no path");
  if (name.starts_with('/')) refuse(name, "is an absolute path, which would lead outside");
  if (name.size() > kMaxPathBytes) refuse(name.substr(0, kMaxNameBytes), "is a path of more than 32 KiB");
  std::string path;
  bool is_reserved = false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") refuse(name, "leads outside by '..'");
    if (part.size() > kMaxNameBytes) refuse(name.substr(0, kMaxNameBytes), "has a name of more than 255 bytes");
    is_reserved = is_reserved || part == kRepositoryName || part.starts_with(kStagePrefix);
    path += (path.empty() ? "" : "/") + std::string(part);
  }
  if (is_reserved) {
    warnings_.add(path, "left out: a name that belongs to repositories");
    return std::nullopt;
  }
  return path;
}

void ImportTree::add(const std::string& path, Entry entry) {
  const bool is_directory = entry.type == EntryType::directory;
  if (path.empty() && !is_directory) refuse(".", "is not a directory, but the top of the tree");
  make_room(path, is_directory);
  add_parents(path, entry);
  entry.name = path.empty() ? std::string() : last_name(path);
  entries_[path] = std::move(entry);
}

void ImportTree::add_link(const std::string& path, const std::string& target) {
  const auto found = entries_.find(target);
  if (found == entries_.end()) refuse(path, "is a link to " + quoted(target) + ", which does not come before it");
  if (found->second.type == EntryType::directory) refuse(path, "is a link to the directory " + quoted(target));
  if (path == target) return;
  const Entry entry = found->second;
  add(path, entry);
  std::uint64_t& group = group_of_[target];
  if (group == 0) {
    group = ++last_group_;
    groups_[group].insert(target);
  }
  const std::uint64_t number = group;
  group_of_[path] = number;
  groups_[number].insert(path);
}

/// What stands at `path` goes.
void ImportTree::make_room(const std::string& path, bool is_directory) {
  const auto found = entries_.find(path);
  if (found == entries_.end()) return;
  const bool was_directory = found->second.type == EntryType::directory;
  if (was_directory && is_directory) {
    if (implied_.erase(path) == 0) warnings_.add(path, "is in the archive more than once; the last counts");
    return;
  }
  if (was_directory) {
    const auto next = std::next(found);
    if (next != entries_.end() && is_at_or_below(next->first, path)) refuse(path, "is a directory and a file");
    implied_.erase(path);
  }
  warnings_.add(path, "is in the archive more than once; the last counts");
  leave_group(path);
  entries_.erase(found);
}

void ImportTree::leave_group(const std::string& path) {
  const auto group = group_of_.find(path);
  if (group == group_of_.end()) return;
  groups_[group->second].erase(path);
  group_of_.erase(group);
}

/// Directories that are not there yet, as plain ones of the same owner.
void ImportTree::add_parents(const std::string& path, const Entry& like) {
  for (std::string at = path; !at.empty();) {
    at = parent_of(at);
    const auto found = entries_.find(at);
    if (found != entries_.end()) {
      if (found->second.type != EntryType::directory) refuse(path, "lies below " + quoted(at) + ", which is not a directory");
      return;
    }
    Entry implied;
    implied.type = EntryType::directory;
    implied.name = at.empty() ? std::string() : last_name(at);
    implied.mode = kImpliedMode;
    implied.owner = like.owner;
    implied.mtime = like.mtime;
    entries_.emplace(at, std::move(implied));
    implied_.insert(at);
  }
}

StoredRoot ImportTree::store(ChunkSink& sink) {
  struct Open {
    std::string path;
    Entry entry;
    std::unique_ptr<DirectoryBuilder> builder;
  };
  std::vector<Open> open;
  const auto close_last = [&] {
    const DirectoryBuilder::Result result = open.back().builder->finish();
    Entry& entry = open.back().entry;
    entry.content = result.listing;
    entry.entries_below = result.entries_below;
    entry.files_below = result.files_below;
    entry.bytes_below = result.bytes_below;
    if (open.size() > 1) {
      open[open.size() - 2].builder->add(entry);
      open.pop_back();
    }
  };
  if (!entries_.contains("")) {
    Entry top;
    top.type = EntryType::directory;
    top.mode = kImpliedMode;
    entries_.emplace("", std::move(top));
  }
  for (const auto& [path, entry] : entries_) {
    while (!open.empty() && !is_at_or_below(path, open.back().path)) close_last();
    if (entry.type == EntryType::directory) {
      open.push_back({path, entry, std::make_unique<DirectoryBuilder>(sink)});
    } else {
      open.back().builder->add(entry);
    }
  }
  while (open.size() > 1) close_last();
  close_last();
  LinkTable links;
  for (const auto& [number, paths] : groups_)
    if (paths.size() > 1) links.emplace_back(paths.begin(), paths.end());
  std::sort(links.begin(), links.end());
  return put_root(sink, open.front().entry, links);
}

}  // namespace metamori
