#include "core/scan.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/files.hpp"
#include "core/held_still.hpp"
#include "core/scan_links.hpp"
#include "core/scan_verdicts.hpp"
#include "core/scan_walk.hpp"
#include "core/scan_way.hpp"

namespace metamori {
namespace {

std::size_t worker_count(const Control& control) {
  if (control.jobs > 0) return control.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
}

/// Paths without those that lie below another one.
std::vector<std::string> outermost(std::vector<std::string> paths) {
  std::sort(paths.begin(), paths.end(), WalkOrder{});
  std::vector<std::string> result;
  for (std::string& path : paths)
    if (result.empty() || !is_at_or_below(path, result.back())) result.push_back(std::move(path));
  return result;
}

/// Whether the clock stands where the steady clock says it should: if not, directory times prove nothing.
bool clock_was_set(const WalkContext& pass) {
  System& system = pass.engine.system;
  const std::int64_t steady = (system.monotonic_ns() - pass.started_ns) / 1'000'000'000;
  const std::int64_t shown = system.now().seconds - pass.started.seconds;
  return shown < steady - 1 || shown > steady + 1;
}

/// Thrown when names seem to have come or gone while writers were held still, and more is in clones than was read. That may be because they
/// did in the tick before: a first pass after that tick tells. A second pass, which compares with this one, would need the clones to be
/// read before it, while writers wait.
struct LookAfresh {};

}  // namespace

struct TreeScan::Impl {
  Impl(Engine& the_engine, ScanStore the_store, ScanOptions the_options)
      : engine(the_engine),
        store(the_store),
        options(std::move(the_options)),
        pool(worker_count(options.control)),
        fingerprints(the_engine) {
    options.scope = outermost(std::move(options.scope));
    if (!options.scope.empty() && options.scope.front().empty()) options.scope.clear();
  }

  Engine& engine;
  ScanStore store;
  ScanOptions options;
  WorkerPool pool;
  Fingerprints fingerprints;
  std::shared_ptr<const StatCache> cache = StatCache::none();  ///< what the next pass compares with
  std::unique_ptr<LinkGroups> links;                           ///< of the last pass
  std::unique_ptr<StatCacheWriter> writer;
  std::shared_ptr<const StatCache> written;  ///< of the last pass
  std::string rules;
  HeldStill* held = nullptr;  ///< while run() runs
  bool may_look_afresh = true;
  bool has_moved = false;  ///< the last pass may have missed names
  std::uint64_t bytes_read = 0;
  std::uint64_t files_cloned = 0;  ///< and read when writers were let go
  std::optional<Time> seen;        ///< when writers were let go

  std::unique_ptr<WalkContext> new_context() {
    links = std::make_unique<LinkGroups>();
    auto context = std::make_unique<WalkContext>(engine, store, options, WalkContext::Shared{pool, fingerprints, *links});
    context->cache = cache;
    if (options.is_kept) {
      writer = std::make_unique<StatCacheWriter>(engine, cache);
      context->cache_writer = writer.get();
    }
    if (held != nullptr && held->can_hold() && options.is_kept && engine.dirs.tmp.is_open())
      context->clones = std::make_unique<Clones>(engine.system, engine.dirs.tmp.get(), held->since_ns());
    return context;
  }

  std::shared_ptr<const DirectoryScope> top_scope() {
    return TrackingRules(rules).top(read_ignore_file(engine.system, engine.tree.get(), ""));
  }

  /// The scope of the directory that holds `path`, if rules let it be tracked at all.
  std::optional<Tracking> tracking_of(const std::string& path, bool is_directory, std::shared_ptr<const DirectoryScope>& below) {
    auto scope = top_scope();
    std::string walked;
    for (std::size_t begin = 0;;) {
      const std::size_t slash = path.find('/', begin);
      const std::string name = path.substr(begin, slash - begin);
      const bool last = slash == std::string::npos;
      const Tracking tracking = scope->decide(name, last ? is_directory : true);
      if (tracking == Tracking::untracked) return std::nullopt;
      if (last) {
        below = scope;
        return tracking;
      }
      walked = join_path(walked, name);
      std::optional<std::string> text;
      if (const auto dir = open_parent(engine, walked + "/x")) text = read_ignore_file(engine.system, dir->get(), walked);
      scope = scope->descend(name, text);
      begin = slash + 1;
    }
  }

