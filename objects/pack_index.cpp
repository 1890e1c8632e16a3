#include "objects/pack_index.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "objects/pack_index_view.hpp"

namespace metamori {
namespace {

constexpr std::size_t kOpenPacksMax = 64;

/// Packs opened for reading, the most recent ones kept. Thread-safe.
class OpenPacks {
 public:
  /// Nothing (null) if the pack is not in `dir`. Throws corrupt, io.
  std::shared_ptr<const PackReader> get(System& system, int dir, const PackName& name, std::string_view label) {
    if (auto known = touch(name)) return known;
    // Opened outside of the lock: checking a large index takes milliseconds.
    auto opened = PackReader::find_file_of(system, dir, name, label);
    if (opened) keep(opened);
    return opened;
  }
  void keep(std::shared_ptr<const PackReader> pack) {
    const std::lock_guard lock(mutex_);
    if (places_.contains(pack->name())) return;
    packs_.push_front(std::move(pack));
    places_[packs_.front()->name()] = packs_.begin();
    if (packs_.size() <= kOpenPacksMax) return;
    places_.erase(packs_.back()->name());
    packs_.pop_back();  // readers that still use it hold it
  }

 private:
  std::shared_ptr<const PackReader> touch(const PackName& name) {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(name);
    if (found == places_.end()) return nullptr;
    packs_.splice(packs_.begin(), packs_, found->second);
    return *found->second;
  }

  std::mutex mutex_;
  std::list<std::shared_ptr<const PackReader>> packs_;  ///< most recently used first
  std::unordered_map<PackName, std::list<std::shared_ptr<const PackReader>>::iterator> places_;
};

ChunkLocation location(std::shared_ptr<const PackReader> pack, const PackEntry& entry) {
  return {std::move(pack), entry.offset, entry.raw_len, entry.member, entry.depth};
}

/// What one search is after, and what it met.
struct Search {
  ChunkId id;
  std::uint16_t max_depth = kMaxDeltaDepth;
  bool all = false;
  std::vector<ChunkLocation> found;
  bool stale = false;                               ///< a pack is gone that the view believes in
  std::shared_ptr<const IndexLevel> damaged_level;  ///< a level failed its checksum
  [[nodiscard]] bool done() const noexcept { return !found.empty() && !all; }
};

}  // namespace

struct PackIndex::Impl {
  Impl(System& the_system, int packs, int cache, int tmp, int trash)
      : system(the_system), packs_dir(packs), trash_dir(trash), builder(system, packs, cache, tmp) {}

  std::shared_ptr<const IndexView> view();
  /// The one in use, if there is one.
  std::shared_ptr<const IndexView> find_view();
  void set_view(IndexView next);
  /// Lists `packs/` again, unless another thread has done so since `seen` was current.
  std::shared_ptr<const IndexView> refresh(const std::shared_ptr<const IndexView>& seen);
  std::shared_ptr<const IndexView> drop_level(const IndexLevel* damaged);
  void search_view(const IndexView& current, Search& search);
  void search_level(const CoveredLevel& covered, Search& search);
  void search_trash(Search& search);
  void run(Search& search, bool refresh_on_miss);

