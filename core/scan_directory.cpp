#include "core/scan_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "objects/chunker.hpp"

namespace metamori {
namespace {

/// Descriptors are held open down to this depth, and below it on every kHeldEvery-th level only: deep trees must not use them all up.
constexpr std::size_t kHeldDepth = 64;
constexpr std::size_t kHeldEvery = 8;
/// A directory of more names does not wait for clones of its files to be read: it would take memory.
constexpr std::size_t kMaxNamesHeld = 16384;
/// Files captured by one task.
constexpr std::size_t kBatchFiles = 64;
constexpr std::uint64_t kBatchBytes = 8U << 20;

bool holds_descriptor(std::size_t depth) { return depth <= kHeldDepth || depth % kHeldEvery == 0; }

bool same_listing_state(const FileStat& a, const FileStat& b) {
  return a.inode == b.inode && a.device == b.device && a.mtime == b.mtime && a.ctime == b.ctime;
}

bool is_reserved(const std::string& name) { return name == kRepositoryName || name.starts_with(kStagePrefix); }

/// Whether a directory whose ctime this is has changed since the pass started, as far as its clock can tell.
bool changed_since(const FileStat& stat, Time started, StampTrust trust) {
  const std::int64_t tick_ns = stat.ctime.nanoseconds == 0 ? kRacySecondNanoseconds : kRacyNanoseconds;  // zeros: it keeps whole seconds
  const std::int64_t slack_ns = trust == StampTrust::remote ? 10'000'000'000 : tick_ns;
  const std::int64_t seconds = stat.ctime.seconds - started.seconds;
  if (seconds > 100) return true;
  if (seconds < -100) return false;
  return seconds * 1'000'000'000 + std::int64_t{stat.ctime.nanoseconds} - std::int64_t{started.nanoseconds} > -slack_ns;
}

}  // namespace

DirectoryScan::DirectoryScan(WalkContext& context, const WalkStart& start)
    : context_(context), start_descriptor_(start.parent), path_(start.path), scope_(start.scope) {}

DirectoryScan::DirectoryScan(std::shared_ptr<DirectoryScan> parent, std::size_t slot)
    : context_(parent->context_), parent_(std::move(parent)), slot_(slot), depth_(parent_->depth_ + 1) {
  const Item& item = parent_->items_[slot_];
  path_ = join_path(parent_->path_, item.name);
  enter_only_ = item.tracking == Tracking::enter_only;
}

bool DirectoryScan::open() {
  int raw = -1;
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
  if (parent_) {
    const std::string& name = parent_->items_[slot_].name;
    const auto above = parent_->descriptor();
    raw = above ? retry_interrupted([&] { return context_.engine.system.open_at(above->get(), name.c_str(), kFlags, 0); }) : -ENOENT;
  } else {
    const std::string name = path_.empty() ? "." : path_.substr(path_.rfind('/') + 1);
    raw = retry_interrupted([&] { return context_.engine.system.open_at(start_descriptor_, name.c_str(), kFlags, 0); });
  }
  if (raw >= 0) {
    fd_ = std::make_shared<const Fd>(context_.engine.system, raw);
    return true;
  }
  if (raw == -EMFILE || raw == -ENFILE) throw_io(-raw, "open", path_);
  if (raw == -ENOENT || raw == -ENOTDIR || raw == -ELOOP) {
    context_.in_motion = true;
    deliver_gone();
  } else {
    become_unreadable(-raw, "open");
  }
  return false;
}

std::shared_ptr<const Fd> DirectoryScan::descriptor() {
  const std::lock_guard lock(descriptor_mutex_);
  if (fd_) return fd_;
  // A deep directory whose descriptor was given back: reopened through its parent, names only, never through a link. It is not kept, or all
  // the way down would be open in the end.
  System& system = context_.engine.system;
  const std::string& name = parent_->items_[slot_].name;
  const auto above = parent_->descriptor();
  if (!above) return nullptr;
  const int raw = retry_interrupted([&] { return system.open_at(above->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0); });
  if (raw == -ENOENT || raw == -ENOTDIR || raw == -ELOOP) return nullptr;
  if (raw < 0) throw_io(-raw, "open", path_);
  auto opened = std::make_shared<const Fd>(system, raw);
  const FileStat now = stat_of(system, raw, path_);
  if (now.inode == stat_.inode && now.device == stat_.device) return opened;
  return nullptr;  // it was moved away: the names in it count as vanished, and the tree is looked at again
}

void DirectoryScan::release_descriptor() {
  if (holds_descriptor(depth_)) return;
  const std::lock_guard lock(descriptor_mutex_);
  fd_.reset();  // tasks that are at work in it hold it
}

void DirectoryScan::become_unreadable(int error, const char* action) {
  context_.note_verdict(path_, Verdict::unreadable, std::string(action) + ": " + std::generic_category().message(error));
  auto previous = context_.previous(path_);
  std::unique_ptr<Entry> entry;
  if (previous && previous->type == EntryType::directory) {
    entry = std::make_unique<Entry>(*std::move(previous));
  } else {
    entry = std::make_unique<Entry>(entry_from_stat(context_.engine.system, parent_ ? parent_->items_[slot_].stat : stat_));
    entry->content_unknown = true;
  }
  deliver_entry(std::move(entry), State::fresh, false);
}

void DirectoryScan::run() {
  context_.stop_check();
  if (!open()) return;
  System& system = context_.engine.system;
  const Time looked_at = system.now();
  if (const int error = retry_interrupted([&] { return system.stat(fd_->get(), stat_); }); error < 0)
    return become_unreadable(-error, "stat");
  trust_ = context_.trust_of(fd_->get(), stat_.device);
  if (depth_ == 0 && path_.empty()) context_.top_device = stat_.device;
  cached_ = context_.cache->find(path_);
  if (cached_ && cached_->device() != stat_.device) cached_.reset();
  if (!list_until_stable()) return;
  // The directory's own metadata, unless what the parent's listing holds is known to be right.
  const StatKey now = stat_key(stat_);
  const auto same_self = [&](const StatKey& then) {
    return then.inode == now.inode && then.mtime_seconds == now.mtime_seconds && then.mtime_nanoseconds == now.mtime_nanoseconds &&
           then.ctime_seconds == now.ctime_seconds && then.ctime_nanoseconds == now.ctime_nanoseconds && then.mode == now.mode;
  };
  if (parent_) {
    const Item& item = parent_->items_[slot_];
    self_unchanged_ =
        item.cached && parent_->cached_->entry(*item.cached).sound != 0 && same_self(parent_->cached_->entry(*item.cached).key);
  }
  if (context_.options.check == CheckMode::content) self_unchanged_ = false;
  self_sound_ = trust_ != StampTrust::volatile_ && !is_racy(stat_, looked_at, trust_);
  if (!self_unchanged_) {
    Captured metadata = capture_directory_metadata(context_.capture_context(), fd_->get(), stat_);
    context_.note_verdict(path_, metadata.verdict, metadata.reason);
    metadata_ = std::make_unique<Entry>(std::move(metadata.entry));
    self_sound_ = self_sound_ && metadata.verdict == Verdict::clean;
  }
  schedule();
  release_descriptor();
  finish_look();
}

bool DirectoryScan::list_until_stable() {
  for (std::uint32_t attempt = 0;; ++attempt) {
    FileStat before;
    FileStat after;
    items_.clear();
    if (!list_once(before, after)) return false;
    stat_ = after;
    if (same_listing_state(before, after) && !lost_a_name_) break;
    context_.in_motion = true;
    if (attempt >= context_.options.retries) {
      context_.note_verdict(path_, Verdict::torn, {});
      break;
    }
  }
  if (changed_since(stat_, context_.started, trust_)) context_.in_motion = true;
  return true;
}

bool DirectoryScan::list_once(FileStat& before, FileStat& after) {
  System& system = context_.engine.system;
  if (const int error = retry_interrupted([&] { return system.stat(fd_->get(), before); }); error < 0) {
    become_unreadable(-error, "stat");
    return false;
  }
  std::vector<DirectoryName> names;
  try {
    names = list_directory(system, fd_->get(), path_);
  } catch (const Error& error) {
    context_.note_verdict(path_, Verdict::unreadable, error.what());
    become_unreadable(EIO, "list");
    return false;
  }
  std::sort(names.begin(), names.end(), [](const DirectoryName& a, const DirectoryName& b) { return a.name < b.name; });
  const auto has = [&](std::string_view wanted) {
    return std::binary_search(names.begin(), names.end(), wanted, [](const auto& a, const auto& b) {
      const auto text = [](const auto& value) -> std::string_view {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, DirectoryName>)
          return value.name;
        else
          return value;
      };
      return text(a) < text(b);
    });
  };
  if (!path_.empty() && has(kRepositoryName)) {
    {
      const std::lock_guard lock(context_.mutex);
      context_.skipped_repositories.push_back(path_);
    }
    deliver_gone();
    return false;
  }
  std::optional<std::string> ignore_text;
  if (has(kIgnoreFileName)) ignore_text = read_ignore_file(system, fd_->get(), path_);
  if (parent_) scope_ = parent_->scope_->descend(parent_->items_[slot_].name, ignore_text);
  items_.reserve(names.size());
  lost_a_name_ = false;
  std::size_t cached_index = 0;
  for (DirectoryName& listed : names) {
    if (is_reserved(listed.name)) continue;
    Item item;
    item.name = std::move(listed.name);
    FileStat look;
    bool looked = false;
    int error = 0;
    if (listed.type == DT_UNKNOWN) {
      error = retry_interrupted([&] { return system.stat_at(fd_->get(), item.name.c_str(), look); });
      looked = true;
    }
    const bool is_directory = looked && error == 0 ? S_ISDIR(look.mode) : listed.type == DT_DIR;
    item.tracking = scope_->decide(item.name, is_directory);
    if (item.tracking == Tracking::untracked) continue;
    if (!looked) error = retry_interrupted([&] { return system.stat_at(fd_->get(), item.name.c_str(), look); });
    if (error == -ENOENT || (error == 0 && S_ISDIR(look.mode) != is_directory)) {
      lost_a_name_ = true;  // it has another name by now, or is something else: its directory's times may not tell, within one tick
      continue;
    }
    item.stat = look;
    if (error < 0) settle_unreadable(item, is_directory, -error);
    if (cached_) {
      while (cached_index < cached_->entry_count() && cached_->name(cached_index) < item.name) ++cached_index;
      if (cached_index < cached_->entry_count() && cached_->name(cached_index) == item.name) item.cached = cached_index;
    }
    items_.push_back(std::move(item));
  }
  if (const int error = retry_interrupted([&] { return system.stat(fd_->get(), after); }); error < 0) {
    become_unreadable(-error, "stat");
    return false;
  }
  return true;
}