  /// The next pass goes without a cache. Throws if this one did already.
  void distrust_cache(bool& trusted) {
    if (!std::exchange(trusted, false)) throw Error(ErrorKind::corrupt, "a scan without a cache contradicted its cache");
    cache = StatCache::none();
  }

  void finish_looking(WalkContext& context);
  Finding walk_path(WalkContext& context, const std::string& path);
  std::optional<Entry> capture_alone(WalkContext& context, const std::string& path);
  StoredRoot pass_whole(WalkContext& context);
  StoredRoot pass_scoped(WalkContext& context, ScanResult& result);
  void join_names_outside(const LinkTable& base_links, const Grafts& grafts);
  StoredRoot pass(std::unique_ptr<WalkContext>& context, ScanResult& result);
  void hold_still(ScanResult& result);
  void keep_cache_outside_scope();
};

/// The walk has seen everything: writers may go on, unless there are reasons to look again, and clones are read.
void TreeScan::Impl::finish_looking(WalkContext& context) {
  has_moved = context.in_motion || clock_was_set(context);
  Clones* const clones = context.clones.get();
  if (has_moved && may_look_afresh && clones != nullptr && clones->bytes() > context.reads.bytes() &&
      clones->let_tick_pass(clones->bytes()))
    throw LookAfresh{};
  if (!has_moved && held != nullptr && held->is_holding()) {
    files_cloned = clones == nullptr ? 0 : clones->reader_count();
    held->release();
    seen = engine.system.now();
  }
  if (clones != nullptr) clones->read_all(pool);
}

Finding TreeScan::Impl::walk_path(WalkContext& context, const std::string& path) {
  const auto nothing_found = [] { return std::optional<Entry>(); };
  const auto parent = open_parent(engine, path);
  if (!parent) return nothing_found;
  const std::string name(name_of(path));
  const auto look = find_stat(engine.system, parent->get(), name.c_str(), path);
  if (!look) return nothing_found;
  std::shared_ptr<const DirectoryScope> scope;
  if (!tracking_of(path, S_ISDIR(look->mode), scope))
    throw Error(ErrorKind::usage, quoted(path) + " is not tracked", "see 'metamori track --list' and .metamoriignore", path);
  if (!S_ISDIR(look->mode)) return capture_single(context, parent->get(), name, path, *look);
  std::optional<std::string> text;
  if (const auto dir = open_parent(engine, path + "/x")) text = read_ignore_file(engine.system, dir->get(), path);
  return [name, find = walk_directory(context, {path, parent->get(), scope->descend(name, text)})] {
    auto entry = find();
    if (entry) entry->name = name;
    return entry;
  };
}

/// Whatever is at `path`, tracked or not; of a directory only what it is itself.
std::optional<Entry> TreeScan::Impl::capture_alone(WalkContext& context, const std::string& path) {
  const auto parent = open_parent(engine, path);
  if (!parent) return std::nullopt;
  const std::string name(name_of(path));
  const auto look = find_stat(engine.system, parent->get(), name.c_str(), path);
  if (!look) return std::nullopt;
  if (!S_ISDIR(look->mode)) return capture_single(context, parent->get(), name, path, *look)();
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
  const int raw = retry_interrupted([&] { return engine.system.open_at(parent->get(), name.c_str(), kFlags, 0); });
  if (raw == -ENOENT || raw == -ENOTDIR || raw == -ELOOP) return std::nullopt;
  if (raw == -EMFILE || raw == -ENFILE) throw_io(-raw, "open", path);
  if (raw < 0) {
    context.note_verdict(path, Verdict::unreadable, "open: " + std::generic_category().message(-raw));
    return entry_from_stat(engine.system, *look);
  }
  const Fd directory(engine.system, raw);
  Captured captured = capture_directory_metadata(context.capture_context(), raw, stat_of(engine.system, raw, path));
  context.note_verdict(path, captured.verdict, captured.reason);
  return std::move(captured.entry);
}

StoredRoot TreeScan::Impl::pass_whole(WalkContext& context) {
  const Finding find = walk_directory(context, {"", engine.tree.get(), top_scope()});
  finish_looking(context);
  auto top = find();
  if (!top || top->content_unknown) throw Error(ErrorKind::io, "read " + quoted(engine.tree_directory), {}, engine.tree_directory);
  top->name.clear();
  const Root walked{*top, {}};
  const EqualNames equal = equal_names(*links, [&](const std::string& path) { return find_path(store.source, walked, path); });
  judge_again(equal, context.verdicts, context.reasons);
  const Entry whole = graft(store, *std::move(top), equal.grafts, [](const std::string& path) { return get_on_the_way({}, path); });
  return put_root(store.sink, whole, links->table());
}

/// A file with names inside and outside the scope is one file: those outside that are still the same inode come along.
void TreeScan::Impl::join_names_outside(const LinkTable& base_links, const Grafts& grafts) {
  for (const auto& group : base_links) {
    if (std::none_of(group.begin(), group.end(), [&](const auto& path) { return is_grafted(grafts, path); })) continue;
    for (const std::string& path : group) {
      if (is_grafted(grafts, path)) continue;
      const auto parent = open_parent(engine, path);
      const auto stat = parent ? find_stat(engine.system, parent->get(), std::string(name_of(path)).c_str(), path) : std::nullopt;
      if (stat && stat->link_count > 1) links->join(*stat, path);
    }
  }
}

StoredRoot TreeScan::Impl::pass_scoped(WalkContext& context, ScanResult& result) {
  std::map<std::string, Finding> findings;
  WayEntries way;
  for (const std::string& path : options.scope) {
    findings[path] = walk_path(context, path);
    look_at_way(context, path, way);
    result.grafts[path];
  }
  LinkTable base_links;
  Entry base;
  if (context.base()) {
    base = context.base()->top;
    base_links = get_links(store.source, *context.base());
    join_names_outside(base_links, result.grafts);
  } else {
    const FileStat stat = stat_of(engine.system, engine.tree.get(), engine.tree_directory);
    base = capture_directory_metadata(context.capture_context(), engine.tree.get(), stat).entry;
  }
  finish_looking(context);
  for (auto& [path, find] : findings) {
    auto entry = find();
    if (!entry && !(context.base() && find_path(store.source, *context.base(), path)))
      throw Error(ErrorKind::usage, "there is no " + quoted(path) + ", neither in the tree nor in the last checkpoint", {}, path);
    result.grafts.insert_or_assign(path, std::move(entry));
  }
  EqualNames equal = equal_names(*links, [&](const std::string& path) { return find_grafted(store.source, result.grafts, path); });
  judge_again(equal, context.verdicts, context.reasons);
  for (auto& [path, entry] : equal.grafts) result.grafts.insert_or_assign(path, std::move(entry));
  result.scope_links = links->table();
  const Entry top = graft(store, std::move(base), result.grafts, [&](const std::string& path) { return get_on_the_way(way, path); });
  return put_root(store.sink, top, joined_links(links_beside(base_links, result.grafts), result.scope_links));
}

StoredRoot TreeScan::Impl::pass(std::unique_ptr<WalkContext>& context, ScanResult& result) {
  for (;;) {
    context = new_context();
    result.grafts.clear();
    try {
      StoredRoot root = options.scope.empty() ? pass_whole(*context) : pass_scoped(*context, result);
      bytes_read += context->reads.bytes();
      return root;
    } catch (const LookAfresh&) {
      may_look_afresh = false;
      bytes_read += context->reads.bytes();
    }
  }
}

/// From the first look on, and again if what was let go of has to be looked at once more.
void TreeScan::Impl::hold_still(ScanResult& result) {
  if (held == nullptr || !held->can_hold() || held->is_holding()) return;
  held->hold();
  result.start = engine.system.now();
}

void TreeScan::Impl::keep_cache_outside_scope() {
  if (!writer || options.scope.empty()) return;
  for (const CachedDirectory& block : cache->all())
    if (!is_at_or_below_any(block.path(), options.scope)) writer->keep(block);
}

bool ScanResult::is_clean() const noexcept {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const PathVerdict& path) { return path.verdict == Verdict::clean; });
}

