#pragma once

// Private to restore_draft*.cpp: the work in progress on a draft.

#include "core/restore_draft.hpp"
#include "core/rules.hpp"

namespace metamori {

class Drafter {
 public:
  Drafter(Engine& engine, TreeDirectories& directories, ChunkSource& source, const ScanResult& scan, const RestoreGoal& goal);
  Draft make();

 private:
  using Items = std::map<std::string, DraftItem, WalkOrder>;

  // restore_draft.cpp: what differs
  void visit(const std::string& path, const Entry* before, const Entry* after);
  void visit_new(const std::string& path, const Entry& after);
  void visit_extra(const std::string& path, const Entry& before);
  void visit_both(const std::string& path, const Entry& before, const Entry& after);
  void visit_file(const std::string& path, const Entry& before, const Entry& after);
  void visit_above_scope(const std::string& path, const Entry* before, const Entry& after);
  void add_put(const std::string& path, const Entry& after, bool is_tracked, std::optional<FileStat> stat);
  void add_remove(const std::string& path, EntryType type, bool is_tracked, std::optional<FileStat> stat);
  void add_directory_metadata(const std::string& path, bool is_tracked);
  void clear_way(const std::string& path);
  void refuse_unsavable(const std::string& path, const FileStat& stat);
  void add_absent_before();
  void keep_full_directories();
  void warn_of_unread();
  [[nodiscard]] bool is_unread(std::string_view path) const;
  [[nodiscard]] bool holds_unread(std::string_view path) const;
  [[nodiscard]] bool covers(std::string_view path) const;
  [[nodiscard]] bool is_above_scope(std::string_view path) const;
  bool may_remove(const std::string& path, const Entry& before);
  [[nodiscard]] bool is_uncaptured(const std::string& path) const { return uncaptured_.contains(path); }
  void warn(const std::string& path, std::string message) { draft_.warnings.push_back({path, std::move(message)}); }

  // restore_draft_rewrite.cpp: in place or not, and hard links
  bool should_rewrite(const std::string& path, const Entry& before, const Entry& after, const FileStat& stat, std::uint64_t& bytes);
  bool has_reflinks(const FileStat& stat);
  bool probe_reflinks();
  void settle_links();
  void settle_target_group(const std::vector<std::string>& group, bool is_same_now);
  void settle_current_group(const std::vector<std::string>& group);
  void stage_member(const std::string& path);

  // restore_draft_steps.cpp: items to steps
  void assemble();
  std::set<std::string_view> deep_directories() const;
  void add_step(const std::string& path, const DraftItem& item, bool deep);
  std::string existing_directory(std::string_view path) const;
  void add_parent(std::string_view path);
  void add_directories();
  void list_touched();
  void list_actions();

  Engine& engine_;
  TreeDirectories& directories_;
  ChunkSource& source_;
  const ScanResult& scan_;
  const RestoreGoal& goal_;
  Root target_;
  TrackingRules target_rules_;
  Draft draft_;
  Items& items_ = draft_.items;
  std::map<std::string, bool, WalkOrder> changed_directories_;  ///< existing ones; whether metadata come from the target
  std::set<std::string> settled_directories_;                   ///< directories whose metadata differ
  std::set<std::string> uncaptured_;
  std::set<std::string, std::less<>> unread_directories_;  ///< what is on record of what is below them need not be there
  std::set<std::string, std::less<>> made_directories_;
  std::optional<std::string> protected_, fresh_, swapped_;  ///< tops of the subtree we are in
  std::optional<bool> has_reflinks_;
  std::set<std::string> in_target_group_;
};

}  // namespace metamori
