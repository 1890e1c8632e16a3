#pragma once

// Carrying out the plan of an intent, forwards or back; used by the restore itself and by recovery. Needs nothing but the intent, the store
// and the tree.

#include <set>

#include "core/intent.hpp"
#include "core/materialize_tree.hpp"

namespace metamori {

/// How much of the plan may have been carried out before.
enum class ApplyMode {
  first,  ///< nothing: every path must be as it was planned
  redo,   ///< any part: planned-old, new and partly rewritten are fine, anything else is refused
  force,  ///< as redo, and what was changed meanwhile is overwritten
};

class RestoreRun {
 public:
  /// All of them must outlive it. Reads the roots.
  RestoreRun(Engine& engine, const Intent& intent, WarningList& warnings, TransferMeter& meter, std::size_t job_count);

  /// What the tree was captured as, where that is in no checkpoint: only differing ranges of its files are written then. `lists` reads it.
  void set_captured(ChunkSource& lists, const Root& root) noexcept {
    captured_lists_ = &lists;
    captured_ = &root;
  }
  /// Makes everything new beside its place, durable on return.
  void stage();
  /// Takes every staged name away, durably, and puts the directories' times back: as if stage() had not been called.
  void unstage();
  /// Throws refused, naming the path, if something is not as it was planned.
  void check_unchanged();
  /// Durable on return. Throws refused, naming the path, for what was changed since the plan.
  void apply(ApplyMode mode);

  /// Throws refused if something was done away with that no checkpoint holds.
  void check_revertible();
  /// Everything as it was before, durable on return. May be called again after it was interrupted. What somebody changed meanwhile stays
  /// and is warned of.
  void revert();

 private:
  // restore_stage.cpp
  void open_up_directories();
  const LinkTable& target_links();
  TreePut put_of(const Step& step);
  [[nodiscard]] std::string spare_name(const Step& step) const;
  [[nodiscard]] std::optional<std::string> staged_place(std::string_view path) const;
  void write_puts(NodeWriter& writer, std::vector<TreePut> puts, const LinkTable& links);
  bool leads_where(const std::string& path, const FileStat& stat, const Entry& entry);
  bool is_like(const std::string& path, const FileStat& stat, const Entry& entry);
  std::optional<std::string> find_linked(const std::vector<std::string>& group, const std::vector<std::string>& others, const Entry& entry);
  [[nodiscard]] std::string staged_path(const Step& step) const {
    return join_path(step.stage_dir, intent_.staged_name(step.staged_number));
  }
  void remove_tree(const std::string& path);
  void drop_second_name(const Step& step);
  void sync_directories(const std::set<std::string>& paths);

  // restore_apply.cpp
  void apply_step(const Step& step, ApplyMode mode);
  void apply_remove(const Step& step, ApplyMode mode);
  void apply_put(const Step& step, ApplyMode mode);
  std::optional<std::string> make_again(const Step& step);
  void put_in_place(const Step& step, const std::string& staged, bool replace);
  void apply_rewrite(const Step& step, ApplyMode mode);
  void apply_rewrite_of_lost(const Step& step, ApplyMode mode);
  void finish_rewrite(Fd file, const Step& step, const Entry& after);
  void replace_whole(const Step& step);
  void apply_metadata(const Step& step, ApplyMode mode);
  void apply_make_directory(const Step& step, ApplyMode mode);
  void make_room(const Step& step, const FileStat& now, bool for_directory);
  [[noreturn]] void refuse_changed(const Step& step) const;
  [[nodiscard]] Entry entry_in(const Root& root, const std::string& path);
  Fd open_in_place(const std::string& path, int flags);
  bool is_mixture(int fd, const StreamRef& a, const StreamRef& b, const std::string& path);
  bool was_opened_up(const Step& step);
  void settle_directories();

  // restore_revert.cpp
  void revert_new(const Step& step);
  void remove_new_tree(const std::string& path, const Entry& entry);
  void remove_if_new(const std::string& path, const Entry& entry);
  bool needs_old(const Step& step);
  void revert_rewrite(const Step& step);
  void revert_metadata(const Step& step);
  void bring_back(const std::vector<const Step*>& steps);
  bool is_entry(const std::string& path, const FileStat& stat, const Entry& entry);
  void settle_old_directories(const std::set<std::string>& recreated);
  void warn_changed(const std::string& path) { warnings_.add(path, "left as it is: it was changed since the restore began"); }
  void unlink(const std::string& path);
  bool remove_empty_directory(const std::string& path);

  Engine& engine_;
  System& system_;
  const Intent& intent_;
  const Plan& plan_;
  WarningList& warnings_;
  TransferMeter& meter_;
  std::size_t job_count_;
  ChunkSource& source_;
  TreeDirectories directories_;
  Root target_;
  std::optional<Root> old_;
  std::optional<LinkTable> target_links_;  ///< read when first needed
  ChunkSource* captured_lists_ = nullptr;
  const Root* captured_ = nullptr;
  NodeWriter writer_;
};

}  // namespace metamori
