#pragma once

// Writing many nodes, whole directories among them, in parallel. Hard links are made once everything else is there, directories get their
// metadata last, deepest first.

#include <atomic>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/worker_pool.hpp"
#include "core/materialize.hpp"

namespace metamori {

/// One node to write, with everything below it if it is a directory.
struct TreePut {
  std::string disk_path;  ///< where, below the top of the directories given
  std::string path;       ///< its path in the checkpoint
  Entry entry;
  std::optional<Inherited> inherited;
  std::string clone_path;  ///< a file on disk that holds `clone_content`; empty: none
  std::optional<StreamRef> clone_content;
};

struct TreeWriterOptions {
  bool sync_each = false;              ///< every file and directory survives power loss when finish() returns; else the caller syncs
  bool under_temporary_names = false;  ///< each file gets its name by rename, once complete
  bool keep_going = false;             ///< what can't be read from the repository is left out and counted; finish() throws in the end
  bool may_exist = false;              ///< names may be taken already; `overwrite` says what happens then
  Overwrite overwrite = Overwrite::always;
  std::string temporary_prefix;  ///< of temporary names; unique
};

struct TreeTotals {
  std::atomic<std::uint64_t> written{0}, unchanged{0};
};

/// Used from one thread; works in several.
class TreeWriter {
 public:
  /// `links`: the link table of the checkpoint that the nodes come from.
  TreeWriter(TreeDirectories& directories, NodeWriter& writer, std::size_t job_count, const LinkTable& links, TreeWriterOptions options);
  ~TreeWriter();
  /// The directory that holds it must exist.
  void add(TreePut put);
  /// Only paths for which this holds are written; directories on the way to them are asked for, too.
  void set_filter(std::function<bool(const std::string& path)> filter) { filter_ = std::move(filter); }
  /// Told of every path once it is written. May be called from several threads at once.
  void on_written(std::function<void(const std::string& path, const Entry& entry)> told) { told_ = std::move(told); }
  /// The place on disk of one of `others` to link to, or nothing. `others`: those of a group of hard links that are not written.
  using FindLinked = std::function<std::optional<std::string>(const std::vector<std::string>& group, const std::vector<std::string>& others,
                                                              const Entry& entry)>;
  void set_find_linked(FindLinked find) { find_linked_ = std::move(find); }
  void finish();
  [[nodiscard]] const TreeTotals& totals() const noexcept { return totals_; }

 private:
  struct LargeFile;
  enum class Place { free, replace, keep };

  void add_directory(TreePut put);
  void fill_directory(const std::string& disk_path, const std::string& path, const StreamRef& listing);
  void submit_batch(const Directory& dir, const std::string& disk_dir, const std::string& dir_path, std::vector<Entry> batch);
  void add_child(const Directory& dir, const std::string& disk_dir, const std::string& dir_path, Entry entry);
  void write(const Directory& dir, TreePut put);
  void write_large(const Directory& dir, TreePut put, Place place);
  void write_pieces(LargeFile& large);
  void write_node(const Directory& dir, const TreePut& put, Place place);
  template <class Work>
  void guarded(const std::string& path, Work work);
  void throw_failures() const;
  bool write_clone(const Directory& dir, const std::string& name, const TreePut& put);
  Place look(const Directory& dir, const TreePut& put);
  bool is_same(const Directory& dir, const char* name, const FileStat& stat, const Entry& entry, const std::string& path);
  std::string working_name(const std::string& disk_path);
  void publish(const Directory& dir, const std::string& working, const TreePut& put, Place place);
  void written(const TreePut& put);
  void make_links();
  void make_group(const std::vector<std::string>& group, std::map<std::string, TreePut>& members);
  void link_member(const std::string& from_disk_path, const TreePut& put);
  void finish_directories();

  TreeDirectories& directories_;
  NodeWriter& writer_;
  const LinkTable& links_;
  TreeWriterOptions options_;
  std::function<bool(const std::string&)> filter_;
  std::function<void(const std::string&, const Entry&)> told_;
  FindLinked find_linked_;
  std::unordered_map<std::string_view, std::size_t> group_of_;
  TreeTotals totals_;
  std::atomic<std::uint64_t> temporary_count_{0};
  std::atomic<std::size_t> batches_{0};
  std::atomic<bool> can_clone_{true};
  std::mutex mutex_;
  std::map<std::size_t, std::map<std::string, TreePut>> linked_;  ///< by group, then by path: written at the end
  std::vector<TreePut> made_directories_;
  std::vector<std::pair<std::string, std::string>> failures_;  ///< path and message
  WorkerPool pool_;                                            ///< last: its tasks use everything above
};

}  // namespace metamori