bool DirectoryScan::is_unchanged(const Item& item) const {
  if (!item.cached || context_.options.check == CheckMode::content) return false;
  const CachedEntry& then = cached_->entry(*item.cached);
  if (then.sound == 0 || item.stat.device != stat_.device) return false;
  const bool is_of_this_boot = context_.boot != 0 && cached_->boot() == context_.boot;
  if (S_ISREG(item.stat.mode) && trust_ == StampTrust::sound && !is_of_this_boot && context_.options.check != CheckMode::mtime)
    return false;
  const StatKey now = stat_key(item.stat);
  if (then.key.size_bytes != now.size_bytes || then.key.mtime_seconds != now.mtime_seconds ||
      then.key.mtime_nanoseconds != now.mtime_nanoseconds || then.key.mode != now.mode)
    return false;
  // A file with several names is told by its inode in any case, or its names could come to differ.
  if (context_.options.check == CheckMode::mtime) return item.stat.link_count < 2 || then.key.inode == now.inode;
  return trust_ != StampTrust::volatile_ && then.key.inode == now.inode && then.key.ctime_seconds == now.ctime_seconds &&
         then.key.ctime_nanoseconds == now.ctime_nanoseconds;
}

void DirectoryScan::settle_unreadable(Item& item, bool is_directory, int error) {
  const std::string path = join_path(path_, item.name);
  context_.note_verdict(path, Verdict::unreadable, "stat: " + std::generic_category().message(error));
  item.entry = std::make_unique<Entry>();
  if (auto previous = context_.previous(path)) {
    *item.entry = *std::move(previous);
  } else {
    item.entry->type = is_directory ? EntryType::directory : EntryType::file;
    item.entry->content_unknown = true;
  }
  item.entry->name = item.name;
  item.state = State::settled;
}

