// Putting subtrees into a root: how a checkpoint of some paths, and the rebase on another writer's checkpoint, come about. Reads and writes
// only the directories on the way.

#include <algorithm>

#include "base/assert.hpp"
#include "core/safe_path.hpp"
#include "core/scan.hpp"

namespace metamori {
namespace {

using MakeParent = std::function<Entry(const std::string& path)>;

struct Grafter {
  ScanStore store;
  const MakeParent& make_parent;

  /// `directory` (an entry, its listing and counts to be replaced) with the grafts in [begin, end), whose paths start with `prefix` ("" or
  /// "a/b/").
  Entry apply(Entry directory, const std::string& prefix, Grafts::const_iterator begin, Grafts::const_iterator end) {
    DirectoryBuilder builder(store.sink);
    DirectoryCursor old(store.source, directory.content);
    while (begin != end) {
      const std::string name = begin->first.substr(prefix.size(), begin->first.find('/', prefix.size()) - prefix.size());
      const std::string path = prefix + name;
      const auto group_end =
          std::find_if(begin, end, [&](const auto& graft) { return graft.first != path && !graft.first.starts_with(path + '/'); });
      for (; old.current() != nullptr && old.current()->name < name; old.next()) builder.add(*old.current());
      std::optional<Entry> before;
      if (old.current() != nullptr && old.current()->name == name) {
        before = *old.current();
        old.next();
      }
      if (auto after = replaced(std::move(before), path, name, begin, group_end)) builder.add(*after);
      begin = group_end;
    }
    for (; old.current() != nullptr; old.next()) builder.add(*old.current());
    const auto built = builder.finish();
    directory.content = built.listing;
    directory.entries_below = built.entries_below;
    directory.files_below = built.files_below;
    directory.bytes_below = built.bytes_below;
    return directory;
  }

  std::optional<Entry> replaced(std::optional<Entry> before, const std::string& path, const std::string& name, Grafts::const_iterator begin,
                                Grafts::const_iterator end) {
    // Sorted by path, the graft of the path itself comes first; those below it are put into what it gives.
    if (begin->first == path) {
      before = begin->second;
      if (before) before->name = name;
      ++begin;
    }
    if (begin == end) return before;
    const bool nothing_to_add = std::all_of(begin, end, [](const auto& graft) { return !graft.second; });
    if (!before || before->type != EntryType::directory) {
      if (nothing_to_add) return before;
      before = make_parent(path);
      before->name = name;
      before->content = {};
      before->content_unknown = false;
    }
    return apply(*std::move(before), path + '/', begin, end);
  }
};

}  // namespace

Entry graft(ScanStore store, Entry top, const Grafts& grafts, const MakeParent& make_parent) {
  Grafter grafter{store, make_parent};
  auto first = grafts.begin();
  if (first != grafts.end() && first->first.empty()) {
    MM_ASSERT(first->second.has_value());
    top = *first->second;
    ++first;
  }
  return first == grafts.end() ? top : grafter.apply(std::move(top), "", first, grafts.end());
}

namespace {

/// The graft at `path`, or else at the nearest directory above it.
Grafts::const_iterator nearest_graft(const Grafts& grafts, std::string_view path) {
  for (;;) {
    const auto found = grafts.find(path);
    if (found != grafts.end() || path.empty()) return found;
    path = directory_of(path);
  }
}

/// Whether something is put in below `path`, which makes it a directory.
bool is_on_the_way(const Grafts& grafts, std::string_view path) {
  for (auto below = grafts.upper_bound(path); below != grafts.end() && is_at_or_below(below->first, path); ++below)
    if (below->second) return true;
  return false;
}

}  // namespace

bool is_grafted(const Grafts& grafts, std::string_view path) { return nearest_graft(grafts, path) != grafts.end(); }

std::optional<Entry> find_grafted(ChunkSource& source, const Grafts& grafts, std::string_view path) {
  const auto found = nearest_graft(grafts, path);
  if (found == grafts.end() || !found->second || found->first == path) return found == grafts.end() ? std::nullopt : found->second;
  path.remove_prefix(found->first.empty() ? 0 : found->first.size() + 1);
  return find_path(source, Root{*found->second, {}}, path);
}

LinkTable links_beside(const LinkTable& links, const Grafts& grafts) {
  LinkTable result;
  for (const auto& group : links) {
    std::vector<std::string> left;
    std::copy_if(group.begin(), group.end(), std::back_inserter(left),
                 [&](const std::string& path) { return !is_grafted(grafts, path) && !is_on_the_way(grafts, path); });
    if (left.size() > 1) result.push_back(std::move(left));
  }
  return result;
}

LinkTable joined_links(LinkTable a, const LinkTable& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  return a;
}

}  // namespace metamori
