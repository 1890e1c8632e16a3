#include "core/content_reader.hpp"

#include <algorithm>
#include <set>

#include "core/paths.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

/// All names of the files of which not the same names are one file here as there: they are made anew, whether they differ or not.
std::set<std::string> regrouped(const LinkTable& here, const LinkTable& there) {
  std::set<std::string> names;
  const auto add_missing = [&](const LinkTable& from, const LinkTable& in) {
    for (const auto& group : from)
      if (!std::binary_search(in.begin(), in.end(), group)) names.insert(group.begin(), group.end());
  };
  add_missing(here, there);
  add_missing(there, here);
  return names;
}

}  // namespace

void ContentReader::read(const std::string& path, const Entry& entry) {
  try {
    if (entry.attribute_stream) read_content(*entry.attribute_stream);
    if (entry.type == EntryType::file && !entry.content_unknown) read_content(entry.content);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    throw Error(ErrorKind::corrupt, quoted(path) + ": " + error.what(), {}, path);
  }
}

void ContentReader::read_content(const StreamRef& content) {
  // Other streams of the same top chunk may be told to be longer: what is known to be sound is known of its data alone.
  for (ExtentCursor cursor(source_, content); !cursor.at_end(); cursor.next()) {
    const Extent* const extent = cursor.current();
    if (extent == nullptr || extent->is_hole() || sound_.contains(extent->id)) continue;
    meter_.check_stop();
    source_.read(extent->id, buffer_);
    if (buffer_.size() != extent->length)
      throw Error(ErrorKind::corrupt, "chunk " + to_hex(extent->id) + " is " + std::to_string(buffer_.size()) + " bytes long, not " +
                                          std::to_string(extent->length));
    sound_.insert(extent->id);
  }
}

void read_differing(ChunkSource& source, const ScanResult& scan, const Root& target, const std::vector<std::string>& scope,
                    ContentReader& reader) {
  diff_trees(source, scan.root_node, target, [&](const std::string& path, const Entry* /*before*/, const Entry* after) {
    if (after != nullptr && is_in_scope(path, scope)) reader.read(path, *after);
  });
  for (const std::string& path : regrouped(get_links(source, scan.root_node), get_links(source, target)))
    if (is_in_scope(path, scope))
      if (const auto entry = find_path(source, target, path)) reader.read(path, *entry);
}

void read_all(ChunkSource& source, const Root& target, const std::vector<std::string>& scope, ContentReader& reader) {
  get_links(source, target);
  if (scope.empty()) {
    walk_tree(source, target.top, {}, [&](const std::string& path, const Entry& entry) { reader.read(path, entry); });
    return;
  }
  for (const std::string& top : scope)
    if (const auto entry = find_path(source, target, top))
      walk_tree(source, *entry, top, [&](const std::string& path, const Entry& found) { reader.read(path, found); });
}

}  // namespace metamori