void DirectoryScan::classify(Item& item) {
  constexpr std::uint64_t kShowEvery = 64;  // looking at the clock for each name would cost a tenth of an unchanged name
  if (++context_.names_seen % kShowEvery == 0) context_.show_progress(path_);
  if (item.state == State::settled) return;
  if (S_ISSOCK(item.stat.mode)) {
    const std::lock_guard lock(context_.mutex);
    context_.skipped_sockets.push_back(join_path(path_, item.name));
    return;
  }
  if (S_ISDIR(item.stat.mode)) {
    item.state = State::directory;
    return;
  }
  item.state = State::fresh;
  if (!is_unchanged(item)) return;
  if (item.stat.link_count > 1 && !context_.links.add_unchanged(item.stat, join_path(path_, item.name))) return;
  item.state = State::unchanged;
  item.sound = true;
}

void DirectoryScan::schedule() {
  std::vector<std::vector<std::size_t>> batches(1);
  std::uint64_t batch_bytes = 0;
  std::vector<std::size_t> directories;
  for (std::size_t index = 0; index < items_.size(); ++index) {
    Item& item = items_[index];
    classify(item);
    if (item.state == State::directory) directories.push_back(index);
    if (item.state != State::fresh) continue;
    if (batches.back().size() >= kBatchFiles || batch_bytes >= kBatchBytes) {
      batches.emplace_back();
      batch_bytes = 0;
    }
    batches.back().push_back(index);
    batch_bytes += item.stat.size_bytes;
  }
  looks_left_ += directories.size() + batches.size() - 1;
  parts_left_ += directories.size() + batches.size() - 1;
  const auto self = shared_from_this();
  for (const std::size_t index : directories) {
    const bool other_device = items_[index].stat.device != context_.top_device && context_.options.one_file_system;
    if (!other_device) {
      context_.pool.submit([self, index] { std::make_shared<DirectoryScan>(self, index)->run(); });
      continue;
    }
    items_[index].entry = std::make_unique<Entry>(entry_from_stat(context_.engine.system, items_[index].stat));
    items_[index].entry->name = items_[index].name;
    items_[index].state = State::fresh;
    --looks_left_;
    --parts_left_;
  }
  for (std::size_t batch = 1; batch < batches.size(); ++batch)
    context_.pool.submit([self, indexes = std::move(batches[batch])] {
      self->capture_items(indexes);
      self->finish_look();
    });
  capture_items(batches.front());
}

