#include "core/materialize_tree.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateDirectory = 0700;
constexpr std::size_t kBatchEntries = 64;
constexpr std::uint64_t kLargeFileBytes = 64ULL << 20;
constexpr std::uint64_t kLargePieceBytes = 16ULL << 20;
constexpr std::size_t kBatchesPerWorker = 8;

/// Removes a temporary name unless it was given its final one.
class WorkingName {
 public:
  WorkingName(System& system, Directory dir, std::string name, bool is_temporary)
      : system_(system), dir_(std::move(dir)), name_(std::move(name)), is_temporary_(is_temporary) {}
  WorkingName(const WorkingName&) = delete;
  WorkingName& operator=(const WorkingName&) = delete;
  ~WorkingName() {
    if (is_temporary_ && !is_published_) system_.remove_file(dir_->get(), name_.c_str());
  }
  [[nodiscard]] const std::string& get() const noexcept { return name_; }
  void set_published() noexcept { is_published_ = true; }

 private:
  System& system_;
  Directory dir_;
  std::string name_;
  bool is_temporary_;
  bool is_published_ = false;
};

}  // namespace

/// A file that several workers write. Whoever finishes last completes it.
struct TreeWriter::LargeFile {
  Directory dir;
  TreePut put;
  Place place = Place::free;
  std::unique_ptr<WorkingName> working;
  Fd file;
  std::atomic<std::uint64_t> next_piece{0};
  std::atomic<std::size_t> workers_left{0};
};

TreeWriter::TreeWriter(TreeDirectories& directories, NodeWriter& writer, std::size_t job_count, const LinkTable& links,
                       TreeWriterOptions options)
    : directories_(directories), writer_(writer), links_(links), options_(std::move(options)), pool_(job_count) {
  for (std::size_t group = 0; group < links_.size(); ++group)
    for (const std::string& path : links_[group]) group_of_.emplace(path, group);
}

TreeWriter::~TreeWriter() = default;

/// Does `work`; what the repository can't give is noted instead of stopping everything, if that is wanted.
template <class Work>
void TreeWriter::guarded(const std::string& path, Work work) {
  if (!options_.keep_going) {
    work();
    return;
  }
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    const std::lock_guard guard(mutex_);
    failures_.emplace_back(path, error.what());
  }
}

void TreeWriter::throw_failures() const {
  if (failures_.empty()) return;
  const auto& [path, message] = *std::min_element(failures_.begin(), failures_.end());
  std::string text = "restore " + quoted(path) + ": " + message;
  if (failures_.size() > 1) text += "; " + std::to_string(failures_.size() - 1) + " more could not be restored";
  throw Error(ErrorKind::corrupt, text + "; everything else was", "'metamori verify --data' names what is damaged", path);
}

void TreeWriter::add(TreePut put) {
  if (filter_ && !filter_(put.path)) return;
  if (!writer_.can_make(put.entry, put.path)) return;
  if (put.entry.type == EntryType::directory) {
    add_directory(std::move(put));
    return;
  }
  if (const auto group = group_of_.find(put.path); group != group_of_.end()) {
    const std::lock_guard guard(mutex_);
    std::string path = put.path;
    linked_[group->second].insert_or_assign(std::move(path), std::move(put));
    return;
  }
  pool_.submit([this, put = std::move(put)] { write(directories_.get(directory_of(put.disk_path)), put); });
}

void TreeWriter::add_directory(TreePut put) {
  System& system = directories_.system();
  if (!put.disk_path.empty()) {
    const Directory parent = directories_.get(directory_of(put.disk_path));
    const std::string name(name_of(put.disk_path));
    int error = retry_interrupted([&] { return system.make_directory(parent->get(), name.c_str(), kPrivateDirectory); });
    if (error == -EEXIST && options_.may_exist) {
      const auto stat = find_stat(system, parent->get(), name.c_str(), put.path);
      if (stat && !S_ISDIR(stat->mode)) {
        if (options_.overwrite == Overwrite::never) {
          writer_.warnings().add(put.path, "left out with all below it: something that is no directory has its name");
          return;
        }
        error = retry_interrupted([&] { return system.remove_file(parent->get(), name.c_str()); });
        if (error >= 0) error = retry_interrupted([&] { return system.make_directory(parent->get(), name.c_str(), kPrivateDirectory); });
      } else if (stat) {
        error = 0;
        if ((stat->mode & kPrivateDirectory) != kPrivateDirectory)
          system.set_mode_at(parent->get(), name.c_str(), (stat->mode & 07777) | kPrivateDirectory);
      }
    }
    if (error < 0) throw_io(-error, "create directory", put.path);
  }
  const std::string disk_path = put.disk_path;
  const std::string path = put.path;
  const StreamRef listing = put.entry.content;
  {
    const std::lock_guard guard(mutex_);
    made_directories_.push_back(std::move(put));
  }
  if (listing.length > 0) pool_.submit([this, disk_path, path, listing] { fill_directory(disk_path, path, listing); });
}

