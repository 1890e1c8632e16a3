#pragma once

// The walk over two trees of checkpoints at once, reading only what differs.

#include <functional>
#include <string>

#include "objects/directory.hpp"

namespace metamori {

/// Told of one path whose entry differs. Null: absent on that side. The entries are only as long-lived as the call.
using VisitDifference = std::function<void(const std::string& path, const Entry* before, const Entry* after)>;

/// Calls `visit(path, before, after)` for every path whose entry differs (a directory: when its own metadata differ, or it exists on one
/// side only; what is below it comes by itself), in the order of a walk: a directory before what is below it, names sorted. Null: absent on
/// that side. When a path is a directory on one side only, the names below it are visited too. Equal subtrees are skipped unread.
void diff_trees(ChunkSource& source, const Root& before, const Root& after, const VisitDifference& visit);

/// Whether to look below a directory.
using EnterDirectory = std::function<bool(const std::string& path)>;

/// As diff_trees, for what stands at `path` on the two sides (null: nothing), and everything below it, as far as `enter` (if there is one)
/// lets it.
void diff_entries(ChunkSource& source, const std::string& path, const Entry* before, const Entry* after, const VisitDifference& visit,
                  const EnterDirectory& enter = {});

/// Whether nothing differs but times of directories: those move whenever a name comes or goes, tracked or not. Reads no further than to the
/// first difference.
bool differ_in_directory_times_only(ChunkSource& source, const Root& before, const Root& after);

/// Calls `visit(path, entry)` for `top` and everything below it, a directory before what is below it.
void walk_tree(ChunkSource& source, const Entry& top, const std::string& path,
               const std::function<void(const std::string& path, const Entry& entry)>& visit);

}  // namespace metamori
