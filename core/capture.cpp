#include "core/capture.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "core/capture_content.hpp"
#include "core/clones.hpp"
#include "core/entry_type.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kExt4 = 0xEF53, kXfs = 0x58465342, kBtrfs = 0x9123683E, kF2fs = 0xF2F52010;
constexpr std::uint64_t kNfs = 0x6969, kLustre = 0x0BD00BD0, kCifs = 0xFF534D42, kSmb2 = 0xFE534D42, kCeph = 0x00C36400, kGpfs = 0x47504653,
                        kBeegfs = 0x19830326, k9p = 0x01021997, kAfs = 0x5346414F;

bool is_kept_type(std::uint32_t mode) { return (mode & S_IFMT) != S_IFSOCK; }

/// Asks `call` for bytes, with a larger buffer as long as it says that the buffer is too small. Negative errno is returned in `error`.
template <class Call>
Bytes sized_answer(Call call, std::int64_t& error) {
  Bytes buffer(512);
  for (;;) {
    const std::int64_t size = retry_interrupted([&] { return call(std::span<std::byte>(buffer)); });
    error = size < 0 ? size : 0;
    if (size == -ERANGE && buffer.size() < (1U << 22)) {
      buffer.resize(buffer.size() * 4);
      continue;
    }
    buffer.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return buffer;
  }
}

/// Extended attributes of `name` in `dir` (of `dir` itself if empty). Attributes that vanish meanwhile are left out; false if they could
/// not be read.
bool read_attributes(System& system, int dir, const char* name, std::vector<Attribute>& attributes) {
  std::int64_t error = 0;
  const Bytes names = sized_answer([&](std::span<std::byte> buffer) { return system.list_attributes(dir, name, buffer); }, error);
  if (error == -ENOTSUP || error == -ENOSYS) return true;
  if (error < 0) return false;
  std::string_view rest = as_text(names);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string attribute(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (attribute.empty()) continue;
    Bytes value =
        sized_answer([&](std::span<std::byte> buffer) { return system.get_attribute(dir, name, attribute.c_str(), buffer); }, error);
    if (error == -ENODATA || error == -ENOTSUP) continue;
    if (error < 0) return false;
    attributes.push_back({attribute, std::move(value)});
  }
  return true;
}

Captured unreadable(System& system, const FileStat& stat, int error, std::string_view action) {
  Captured result;
  result.stat = stat;
  result.entry = entry_from_stat(system, stat);
  result.entry.content_unknown =
      result.entry.type == EntryType::file || result.entry.type == EntryType::directory || result.entry.type == EntryType::symlink;
  result.entry.unknown_size = result.entry.type == EntryType::file ? stat.size_bytes : 0;
  result.verdict = Verdict::unreadable;
  result.reason = std::string(action) + ": " + std::generic_category().message(error);
  return result;
}

/// As System, tried again while interrupted.
int look_at(System& system, int fd, FileStat& stat) {
  return retry_interrupted([&] { return system.stat(fd, stat); });
}
int look_at_name(System& system, int dir, const std::string& name, FileStat& stat) {
  return retry_interrupted([&] { return system.stat_at(dir, name.c_str(), stat); });
}

Captured vanished() {
  Captured result;
  result.vanished = true;
  return result;
}

/// Links, FIFOs and device nodes: no content to read but a link's target.
Captured capture_special(const CaptureContext& context, int dir, const std::string& name, const FileStat& look, StampTrust trust) {
  Captured result;
  const Time now = context.system.now();
  result.entry = entry_from_stat(context.system, look);
  if (result.entry.type == EntryType::symlink) {
    Bytes target(4097);
    const std::int64_t size = retry_interrupted([&] { return context.system.read_symlink(dir, name.c_str(), target); });
    if (size == -ENOENT || size == -EINVAL) return vanished();
    if (size < 0) return unreadable(context.system, look, static_cast<int>(-size), "read link");
    result.entry.target = as_text(ByteView(target).first(static_cast<std::size_t>(size)));
  }
  std::vector<Attribute> attributes;
  if (!read_attributes(context.system, dir, name.c_str(), attributes)) {
    result.verdict = Verdict::unreadable;
    result.reason = "read extended attributes";
  }
  set_attributes(result.entry, std::move(attributes), context.sink);
  const int error = look_at_name(context.system, dir, name, result.stat);
  if (error == -ENOENT) return vanished();
  if (error < 0) return unreadable(context.system, look, -error, "stat");
  result.sound = result.stat == look && trust != StampTrust::volatile_ && !is_racy(look, now, trust) && result.verdict == Verdict::clean;
  if (!(result.stat == look)) result.verdict = Verdict::torn;
  return result;
}

Live look_for_writers(const CaptureContext& context, int fd) {
  if (!context.look_for_writers) return Live::no;
  const int writers = context.system.probe_writers(fd);
  return writers < 0 ? Live::unknown : writers > 0 ? Live::yes : Live::no;
}

