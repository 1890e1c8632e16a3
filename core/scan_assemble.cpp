// The second half of a directory's scan: when all its parts are done its listing is written, bottom up.

#include <sys/stat.h>

#include <algorithm>

#include "core/scan_directory.hpp"

namespace metamori {
namespace {

/// What a parent's cache entry holds of a child's listing.
std::uint64_t listing_mark(const StreamRef& listing) {
  std::uint64_t mark = 0;
  if (listing.length > 0) std::memcpy(&mark, listing.id.bytes.data(), sizeof mark);
  return mark;
}

}  // namespace

void DirectoryScan::finish_look() {
  // Seen to the bottom, a directory needs its descriptor no more, though its listing may have to wait for clones.
  for (DirectoryScan* seen = this; seen != nullptr && seen->looks_left_.fetch_sub(1) == 1; seen = seen->parent_.get()) {
    const std::lock_guard lock(seen->descriptor_mutex_);
    seen->fd_.reset();
  }
  finish_part();
}

void DirectoryScan::finish_part() {
  if (parts_left_.fetch_sub(1) != 1) return;
  // Upwards without recursion: trees may be thousands of levels deep.
  auto next = assemble();
  while (next && next->parts_left_.fetch_sub(1) == 1) next = next->assemble();
}

std::shared_ptr<DirectoryScan> DirectoryScan::assemble() {
  std::erase_if(items_, [](const Item& item) { return item.state == State::gone; });
  compare_names();
  DirectoryBuilder::Result built;
  const bool as_cached = is_as_cached();
  if (as_cached) {
    built = {cached_->listing(), cached_->entries_below(), cached_->files_below(), cached_->bytes_below()};
  } else {
    built = build_listing();
  }
  if (enter_only_ && built.listing.length == 0) {
    if (parent_) parent_->items_[slot_].state = State::gone;
    return parent_;
  }
  if (context_.cache_writer != nullptr) {
    const StatKey now = stat_key(stat_);
    const bool block_is_right = as_cached && cached_->self().mtime_nanoseconds == now.mtime_nanoseconds &&
                                cached_->self().mtime_seconds == now.mtime_seconds &&
                                cached_->self().ctime_nanoseconds == now.ctime_nanoseconds &&
                                cached_->self().ctime_seconds == now.ctime_seconds && cached_->self_sound() == self_sound_;
    if (block_is_right)
      context_.cache_writer->keep(*cached_);
    else
      write_cache_block(built);
  }
  deliver(built);
  items_.clear();
  items_.shrink_to_fit();
  return parent_;
}

/// A name that came may have been missed by the pass before, and one that went may have come where this pass had been already.
void DirectoryScan::compare_names() {
  const auto known =
      static_cast<std::size_t>(std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.cached.has_value(); }));
  const std::size_t differing = items_.size() - known + (cached_ ? cached_->entry_count() - known : 0);
  if (differing == 0) return;
  context_.names_differing += differing;
  const std::lock_guard lock(context_.mutex);
  context_.differing_directories.push_back(path_);
}

bool DirectoryScan::is_as_cached() const {
  return cached_ && cached_->entry_count() == items_.size() &&
         std::all_of(items_.begin(), items_.end(), [](const Item& item) { return item.state == State::unchanged; });
}

DirectoryBuilder::Result DirectoryScan::build_listing() {
  DirectoryBuilder builder(context_.store.sink);
  std::optional<DirectoryCursor> old;
  for (const Item& item : items_) {
    if (item.state == State::fresh || item.state == State::settled) {
      builder.add(*item.entry);
      continue;
    }
    // What did not change is taken over from the cached listing, which has it by name.
    if (!old) old.emplace(context_.store.source, cached_->listing());
    old->seek(item.name);
    if (old->current() == nullptr || old->current()->name != item.name) throw CacheIsWrong{};
    if (item.state == State::unchanged) {
      builder.add(*old->current());
      continue;
    }
    Entry entry = *old->current();
    entry.content = item.entry->content;
    entry.entries_below = item.entry->entries_below;
    entry.files_below = item.entry->files_below;
    entry.bytes_below = item.entry->bytes_below;
    builder.add(entry);
  }
  return builder.finish();
}

void DirectoryScan::write_cache_block(const DirectoryBuilder::Result& built) {
  DirectoryToCache block;
  block.path = path_;
  block.self = stat_key(stat_);
  block.device = stat_.device;
  block.self_sound = self_sound_;
  block.listing = built.listing;
  block.entries_below = built.entries_below;
  block.files_below = built.files_below;
  block.bytes_below = built.bytes_below;
  block.entries.reserve(items_.size());
  for (const Item& item : items_) {
    CachedEntry cached;
    cached.key = stat_key(item.stat);
    if (S_ISDIR(item.stat.mode)) {
      cached.key.size_bytes = item.entry ? listing_mark(item.entry->content) : cached_->entry(*item.cached).key.size_bytes;
    }
    cached.sound = item.sound ? 1 : 0;
    block.names += item.name;
    cached.name_end = static_cast<std::uint32_t>(block.names.size());
    block.entries.push_back(cached);
  }
  context_.cache_writer->add(block);
}

void DirectoryScan::deliver(const DirectoryBuilder::Result& built) {
  if (parent_) {
    Item& item = parent_->items_[slot_];
    item.stat = stat_;
    if (self_unchanged_ && parent_->cached_->entry(*item.cached).key.size_bytes == listing_mark(built.listing)) {
      item.state = State::unchanged;
      item.sound = true;
      return;
    }
  }
  auto entry = metadata_ ? std::move(metadata_) : std::make_unique<Entry>();
  entry->content = built.listing;
  entry->entries_below = built.entries_below;
  entry->files_below = built.files_below;
  entry->bytes_below = built.bytes_below;
  if (!parent_) {
    result_ = *std::move(entry);
    return;
  }
  Item& item = parent_->items_[slot_];
  item.sound = self_sound_;
  item.state = self_unchanged_ ? State::moved_in : State::fresh;
  entry->name = item.name;
  item.entry = std::move(entry);
}

void DirectoryScan::deliver_gone() {
  if (!parent_) return;
  parent_->items_[slot_].state = State::gone;
  parent_->finish_look();
}

void DirectoryScan::deliver_entry(std::unique_ptr<Entry> entry, State state, bool sound) {
  if (!parent_) {
    entry->name.clear();
    result_ = *std::move(entry);
    return;
  }
  Item& item = parent_->items_[slot_];
  entry->name = item.name;
  item.entry = std::move(entry);
  item.state = state;
  item.sound = sound;
  parent_->finish_look();
}

}  // namespace metamori