TreeScan::TreeScan(Engine& engine, ScanStore store, ScanOptions options)
    : impl_(std::make_unique<Impl>(engine, store, std::move(options))) {}
TreeScan::~TreeScan() = default;

ScanResult TreeScan::run(HeldStill* held) {
  Impl& impl = *impl_;
  System& system = impl.engine.system;
  ScanResult result;
  result.start = system.now();
  result.rules = impl.rules = read_rules(impl.engine);
  impl.cache = StatCache::open(impl.engine);
  impl.held = held;
  bool trust_cache = true;
  ScanTotals totals;
  StoredRoot root;
  for (std::uint32_t pass = 0;; ++pass) {
    std::unique_ptr<WalkContext> context;
    try {
      impl.hold_still(result);
      root = impl.pass(context, result);
    } catch (const CacheIsWrong&) {
      impl.distrust_cache(trust_cache);
      continue;
    } catch (const Error& error) {
      // A chunk that the cache led to may be missing or damaged; what the tree holds is there to be read again.
      if (error.kind() != ErrorKind::corrupt || !trust_cache || impl.cache->is_empty()) throw;
      impl.distrust_cache(trust_cache);
      continue;
    }
    totals.files_captured =
        std::max<std::uint64_t>(totals.files_captured, context->files_captured);  // later passes see the same files again
    impl.keep_cache_outside_scope();
    if (impl.writer) impl.written = impl.writer->finish();
    const bool may_have_missed = impl.has_moved && (pass == 0 || context->names_differing > 0);
    if (may_have_missed && pass < impl.options.retries && impl.written && !impl.written->is_empty()) {
      // A file may have been renamed from a directory not yet read into one already read. Look again; what is known now makes it cheap.
      impl.cache = impl.written;
      continue;
    }
    if (may_have_missed && pass > 0)
      for (const std::string& path : context->differing_directories) context->note_verdict(path, Verdict::torn, {});
    result.verdicts = std::move(context->verdicts);
    result.reasons = std::move(context->reasons);
    result.skipped_repositories = std::move(context->skipped_repositories);
    result.skipped_sockets = std::move(context->skipped_sockets);
    break;
  }
  if (held != nullptr) held->release();
  totals.bytes_read = impl.bytes_read;
  totals.files_cloned = impl.files_cloned;
  result.totals = totals;
  const ParentVerdicts parent{impl.engine, impl.store.source, impl.options};
  parent.judge_kept(result.verdicts);
  parent.carry_over(result.grafts, result.verdicts);
  sort_verdicts(result.verdicts);
  std::sort(result.skipped_repositories.begin(), result.skipped_repositories.end());
  std::sort(result.skipped_sockets.begin(), result.skipped_sockets.end());
  result.set_root(std::move(root));
  result.end = impl.seen.value_or(system.now());
  return result;
}

