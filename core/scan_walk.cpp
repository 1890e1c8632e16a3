#include "core/scan_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "core/scan_directory.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxIgnoreBytes = 1U << 20;

}  // namespace

WalkContext::WalkContext(Engine& the_engine, ScanStore the_store, const ScanOptions& the_options, WorkerPool& the_pool,
                         Fingerprints& prints)
    : engine(the_engine),
      store(the_store),
      options(the_options),
      pool(the_pool),
      stop_check(the_engine.system, the_options.control),
      cache(StatCache::none()),
      fingerprints(prints),
      started(the_engine.system.now()),
      boot(boot_mark(the_engine.system)) {}

void WalkContext::note_verdict(const std::string& path, Verdict verdict, const std::string& reason) {
  if (verdict == Verdict::clean) return;
  const std::lock_guard lock(mutex);
  verdicts.push_back({path, verdict, Live::no});
  if (!reason.empty()) reasons[path] = reason;
}

StampTrust WalkContext::trust_of(int fd, std::uint64_t device) {
  {
    const std::lock_guard lock(mutex);
    const auto found = trust_by_device.find(device);
    if (found != trust_by_device.end()) return found->second;
  }
  FileSystemInfo info;
  const StampTrust trust = engine.system.file_system_info(fd, info) < 0 ? StampTrust::volatile_ : stamp_trust(info.type);
  const std::lock_guard lock(mutex);
  trust_by_device[device] = trust;
  return trust;
}

const std::optional<Root>& WalkContext::base() {
  const std::lock_guard lock(mutex);
  if (!base_root && options.base_root) base_root = get_root(store.source, *options.base_root);
  return base_root;
}

std::optional<Entry> WalkContext::previous(const std::string& path) {
  const std::optional<Root>& root = base();
  return root ? find_path(store.source, *root, path) : std::nullopt;
}

CaptureContext WalkContext::capture_context() {
  return {engine.system, store.sink, pool, stop_check, store.source, fingerprints, options.keep_cache, options.retries, &bytes_read};
}

void WalkContext::show_progress(const std::string& path) {
  if (options.control.progress == nullptr) return;
  const std::lock_guard lock(mutex);
  const std::int64_t now = engine.system.monotonic_ns();
  if (now - progress_shown_ns < 100'000'000) return;
  progress_shown_ns = now;
  progress.phase = Phase::scan;
  progress.files_done = names_seen;
  progress.bytes_done = bytes_read;
  progress.path = path;
  options.control.progress->update(progress);
}

std::string join_path(const std::string& directory, const std::string& name) { return directory.empty() ? name : directory + '/' + name; }

std::optional<std::string> read_ignore_file(System& system, int dir) {
  const int raw = system.open_at(dir, ".metamoriignore", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  if (raw < 0) return std::nullopt;
  const Fd file(system, raw);
  FileStat stat;
  if (system.stat(file.get(), stat) < 0 || !S_ISREG(stat.mode)) return std::nullopt;
  return std::string(as_text(read_whole(system, file.get(), kMaxIgnoreBytes, ".metamoriignore")));
}

std::optional<Entry> walk_directory(WalkContext& context, const WalkStart& start) {
  auto root = std::make_shared<DirectoryScan>(context, start);
  context.pool.submit([root] { root->run(); });
  context.pool.wait();
  return root->take_result();
}

std::optional<Entry> capture_single(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look) {
  if (S_ISSOCK(look.mode)) {
    const std::lock_guard lock(context.mutex);
    context.skipped_sockets.push_back(path);
    return std::nullopt;
  }
  const StampTrust trust = context.trust_of(dir, look.device);
  Captured captured = capture_for_walk(context, dir, name, path, look, trust, {});
  if (captured.vanished) return std::nullopt;
  if (captured.stat.link_count > 1) context.links.add(captured.stat, path);
  captured.entry.name = name;
  return std::move(captured.entry);
}

}  // namespace metamori