void TreeWriter::fill_directory(const std::string& disk_path, const std::string& path, const StreamRef& listing) {
  const Directory dir = directories_.get(disk_path);
  std::vector<Entry> batch;
  guarded(path, [&] {
    for (DirectoryCursor cursor(writer_.source(), listing); !cursor.at_end(); cursor.next()) {
      const Entry* const entry = cursor.current();
      if (entry == nullptr) break;
      writer_.meter().check_stop();
      batch.push_back(*entry);
      if (batch.size() >= kBatchEntries) submit_batch(dir, disk_path, path, std::exchange(batch, {}));
    }
  });
  for (Entry& entry : batch) add_child(dir, disk_path, path, std::move(entry));
}

void TreeWriter::submit_batch(const Directory& dir, const std::string& disk_dir, const std::string& dir_path, std::vector<Entry> batch) {
  const auto run = [this, dir, disk_dir, dir_path](std::vector<Entry>& entries) {
    for (Entry& entry : entries) add_child(dir, disk_dir, dir_path, std::move(entry));
  };
  if (batches_ >= kBatchesPerWorker * pool_.worker_count()) {  // others have enough to do: memory stays bounded
    run(batch);
    return;
  }
  ++batches_;
  pool_.submit([this, run, batch = std::move(batch)]() mutable {
    --batches_;
    run(batch);
  });
}

void TreeWriter::add_child(const Directory& dir, const std::string& disk_dir, const std::string& dir_path, Entry entry) {
  TreePut put;
  put.disk_path = join_path(disk_dir, entry.name);
  put.path = join_path(dir_path, entry.name);
  put.entry = std::move(entry);
  if (filter_ && !filter_(put.path)) return;
  if (put.entry.type == EntryType::directory || group_of_.contains(put.path)) {
    add(std::move(put));
    return;
  }
  if (writer_.can_make(put.entry, put.path)) write(dir, std::move(put));
}

void TreeWriter::write(const Directory& dir, TreePut put) {
  writer_.meter().check_stop();
  const Place place = look(dir, put);
  if (place == Place::keep) return;
  if (put.entry.type == EntryType::file && put.entry.content.length > kLargeFileBytes && !put.clone_content)
    write_large(dir, std::move(put), place);
  else
    guarded(put.path, [&] { write_node(dir, put, place); });
}

void TreeWriter::write_node(const Directory& dir, const TreePut& put, Place place) {
  WorkingName working(directories_.system(), dir, working_name(put.disk_path), options_.under_temporary_names);
  if (!put.clone_content || !write_clone(dir, working.get(), put))
    writer_.make(dir, working.get(), put.entry, put.path, put.inherited, options_.sync_each);
  publish(dir, working.get(), put, place);
  working.set_published();
}