/// What the cached listing has of the files among `indexes` (ascending) that are large enough to be worth comparing.
std::vector<StreamRef> DirectoryScan::earlier_contents(const std::vector<std::size_t>& indexes) const {
  std::vector<StreamRef> result(indexes.size());
  if (context_.options.check == CheckMode::content) return result;
  std::optional<DirectoryCursor> old;
  for (std::size_t place = 0; place < indexes.size(); ++place) {
    const Item& item = items_[indexes[place]];
    if (!item.cached || !S_ISREG(item.stat.mode) || item.stat.size_bytes < min_chunk_bytes(0)) continue;
    if (!old) old.emplace(context_.store.source, cached_->listing());
    old->seek(item.name);
    if (old->current() != nullptr && old->current()->name == item.name && old->current()->type == EntryType::file)
      result[place] = old->current()->content;
  }
  return result;
}

void DirectoryScan::capture_items(const std::vector<std::size_t>& indexes) {
  if (indexes.empty()) return;
  const std::vector<StreamRef> earlier = earlier_contents(indexes);
  const auto dir = descriptor();
  for (std::size_t place = 0; place < indexes.size(); ++place) {
    Item& item = items_[indexes[place]];
    const std::string path = join_path(path_, item.name);
    Captured captured;
    captured.vanished = true;
    if (dir) captured = capture_for_walk(context_, dir->get(), item.name, path, item.stat, trust_, earlier[place]);
    if (captured.vanished) {
      item.state = State::gone;
      context_.in_motion = true;
      continue;
    }
    if (captured.clone)
      read_when_seen(indexes[place], std::move(captured), earlier[place]);
    else
      take_captured(item, std::move(captured));
  }
}

void DirectoryScan::take_captured(Item& item, Captured captured) {
  item.entry = std::make_unique<Entry>(std::move(captured.entry));
  item.entry->name = item.name;
  item.stat = captured.stat;
  item.sound = captured.sound;
}

/// Leaves the content to be read from its clone when everything has been looked at.
void DirectoryScan::read_when_seen(std::size_t index, Captured captured, const StreamRef& previous) {
  ++parts_left_;
  const auto read = [self = shared_from_this(), index, shared = std::make_shared<Captured>(std::move(captured)), previous] {
    Item& item = self->items_[index];
    capture_content(self->context_, join_path(self->path_, item.name), *shared, previous);
    self->take_captured(item, std::move(*shared));
    self->finish_part();
  };
  if (items_.size() <= kMaxNamesHeld)
    context_.clones->add_reader(read);
  else
    read();
}

}  // namespace metamori