void keep_fingerprints(const CaptureContext& context, const ContentCapture& content, const StreamRef& previous) {
  if (context.is_kept && content.stream().level > 0) context.fingerprints.keep(content.stream(), content.fingerprints(), previous);
}

/// A large regular file as it is now, its content in a copy (core/clones.hpp); clean and sound. Nothing if none can be had or if that can't
/// be proved: it is to be read at once.
std::optional<Captured> capture_by_clone(const CaptureContext& context, const Fd& file, StampTrust trust, const FileStat& opened) {
  if (context.clones == nullptr || trust != StampTrust::sound || !context.clones->want(opened)) return std::nullopt;
  System& system = context.system;
  const auto clean = [&] { return retry_interrupted([&] { return system.clean_pages(file.get()); }) >= 0; };
  // Before the first look as well: where copies were taken before, writing out gives blocks back, which stat tells.
  if (!clean()) return std::nullopt;
  FileStat before;
  if (look_at(system, file.get(), before) < 0) return std::nullopt;
  if (is_racy(before, system.now(), trust)) {
    if (!context.clones->let_tick_pass(before.size_bytes) || look_at(system, file.get(), before) < 0) return std::nullopt;
  }
  if (!S_ISREG(before.mode) || !context.clones->want(before) || !clean() || is_racy(before, system.now(), trust)) return std::nullopt;
  Captured result;
  result.clone = context.clones->take(file.get(), before);
  if (!result.clone) return std::nullopt;
  std::vector<Attribute> attributes;
  if (!read_attributes(system, file.get(), "", attributes)) return std::nullopt;
  if (look_at(system, file.get(), result.stat) < 0 || !(before == result.stat)) return std::nullopt;
  result.entry = entry_from_stat(system, before);
  set_attributes(result.entry, std::move(attributes), context.sink);
  result.live = look_for_writers(context, file.get());
  result.sound = true;
  return result;
}

/// One try at a regular file that was opened just now; `before` is what stat told then. Whether it came out clean is told by the verdict
/// (torn: try again).
Captured capture_open_file(const CaptureContext& context, const Fd& file, const FileStat& before, StampTrust trust,
                           const StreamRef& previous) {
  Captured result;
  System& system = context.system;
  const int cleaned = retry_interrupted([&] { return system.clean_pages(file.get()); });
  if (cleaned == -EIO) return unreadable(system, before, EIO, "write back");
  // What is stored while it is read, or later, moves the times: through a mapping only if pages were cleaned, and in any case only if the
  // tick of the last change is over.
  const bool times_tell = cleaned >= 0 && !is_racy(before, system.now(), trust);
  ContentCapture content(context, file.get(), before, previous);
  if (const int error = content.read()) return unreadable(system, before, error, "read");
  std::vector<Attribute> attributes;
  const bool attributes_read = read_attributes(system, file.get(), "", attributes);
  FileStat after;
  if (const int error = look_at(system, file.get(), after); error < 0) return unreadable(system, before, -error, "stat");
  result.entry = entry_from_stat(system, before);
  result.entry.content = content.stream();
  set_attributes(result.entry, std::move(attributes), context.sink);
  result.stat = after;
  keep_fingerprints(context, content, previous);
  result.live = look_for_writers(context, file.get());
  const bool at_rest = before == after && !content.came_short();
  if (at_rest && trust == StampTrust::sound && times_tell) {
    result.sound = true;
  } else if (at_rest) {
    // What is only looked at may be a mixture: it may change in the next moment anyway.
    if (context.is_kept && !content.agrees_with_second_look()) result.verdict = Verdict::torn;
    result.sound = trust == StampTrust::remote && times_tell && result.verdict == Verdict::clean;
  } else {
    const bool only_grew = !content.came_short() && after.size_bytes > before.size_bytes && content.agrees_with_second_look();
    result.verdict = only_grew ? Verdict::prefix : Verdict::torn;
  }
  if (!attributes_read) {
    result.verdict = Verdict::unreadable;
    result.reason = "extended attributes can't be read";
    result.sound = false;
  }
  return result;
}

/// One try at a name, whatever it has become since `look`. Nothing if it was swapped between looking and opening.
std::optional<Captured> try_capture(const CaptureContext& context, int dir, const std::string& name, const FileStat& look, StampTrust trust,
                                    const StreamRef& previous) {
  if (!is_kept_type(look.mode) || S_ISDIR(look.mode))
    return vanished();  // it was swapped for something else: its directory has changed, too
  if (!S_ISREG(look.mode)) return capture_special(context, dir, name, look, trust);
  const int raw =
      retry_interrupted([&] { return context.system.open_at(dir, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0); });
  if (raw == -ENOENT) return vanished();
  if (raw == -ELOOP || raw == -ENXIO) return std::nullopt;
  if (raw == -EMFILE || raw == -ENFILE) throw_io(-raw, "open", name);
  if (raw < 0) return unreadable(context.system, look, -raw, "open");
  const Fd file(context.system, raw);
  FileStat opened;
  if (const int error = look_at(context.system, file.get(), opened); error < 0) return unreadable(context.system, look, -error, "stat");
  if (!S_ISREG(opened.mode)) return std::nullopt;
  if (auto cloned = capture_by_clone(context, file, trust, opened)) return cloned;
  return capture_open_file(context, file, opened, trust, previous);
}

}  // namespace