  System& system;
  const int packs_dir;
  const int trash_dir;
  OpenPacks open_packs;
  std::mutex builder_mutex;  ///< guards builder, and every listing of directories: their descriptors have one position
  IndexViewBuilder builder;
  std::mutex view_mutex;  ///< guards `current` only; taken last
  std::shared_ptr<const IndexView> current;
};

std::shared_ptr<const IndexView> PackIndex::Impl::find_view() {
  const std::lock_guard lock(view_mutex);
  return current;
}

std::shared_ptr<const IndexView> PackIndex::Impl::view() {
  if (auto found = find_view()) return found;
  // Looked at only when the first chunk is asked for: many commands need none.
  const std::lock_guard building(builder_mutex);
  if (auto found = find_view()) return found;
  set_view(builder.load());
  return current;
}

void PackIndex::Impl::set_view(IndexView next) {
  auto made = std::make_shared<const IndexView>(std::move(next));
  const std::lock_guard lock(view_mutex);
  current = std::move(made);
}

std::shared_ptr<const IndexView> PackIndex::Impl::refresh(const std::shared_ptr<const IndexView>& seen) {
  const std::lock_guard building(builder_mutex);
  if (current == seen) set_view(builder.refresh(*seen));
  return current;
}

std::shared_ptr<const IndexView> PackIndex::Impl::drop_level(const IndexLevel* damaged) {
  const std::lock_guard building(builder_mutex);
  const bool there = std::any_of(current->levels.begin(), current->levels.end(),
                                 [&](const CoveredLevel& covered) { return covered.level.get() == damaged; });
  if (there) set_view(builder.without_level(*current, damaged));
  return current;
}

void PackIndex::Impl::search_level(const CoveredLevel& covered, Search& search) {
  const IndexLevel& level = *covered.level;
  try {
    for (std::uint64_t at = level.lower_bound(search.id); at < level.row_count() && !search.done(); ++at) {
      const LevelRow row = level.row(at);
      if (row.entry.id != search.id) return;
      if (!covered.alive[row.pack] || row.entry.depth > search.max_depth) continue;
      std::shared_ptr<const PackReader> pack;
      try {
        pack = open_packs.get(system, packs_dir, level.packs()[row.pack], "packs");
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) throw;
        continue;  // a damaged pack; damaged_packs() names it
      }
      if (pack) {
        search.found.push_back(location(std::move(pack), row.entry));
      } else {
        search.stale = true;
      }
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    search.damaged_level = covered.level;
  }
}

void PackIndex::Impl::search_view(const IndexView& current_view, Search& search) {
  // Newest first: what was stored last is asked for first.
  for (auto pack = current_view.loose.rbegin(); pack != current_view.loose.rend() && !search.done(); ++pack) {
    const auto entry = (*pack)->find(search.id);
    if (entry && entry->depth <= search.max_depth) search.found.push_back(location(*pack, *entry));
  }
  for (const CoveredLevel& covered : current_view.levels) {
    if (search.done()) return;
    search_level(covered, search);
  }
}

/// gc moves a pack here before it deletes it; a reader that began earlier still needs it.
void PackIndex::Impl::search_trash(Search& search) {
  if (trash_dir < 0) return;
  std::vector<PackName> names;
  {
    const std::lock_guard building(builder_mutex);
    names = list_packs(system, trash_dir);
  }
  for (const PackName& name : names) {
    try {
      const auto pack = open_packs.get(system, trash_dir, name, "trash");
      const auto entry = pack ? pack->find(search.id) : std::nullopt;
      if (entry && entry->depth <= search.max_depth) search.found.push_back(location(pack, *entry));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
    }
    if (search.done()) return;
  }
}

void PackIndex::Impl::run(Search& search, bool refresh_on_miss) {
  std::shared_ptr<const IndexView> seen = view();
  search_view(*seen, search);
  while (search.damaged_level) {
    search.found.clear();
    seen = drop_level(std::exchange(search.damaged_level, nullptr).get());
    search_view(*seen, search);
  }
  if (search.done() || (!refresh_on_miss && !search.stale)) return;
  const bool was_found = !search.found.empty();
  seen = refresh(seen);
  search.found.clear();
  search_view(*seen, search);
  if (!refresh_on_miss || (was_found && !search.all) || search.done()) return;
  search_trash(search);
  // Somebody who needs a pack again renames it back: between the looks at the two directories it may have been in neither.
  if (search.found.empty()) search_view(*refresh(seen), search);
}

PackIndex::PackIndex(System& system, int packs_dir, int cache_dir, int tmp_dir, int trash_dir)
    : impl_(std::make_unique<Impl>(system, packs_dir, cache_dir, tmp_dir, trash_dir)) {}
PackIndex::~PackIndex() = default;

std::optional<ChunkLocation> PackIndex::find(const ChunkId& id, bool refresh_on_miss, std::uint16_t max_depth) {
  Search search{id, max_depth, false, {}, false, nullptr};
  impl_->run(search, refresh_on_miss);
  if (search.found.empty()) return std::nullopt;
  return std::move(search.found.front());
}

std::vector<ChunkLocation> PackIndex::find_all(const ChunkId& id) {
  Search search{id, kMaxDeltaDepth, true, {}, false, nullptr};
  impl_->run(search, true);
  return std::move(search.found);
}

std::optional<PackIndex::Holder> PackIndex::find_pack(const ChunkId& id) {
  const std::shared_ptr<const IndexView> seen = impl_->view();
  for (auto pack = seen->loose.rbegin(); pack != seen->loose.rend(); ++pack) {
    if (const auto entry = (*pack)->find(id)) return Holder{(*pack)->name(), entry->depth};
  }
  for (const CoveredLevel& covered : seen->levels) {
    try {
      for (std::uint64_t at = covered.level->lower_bound(id); at < covered.level->row_count(); ++at) {
        const LevelRow row = covered.level->row(at);
        if (row.entry.id != id) break;
        if (covered.alive[row.pack]) return Holder{covered.level->packs()[row.pack], row.entry.depth};
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      impl_->drop_level(covered.level.get());
      return find_pack(id);  // each round has one level less
    }
  }
  return std::nullopt;
}

void PackIndex::add(const PackName& name) {
  impl_->view();
  auto pack = PackReader::find_file_of(impl_->system, impl_->packs_dir, name);
  // Where locks are given to everybody, a gc may have thrown it away already: no record needs it yet. The one that will brings it back.
  if (!pack && impl_->trash_dir >= 0) pack = PackReader::find_file_of(impl_->system, impl_->trash_dir, name, "trash");
  if (!pack) pack = PackReader::open(impl_->system, impl_->packs_dir, name);  // which says what is wrong
  const std::lock_guard building(impl_->builder_mutex);
  impl_->set_view(impl_->builder.with_pack(*impl_->current, std::move(pack)));
}

bool PackIndex::still_present(const PackName& name) {
  const std::string file_name = pack_file_name(name);
  return find_stat(impl_->system, impl_->packs_dir, file_name.c_str(), "packs/" + file_name).has_value();
}

void PackIndex::save() {
  impl_->view();
  const std::lock_guard building(impl_->builder_mutex);
  impl_->set_view(impl_->builder.compact(*impl_->current));
}

std::vector<PackName> PackIndex::packs() {
  const auto seen = impl_->find_view();
  return (seen ? impl_->refresh(seen) : impl_->view())->names;  // what is made now is fresh: thousands of names are not listed twice
}

std::vector<PackName> PackIndex::known_packs() { return impl_->view()->names; }

std::vector<std::string> PackIndex::damaged_packs() {
  const std::shared_ptr<const IndexView> seen = impl_->view();
  std::map<PackName, std::string> damaged = seen->damaged;
  for (const CoveredLevel& covered : seen->levels) {
    for (std::size_t i = 0; i < covered.alive.size(); ++i) {
      if (!covered.alive[i]) continue;
      try {
        impl_->open_packs.get(impl_->system, impl_->packs_dir, covered.level->packs()[i], "packs");
      } catch (const Error& error) {
        damaged.emplace(covered.level->packs()[i], error.what());
      }
    }
  }
  std::vector<std::string> reasons;
  for (auto& [name, reason] : damaged) reasons.push_back(std::move(reason));
  return reasons;
}

}  // namespace metamori