bool TreeWriter::write_clone(const Directory& dir, const std::string& name, const TreePut& put) {
  if (!can_clone_) return false;
  System& system = directories_.system();
  const Directory from_dir = directories_.find(directory_of(put.clone_path));
  if (!from_dir) return false;
  const std::string from_name(name_of(put.clone_path));
  const int source =
      retry_interrupted([&] { return system.open_at(from_dir->get(), from_name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (source < 0) return false;
  const Fd from(system, source);
  Fd file = writer_.create_file(dir, name, put.path);
  if (retry_interrupted([&] { return system.clone_from(file.get(), from.get()); }) < 0) {
    can_clone_ = false;
    file.close(put.path);
    if (const int error = retry_interrupted([&] { return system.remove_file(dir->get(), name.c_str()); }); error < 0)
      throw_io(-error, "remove", put.path);
    return false;
  }
  writer_.rewrite(file.get(), writer_.source(), *put.clone_content, put.entry.content, put.path);
  writer_.finish_file(std::move(file), put.entry, put.path, put.inherited, options_.sync_each);
  return true;
}

void TreeWriter::write_large(const Directory& dir, TreePut put, Place place) {
  const auto large = std::make_shared<LargeFile>();
  large->dir = dir;
  large->place = place;
  large->working = std::make_unique<WorkingName>(directories_.system(), dir, working_name(put.disk_path), options_.under_temporary_names);
  large->file = writer_.create_file(dir, large->working->get(), put.path);
  large->put = std::move(put);
  large->workers_left = pool_.worker_count();
  for (std::size_t worker = 0; worker < pool_.worker_count(); ++worker)
    pool_.submit([this, large] {
      // Where a piece fails the worker is never counted down, so the file stays unfinished and loses its temporary name.
      guarded(large->put.path, [&] {
        write_pieces(*large);
        if (--large->workers_left > 0) return;
        writer_.finish_file(std::move(large->file), large->put.entry, large->put.path, large->put.inherited, options_.sync_each);
        publish(large->dir, large->working->get(), large->put, large->place);
        large->working->set_published();
      });
    });
}

/// One worker's part: pieces in turn, as long as there are any. Those that lie in a hole are passed over at once, however many they are.
void TreeWriter::write_pieces(LargeFile& large) {
  const StreamRef& content = large.put.entry.content;
  ExtentCursor cursor(writer_.source(), content);
  for (std::uint64_t piece = 0; (piece = large.next_piece++) <= (content.length - 1) / kLargePieceBytes;) {
    const std::uint64_t offset = piece * kLargePieceBytes;
    const std::uint64_t length = std::min(kLargePieceBytes, content.length - offset);
    cursor.seek(offset);
    const Extent* const extent = cursor.current();
    if (extent == nullptr || !extent->is_hole() || extent->length - (offset - cursor.offset()) < length) {
      writer_.write_data(large.file.get(), content, {offset, length}, large.put.path);
      continue;
    }
    const std::uint64_t after_hole = (cursor.offset() + extent->length) / kLargePieceBytes;
    for (std::uint64_t next = large.next_piece; next < after_hole && !large.next_piece.compare_exchange_weak(next, after_hole);) {
    }
  }
}

std::string TreeWriter::working_name(const std::string& disk_path) {
  if (!options_.under_temporary_names) return std::string(name_of(disk_path));
  return options_.temporary_prefix + std::to_string(temporary_count_++);
}

void TreeWriter::publish(const Directory& dir, const std::string& working, const TreePut& put, Place place) {
  if (options_.under_temporary_names) {
    System& system = directories_.system();
    const std::string name(name_of(put.disk_path));
    if (place == Place::replace) {
      const int error =
          retry_interrupted([&] { return system.rename(dir->get(), working.c_str(), dir->get(), name.c_str(), RenameMode::replace); });
      if (error < 0) throw_io(-error, "replace", put.path);
    } else if (!publish_no_replace(system, dir->get(), working, dir->get(), name, put.path)) {
      throw_io(EEXIST, "create", put.path);
    }
  }
  written(put);
}

void TreeWriter::written(const TreePut& put) {
  ++totals_.written;
  if (told_) told_(put.path, put.entry);
}

TreeWriter::Place TreeWriter::look(const Directory& dir, const TreePut& put) {
  if (!options_.may_exist) return Place::free;
  const std::string name(name_of(put.disk_path));
  const auto stat = find_stat(directories_.system(), dir->get(), name.c_str(), put.path);
  if (!stat) return Place::free;
  if (options_.overwrite == Overwrite::never ||
      (options_.overwrite == Overwrite::if_changed && is_same(dir, name.c_str(), *stat, put.entry, put.path))) {
    ++totals_.unchanged;
    return Place::keep;
  }
  if (S_ISDIR(stat->mode))
    throw Error(ErrorKind::refused, "restore " + quoted(put.path) + ": a directory has its name", "remove it, or restore elsewhere",
                put.path);
  return Place::replace;
}

bool TreeWriter::is_same(const Directory& dir, const char* name, const FileStat& stat, const Entry& entry, const std::string& path) {
  if (!has_type(stat, entry.type) || entry.type != EntryType::file || stat.size_bytes != entry.content.length) return false;
  const bool has_time = stat.mtime == entry.mtime;
  // An earlier run may have written all of it, and failed to set this.
  const std::uint32_t settable = writer_.policy().same_owner ? 07777 : 07777 & ~(S_ISUID | S_ISGID);
  const bool has_mode = ((stat.mode ^ entry.mode) & settable) == 0;
  const bool has_owner = !writer_.policy().same_owner || (stat.uid == entry.owner.uid && stat.gid == entry.owner.gid);
  if (has_time && has_mode && has_owner) return true;
  const auto file = find_file(directories_.system(), dir->get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file || (!has_time && !writer_.has_content(file->get(), entry.content, path))) return false;
  writer_.set_metadata(file->get(), entry, path, Inherited{stat.uid, stat.gid, stat.mode});
  return true;
}

void TreeWriter::finish() {
  pool_.wait();
  make_links();
  pool_.wait();
  finish_directories();
  throw_failures();
}

}  // namespace metamori