StampTrust stamp_trust(std::uint64_t type) noexcept {
  switch (type) {
    case kExt4:
    case kXfs:
    case kBtrfs:
    case kF2fs:
      return StampTrust::sound;
    case kNfs:
    case kLustre:
    case kCifs:
    case kSmb2:
    case kCeph:
    case kGpfs:
    case kBeegfs:
    case k9p:
    case kAfs:
      return StampTrust::remote;
    default:
      return StampTrust::volatile_;
  }
}

bool is_racy(const FileStat& stat, Time looked_at, StampTrust trust) noexcept {
  const auto close = [&](const Time& stamp, std::int64_t window_ns) {
    const std::int64_t seconds = looked_at.seconds - stamp.seconds;
    if (seconds > 10) return false;
    if (seconds < -10) return true;
    return seconds * 1'000'000'000 + (std::int64_t{looked_at.nanoseconds} - std::int64_t{stamp.nanoseconds}) < window_ns;
  };
  // A file system that keeps whole seconds shows it by zeros; how a remote clock ticks is not known.
  const bool may_tick_in_seconds = stat.ctime.nanoseconds == 0 || trust == StampTrust::remote;
  return close(stat.ctime, may_tick_in_seconds ? kRacySecondNanoseconds : kRacyNanoseconds);
}

StopCheck::StopCheck(System& system, const Control& control) : system_(system), stop_(control.stop) {
  if (control.time_limit_ms) deadline_ns_ = system.monotonic_ns() + *control.time_limit_ms * 1'000'000;
}

void StopCheck::operator()() const {
  if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
    throw Error(ErrorKind::interrupted, "stopped as asked", "what was stored so far serves the next run");
  if (deadline_ns_ && system_.monotonic_ns() > *deadline_ns_)
    throw Error(ErrorKind::timed_out, "the time limit passed; nothing was published", "what was stored so far serves the next run");
}

Entry entry_from_stat(System& system, const FileStat& stat) {
  Entry entry;
  entry.type = type_of_mode(stat.mode).value_or(EntryType::block_device);
  entry.mode = stat.mode & 07777;
  entry.owner = {stat.uid, stat.gid, system.user_name(stat.uid), system.group_name(stat.gid)};
  entry.mtime = stat.mtime;
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    entry.device_major = stat.device_major;
    entry.device_minor = stat.device_minor;
  }
  return entry;
}

Captured capture_name(const CaptureContext& context, int dir, const std::string& name, const FileStat& first_look, StampTrust trust,
                      const StreamRef& previous) {
  FileStat look = first_look;
  std::optional<Captured> result;
  for (std::uint32_t attempt = 0; attempt <= context.retries; ++attempt) {
    context.stop_check();
    if (attempt > 0) {
      const int error = look_at_name(context.system, dir, name, look);
      if (error == -ENOENT) return vanished();
      if (error < 0) return unreadable(context.system, first_look, -error, "stat");
    }
    result = try_capture(context, dir, name, look, trust, previous);
    if (!result || (!result->vanished && result->verdict == Verdict::torn)) continue;
    if (attempt > 0 && result->verdict == Verdict::clean) result->verdict = Verdict::retried;
    return *std::move(result);
  }
  return result ? *std::move(result) : unreadable(context.system, look, EAGAIN, "open");
}

void read_clone(const CaptureContext& context, Captured& captured, const StreamRef& previous) {
  const std::shared_ptr<const Fd> clone = std::exchange(captured.clone, nullptr);
  ContentCapture content(context, clone->get(), captured.stat, previous);
  int error = content.read();
  if (error == 0 && content.came_short()) error = EIO;  // it had the file's size when it was made
  if (error != 0) {
    captured = unreadable(context.system, captured.stat, error, "read");
    return;
  }
  captured.entry.content = content.stream();
  keep_fingerprints(context, content, previous);
}

Captured capture_directory_metadata(const CaptureContext& context, int fd, const FileStat& stat) {
  Captured result;
  result.stat = stat;
  result.entry = entry_from_stat(context.system, stat);
  std::vector<Attribute> attributes;
  if (!read_attributes(context.system, fd, "", attributes)) {
    result.verdict = Verdict::unreadable;
    result.reason = "extended attributes can't be read";
  }
  set_attributes(result.entry, std::move(attributes), context.sink);
  return result;
}

}  // namespace metamori
