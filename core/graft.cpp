// Putting subtrees into a root: how a checkpoint of some paths, and the rebase on another writer's checkpoint, come about. Reads and writes
// only the directories on the way.

#include <algorithm>

#include "base/assert.hpp"
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

ChunkId graft(ScanStore store, const ChunkId& base, const Grafts& grafts, const LinkTable& links, const MakeParent& make_parent) {
  const Root root = get_root(store.source, base);
  const auto whole = grafts.find("");
  if (whole != grafts.end()) {
    MM_ASSERT(whole->second.has_value());
    return put_root(store.sink, *whole->second, links);
  }
  Grafter grafter{store, make_parent};
  return put_root(store.sink, grafter.apply(root.top, "", grafts.begin(), grafts.end()), links);
}

}  // namespace metamori
