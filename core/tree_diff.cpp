#include "core/tree_diff.hpp"

#include <utility>
#include <vector>

#include "core/entry_changes.hpp"

namespace metamori {
namespace {

std::string path_below(const std::string& directory, const std::string& name) { return directory.empty() ? name : directory + '/' + name; }

bool has_listing(const Entry* entry) noexcept { return entry != nullptr && entry->type == EntryType::directory && !entry->content_unknown; }

/// Whether two entries differ in what is theirs alone: of directories, not in what is below.
bool differ_themselves(const Entry& a, const Entry& b) {
  if (a.type != EntryType::directory || b.type != EntryType::directory) return !(a == b);
  Entry bare_a = a;
  Entry bare_b = b;
  for (Entry* bare : {&bare_a, &bare_b}) {
    bare->content = {};
    bare->entries_below = bare->files_below = bare->bytes_below = 0;
  }
  return !(bare_a == bare_b);
}

/// Two listings of one directory side by side; an empty listing stands for a side without one.
struct Level {
  std::string path;
  DirectoryCursor before;
  DirectoryCursor after;
};

/// No recursion: the depth of a tree is input.
class Walk {
 public:
  Walk(ChunkSource& source, const VisitDifference& visit, const EnterDirectory& enter) : source_(source), visit_(visit), enter_(enter) {}

  void run(const std::string& path, const Entry* before, const Entry* after) {
    take(path, before, after);
    while (!levels_.empty()) step();
  }

 private:
  void step() {
    Level& level = levels_.back();
    skip_shared(level.before, level.after);
    const Entry* before = level.before.current();
    const Entry* after = level.after.current();
    if (before == nullptr && after == nullptr) {
      levels_.pop_back();
      return;
    }
    const int order = before == nullptr ? 1 : after == nullptr ? -1 : before->name.compare(after->name);
    if (order > 0) before = nullptr;
    if (order < 0) after = nullptr;
    const bool is_equal = before != nullptr && after != nullptr && *before == *after;
    if (!is_equal) {
      // A new level may move this one; take() is done with the entries before that, and the cursors are moved through their index.
      const std::size_t index = levels_.size() - 1;
      take(path_below(level.path, before != nullptr ? before->name : after->name), before, after);
      advance(levels_[index], order);
      return;
    }
    advance(level, order);
  }

  static void advance(Level& level, int order) {
    if (order <= 0) level.before.next();
    if (order >= 0) level.after.next();
  }

  /// Reports one path and opens what is below it.
  void take(const std::string& path, const Entry* before, const Entry* after) {
    const StreamRef below_before = has_listing(before) ? before->content : StreamRef{};
    const StreamRef below_after = has_listing(after) ? after->content : StreamRef{};
    if (before == nullptr || after == nullptr || differ_themselves(*before, *after)) visit_(path, before, after);
    if (below_before != below_after && (!enter_ || enter_(path)))
      levels_.push_back({path, DirectoryCursor(source_, below_before), DirectoryCursor(source_, below_after)});
  }

  ChunkSource& source_;
  const VisitDifference& visit_;
  const EnterDirectory& enter_;
  std::vector<Level> levels_;
};

}  // namespace

void diff_entries(ChunkSource& source, const std::string& path, const Entry* before, const Entry* after, const VisitDifference& visit,
                  const EnterDirectory& enter) {
  if (before == nullptr && after == nullptr) return;
  Walk(source, visit, enter).run(path, before, after);
}

void diff_trees(ChunkSource& source, const Root& before, const Root& after, const VisitDifference& visit) {
  diff_entries(source, {}, &before.top, &after.top, visit);
}

bool differ_in_directory_times_only(ChunkSource& source, const Root& before, const Root& after) {
  if (!(before.links == after.links)) return false;
  bool is_so = true;
  diff_entries(
      source, {}, &before.top, &after.top,
      [&](const std::string&, const Entry* a, const Entry* b) {
        if (a == nullptr || b == nullptr || !differ_in_time_only(*a, *b)) is_so = false;
      },
      [&](const std::string&) { return is_so; });
  return is_so;
}

void walk_tree(ChunkSource& source, const Entry& top, const std::string& path,
               const std::function<void(const std::string& path, const Entry& entry)>& visit) {
  struct Level {
    std::string path;
    DirectoryCursor cursor;
  };
  std::vector<Level> levels;
  visit(path, top);
  if (has_listing(&top)) levels.push_back({path, DirectoryCursor(source, top.content)});
  while (!levels.empty()) {
    Level& level = levels.back();
    const Entry* entry = level.cursor.current();
    if (entry == nullptr) {
      levels.pop_back();
      continue;
    }
    std::string below = path_below(level.path, entry->name);
    visit(below, *entry);
    const StreamRef listing = has_listing(entry) ? entry->content : StreamRef{};
    level.cursor.next();
    if (listing.length > 0) levels.push_back({std::move(below), DirectoryCursor(source, listing)});
  }
}

}  // namespace metamori
