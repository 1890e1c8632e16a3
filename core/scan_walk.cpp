#include "core/scan_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "core/scan_directory.hpp"

namespace metamori {
WalkContext::WalkContext(Engine& the_engine, ScanStore the_store, const ScanOptions& the_options, Shared shared)
    : engine(the_engine),
      store(the_store),
      options(the_options),
      pool(shared.pool),
      stop_check(the_engine.system, the_options.control),
      cache(StatCache::none()),
      fingerprints(shared.fingerprints),
      started(the_engine.system.now()),
      started_ns(the_engine.system.monotonic_ns()),
      boot(boot_mark(the_engine.system)),
      links(shared.links),
      reads(the_engine.system, stop_check, the_options.control.rate_limit_bytes, [this] { show_progress({}); }) {}

void WalkContext::note_verdict(const std::string& path, Verdict verdict, const std::string& reason, Live live) {
  if (verdict == Verdict::clean && live != Live::yes) return;
  const std::lock_guard lock(mutex);
  verdicts.push_back({path, verdict, live});
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
  return {engine.system,
          store.sink,
          pool,
          stop_check,
          store.source,
          fingerprints,
          reads,
          options.is_kept,
          options.retries,
          options.look_for_writers,
          clones.get()};
}

void WalkContext::show_progress(const std::string& path) {
  if (options.control.progress == nullptr) return;
  constexpr std::int64_t kShowEveryNs = 100'000'000;
  const std::int64_t now = engine.system.monotonic_ns();
  if (now - progress_shown_ns.load(std::memory_order_relaxed) < kShowEveryNs) return;
  const std::lock_guard lock(mutex);
  if (now - progress_shown_ns < kShowEveryNs) return;
  progress_shown_ns = now;
  progress.phase = Phase::scan;
  progress.files_done = names_seen;
  progress.bytes_done = reads.bytes();
  if (!path.empty()) progress.path = path;
  options.control.progress->update(progress);
}

std::optional<std::string> read_ignore_file(System& system, int dir, const std::string& directory) {
  const std::string path = join_path(directory, kIgnoreFileName);
  const std::string name(kIgnoreFileName);
  const int raw = retry_interrupted([&] { return system.open_at(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0); });
  if (raw == -EMFILE || raw == -ENFILE) throw_io(-raw, "open", path);
  if (raw < 0) return std::nullopt;
  const Fd file(system, raw);
  FileStat stat;
  if (retry_interrupted([&] { return system.stat(raw, stat); }) < 0 || !S_ISREG(stat.mode)) return std::nullopt;
  if (stat.size_bytes > kMaxIgnoreBytes)
    throw Error(ErrorKind::refused, quoted(path) + " is too large for a list of what is not to be tracked",
                "such a file has at most 16 MiB: say it by patterns, or give the file another name", path);
  std::string text(static_cast<std::size_t>(stat.size_bytes), '\0');
  try {
    text.resize(read_up_to(system, raw, std::as_writable_bytes(std::span(text)), 0, path));
  } catch (const Error&) {
    return std::nullopt;  // its own capture tells that it can't be read
  }
  return text;
}

Finding walk_directory(WalkContext& context, const WalkStart& start) {
  auto root = std::make_shared<DirectoryScan>(context, start);
  context.pool.submit([root] { root->run(); });
  context.pool.wait();
  return [root] { return root->take_result(); };
}

}  // namespace metamori