void TreeScan::add_untracked(ScanResult& result, const std::vector<std::string>& paths) {
  Impl& impl = *impl_;
  ChunkSource& source = impl.store.source;
  WalkContext context(impl.engine, impl.store, impl.options, {impl.pool, impl.fingerprints, *impl.links});
  context.cache = impl.cache;
  Grafts extra;
  WayEntries way;
  for (const std::string& path : paths) {
    look_at_way(context, path, way);
    auto entry = impl.capture_alone(context, path);
    if (entry) extra.insert_or_assign(path, std::move(entry));
  }
  if (extra.empty()) return;
  result.verdicts.insert(result.verdicts.end(), context.verdicts.begin(), context.verdicts.end());
  result.reasons.merge(context.reasons);
  // They may be further names of tracked files.
  EqualNames equal = equal_names(*impl.links, [&](const std::string& path) {
    return is_grafted(extra, path) ? find_grafted(source, extra, path) : find_path(source, result.root_node, path);
  });
  judge_again(equal, result.verdicts, result.reasons);
  for (auto& [path, entry] : equal.grafts) extra.insert_or_assign(path, std::move(entry));
  const Entry top = graft(impl.store, result.root_node.top, extra, [&](const std::string& path) { return get_on_the_way(way, path); });
  result.set_root(put_root(impl.store.sink, top, impl.links->table()));
  sort_verdicts(result.verdicts);
}

void TreeScan::save_cache() {
  impl_->fingerprints.save();
  if (impl_->writer) impl_->writer->put_in_place();
}

std::optional<FileStat> TreeScan::captured_stat(std::string_view path) const {
  if (!impl_->writer) return std::nullopt;
  const std::size_t slash = path.rfind('/');
  const auto directory = impl_->writer->find_seen(slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash));
  if (!directory) return std::nullopt;
  const auto index = directory->find(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (!index) return std::nullopt;
  const StatKey& key = directory->entry(*index).key;
  FileStat stat;
  stat.device = directory->device();
  stat.inode = key.inode;
  stat.size_bytes = S_ISDIR(key.mode) ? 0 : key.size_bytes;
  stat.mode = key.mode;
  stat.link_count = key.link_count;
  stat.mtime = {key.mtime_seconds, key.mtime_nanoseconds};
  stat.ctime = {key.ctime_seconds, key.ctime_nanoseconds};
  return stat;
}

}  // namespace metamori
