#include "tests/support/fault_system.hpp"

#include <fcntl.h>

#include <algorithm>

namespace metamori::test {
namespace {

/// What gives back what the program holds: a machine that is off holds nothing.
bool is_release(const CallInfo& info) noexcept { return info.call == Call::close || info.call == Call::lock; }

std::size_t shortened(std::size_t size, bool halved) noexcept { return halved && size > 1 ? size / 2 : size; }

bool creates(int flags) noexcept { return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

}  // namespace

std::string_view to_string(Call call) {
  static constexpr std::array<std::string_view, kCallCount> kNames{"open_at",
                                                                   "open_beneath",
                                                                   "close",
                                                                   "read_at",
                                                                   "write_at",
                                                                   "truncate",
                                                                   "seek_data",
                                                                   "seek_hole",
                                                                   "punch_hole",
                                                                   "clone_from",
                                                                   "map",
                                                                   "unmap",
                                                                   "drop_cache",
                                                                   "sync",
                                                                   "sync_file_system",
                                                                   "clean_pages",
                                                                   "start_writeback",
                                                                   "stat",
                                                                   "stat_at",
                                                                   "set_mode",
                                                                   "set_mode_at",
                                                                   "set_owner_at",
                                                                   "set_owner",
                                                                   "set_mtime",
                                                                   "set_mtime_at",
                                                                   "list_attributes",
                                                                   "get_attribute",
                                                                   "set_attribute",
                                                                   "remove_attribute",
                                                                   "read_directory",
                                                                   "rewind_directory",
                                                                   "make_directory",
                                                                   "remove_file",
                                                                   "remove_directory",
                                                                   "rename",
                                                                   "link",
                                                                   "make_symlink",
                                                                   "read_symlink",
                                                                   "make_node",
                                                                   "lock",
                                                                   "file_system_info",
                                                                   "probe_writers",
                                                                   "now",
                                                                   "monotonic_ns",
                                                                   "sleep_ns",
                                                                   "random",
                                                                   "identity",
                                                                   "user_name",
                                                                   "group_name"};
  return kNames[static_cast<std::size_t>(call)];
}

bool FaultSystem::any(const CallInfo& /*info*/) { return true; }

bool FaultSystem::mutates(const CallInfo& info) {
  switch (info.call) {
    case Call::open_at:
    case Call::open_beneath:
      return info.creates;
    case Call::write_at:
    case Call::truncate:
    case Call::punch_hole:
    case Call::clone_from:
    case Call::sync:
    case Call::sync_file_system:
    case Call::set_mode:
    case Call::set_mode_at:
    case Call::set_owner_at:
    case Call::set_owner:
    case Call::set_mtime:
    case Call::set_mtime_at:
    case Call::set_attribute:
    case Call::remove_attribute:
    case Call::make_directory:
    case Call::remove_file:
    case Call::remove_directory:
    case Call::rename:
    case Call::link:
    case Call::make_symlink:
    case Call::make_node:
      return true;
    default:
      return false;
  }
}

std::function<bool(const CallInfo&)> FaultSystem::only(Call call) {
  return [call](const CallInfo& info) { return info.call == call; };
}

void FaultSystem::set_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  faults_.push_back({std::move(fault)});
}

void FaultSystem::add_fault(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({std::move(fault)});
}

void FaultSystem::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

void FaultSystem::on_before(Callback callback) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(callback);
}

void FaultSystem::on_after(Callback callback) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(callback);
}

std::uint64_t FaultSystem::count(Call call) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(call)];
}

std::uint64_t FaultSystem::count_all() const {
  const std::lock_guard lock(mutex_);
  return number_;
}

std::uint64_t FaultSystem::count_mutating() const {
  const std::lock_guard lock(mutex_);
  return mutating_;
}

std::uint64_t FaultSystem::fault_count() const {
  const std::lock_guard lock(mutex_);
  return met_;
}

bool FaultSystem::is_cut() const {
  const std::lock_guard lock(mutex_);
  return is_cut_;
}

void FaultSystem::reset_counts() {
  const std::lock_guard lock(mutex_);
  counts_ = {};
  number_ = mutating_ = met_ = 0;
}

void FaultSystem::note(Call call) {
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(call)];
}

std::optional<Fault> FaultSystem::meet(CallInfo& info) {
  const std::lock_guard lock(mutex_);
  if (is_cut_) return Fault{{}, 1, true, FaultAction::power_cut, EIO};
  ++counts_[static_cast<std::size_t>(info.call)];
  info.number = ++number_;
  if (mutates(info)) ++mutating_;
  for (ArmedFault& armed : faults_) {
    if (armed.fault.matches && !armed.fault.matches(info)) continue;
    ++armed.matched;
    if (armed.matched != armed.fault.at && !(armed.fault.for_ever && armed.matched > armed.fault.at)) continue;
    ++met_;
    is_cut_ = armed.fault.action == FaultAction::power_cut;
    return armed.fault;
  }
  return std::nullopt;
}

/// `call` is told whether to do it otherwise: only half of it, or replacing what is there.
template <class Result, class Do>
Result FaultSystem::run(CallInfo info, Do call) {
  const std::optional<Fault> fault = meet(info);
  if (fault && fault->action == FaultAction::power_cut) return is_release(info) ? 0 : -EIO;
  const auto [before, after] = callbacks();
  if (before) before(info);
  // A descriptor that could not be closed cleanly is closed all the same.
  const bool is_done = !fault || fault->action == FaultAction::fail_after || fault->action == FaultAction::short_count ||
                       fault->action == FaultAction::replace || info.call == Call::close;
  const bool is_otherwise = fault && fault->action == (info.call == Call::rename ? FaultAction::replace : FaultAction::short_count);
  Result result = is_done ? call(is_otherwise) : 0;
  if (fault && (fault->action == FaultAction::fail || fault->action == FaultAction::fail_after))
    result = static_cast<Result>(-fault->error);
  if (after) after(info);
  return result;
}

std::pair<FaultSystem::Callback, FaultSystem::Callback> FaultSystem::callbacks() const {
  const std::lock_guard lock(mutex_);
  return {before_, after_};
}

int FaultSystem::open_at(int dir, const char* name, int flags, std::uint32_t mode) {
  return run<int>({Call::open_at, creates(flags), dir, name, {}}, [&](bool) { return inner_.open_at(dir, name, flags, mode); });
}
int FaultSystem::open_beneath(int dir, const char* path, int flags, std::uint32_t mode) {
  return run<int>({Call::open_beneath, creates(flags), dir, path, {}}, [&](bool) { return inner_.open_beneath(dir, path, flags, mode); });
}
int FaultSystem::close(int fd) {
  return run<int>({Call::close, false, fd, {}, {}}, [&](bool) { return inner_.close(fd); });
}
std::int64_t FaultSystem::read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) {
  return run<std::int64_t>({Call::read_at, false, fd, {}, {}},
                           [&](bool halved) { return inner_.read_at(fd, buffer.first(shortened(buffer.size(), halved)), offset); });
}
std::int64_t FaultSystem::write_at(int fd, ByteView bytes, std::uint64_t offset) {
  return run<std::int64_t>({Call::write_at, false, fd, {}, {}},
                           [&](bool halved) { return inner_.write_at(fd, bytes.first(shortened(bytes.size(), halved)), offset); });
}
int FaultSystem::truncate(int fd, std::uint64_t size) {
  return run<int>({Call::truncate, false, fd, {}, {}}, [&](bool) { return inner_.truncate(fd, size); });
}
std::int64_t FaultSystem::seek_data(int fd, std::uint64_t offset) {
  return run<std::int64_t>({Call::seek_data, false, fd, {}, {}}, [&](bool) { return inner_.seek_data(fd, offset); });
}
std::int64_t FaultSystem::seek_hole(int fd, std::uint64_t offset) {
  return run<std::int64_t>({Call::seek_hole, false, fd, {}, {}}, [&](bool) { return inner_.seek_hole(fd, offset); });
}
int FaultSystem::punch_hole(int fd, std::uint64_t offset, std::uint64_t length) {
  return run<int>({Call::punch_hole, false, fd, {}, {}}, [&](bool) { return inner_.punch_hole(fd, offset, length); });
}
int FaultSystem::clone_from(int fd, int source) {
  return run<int>({Call::clone_from, false, fd, {}, {}}, [&](bool) { return inner_.clone_from(fd, source); });
}
int FaultSystem::map(int fd, std::uint64_t size, const std::byte*& address) {
  return run<int>({Call::map, false, fd, {}, {}}, [&](bool) { return inner_.map(fd, size, address); });
}
void FaultSystem::unmap(const std::byte* address, std::uint64_t size) {
  note(Call::unmap);
  inner_.unmap(address, size);
}
int FaultSystem::drop_cache(int fd) {
  return run<int>({Call::drop_cache, false, fd, {}, {}}, [&](bool) { return inner_.drop_cache(fd); });
}
int FaultSystem::sync(int fd) {
  return run<int>({Call::sync, false, fd, {}, {}}, [&](bool) { return inner_.sync(fd); });
}
int FaultSystem::sync_file_system(int fd) {
  return run<int>({Call::sync_file_system, false, fd, {}, {}}, [&](bool) { return inner_.sync_file_system(fd); });
}
int FaultSystem::clean_pages(int fd) {
  return run<int>({Call::clean_pages, false, fd, {}, {}}, [&](bool) { return inner_.clean_pages(fd); });
}
int FaultSystem::start_writeback(int fd, std::uint64_t offset, std::uint64_t length) {
  return run<int>({Call::start_writeback, false, fd, {}, {}}, [&](bool) { return inner_.start_writeback(fd, offset, length); });
}
int FaultSystem::stat(int fd, FileStat& result) {
  return run<int>({Call::stat, false, fd, {}, {}}, [&](bool) { return inner_.stat(fd, result); });
}
int FaultSystem::stat_at(int dir, const char* name, FileStat& result) {
  return run<int>({Call::stat_at, false, dir, name, {}}, [&](bool) { return inner_.stat_at(dir, name, result); });
}
int FaultSystem::set_mode(int fd, std::uint32_t mode) {
  return run<int>({Call::set_mode, false, fd, {}, {}}, [&](bool) { return inner_.set_mode(fd, mode); });
}
int FaultSystem::set_mode_at(int dir, const char* name, std::uint32_t mode) {
  return run<int>({Call::set_mode_at, false, dir, name, {}}, [&](bool) { return inner_.set_mode_at(dir, name, mode); });
}
int FaultSystem::set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) {
  return run<int>({Call::set_owner_at, false, dir, name, {}}, [&](bool) { return inner_.set_owner_at(dir, name, uid, gid); });
}
int FaultSystem::set_owner(int fd, std::uint32_t uid, std::uint32_t gid) {
  return run<int>({Call::set_owner, false, fd, {}, {}}, [&](bool) { return inner_.set_owner(fd, uid, gid); });
}
int FaultSystem::set_mtime(int fd, Time mtime) {
  return run<int>({Call::set_mtime, false, fd, {}, {}}, [&](bool) { return inner_.set_mtime(fd, mtime); });
}
int FaultSystem::set_mtime_at(int dir, const char* name, Time mtime) {
  return run<int>({Call::set_mtime_at, false, dir, name, {}}, [&](bool) { return inner_.set_mtime_at(dir, name, mtime); });
}
std::int64_t FaultSystem::list_attributes(int dir, const char* name, std::span<std::byte> buffer) {
  return run<std::int64_t>({Call::list_attributes, false, dir, name, {}}, [&](bool) { return inner_.list_attributes(dir, name, buffer); });
}
std::int64_t FaultSystem::get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) {
  return run<std::int64_t>({Call::get_attribute, false, dir, name, {}},
                           [&](bool) { return inner_.get_attribute(dir, name, attribute, buffer); });
}
int FaultSystem::set_attribute(int dir, const char* name, const char* attribute, ByteView value) {
  return run<int>({Call::set_attribute, false, dir, name, {}}, [&](bool) { return inner_.set_attribute(dir, name, attribute, value); });
}
int FaultSystem::remove_attribute(int dir, const char* name, const char* attribute) {
  return run<int>({Call::remove_attribute, false, dir, name, {}}, [&](bool) { return inner_.remove_attribute(dir, name, attribute); });
}
std::int64_t FaultSystem::read_directory(int fd, std::span<std::byte> buffer) {
  return run<std::int64_t>({Call::read_directory, false, fd, {}, {}}, [&](bool) { return inner_.read_directory(fd, buffer); });
}
int FaultSystem::rewind_directory(int fd) {
  return run<int>({Call::rewind_directory, false, fd, {}, {}}, [&](bool) { return inner_.rewind_directory(fd); });
}
int FaultSystem::make_directory(int dir, const char* name, std::uint32_t mode) {
  return run<int>({Call::make_directory, false, dir, name, {}}, [&](bool) { return inner_.make_directory(dir, name, mode); });
}
int FaultSystem::remove_file(int dir, const char* name) {
  return run<int>({Call::remove_file, false, dir, name, {}}, [&](bool) { return inner_.remove_file(dir, name); });
}
int FaultSystem::remove_directory(int dir, const char* name) {
  return run<int>({Call::remove_directory, false, dir, name, {}}, [&](bool) { return inner_.remove_directory(dir, name); });
}
int FaultSystem::rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) {
  CallInfo info{Call::rename, false, from_dir, from, to};
  info.to_fd = to_dir;
  info.no_replace = mode == RenameMode::no_replace;
  return run<int>(info, [&](bool replaces) { return inner_.rename(from_dir, from, to_dir, to, replaces ? RenameMode::replace : mode); });
}
int FaultSystem::link(int from_dir, const char* from, int to_dir, const char* to) {
  return run<int>({Call::link, false, from_dir, from, to}, [&](bool) { return inner_.link(from_dir, from, to_dir, to); });
}
int FaultSystem::make_symlink(const char* target, int dir, const char* name) {
  return run<int>({Call::make_symlink, false, dir, name, {}}, [&](bool) { return inner_.make_symlink(target, dir, name); });
}
std::int64_t FaultSystem::read_symlink(int dir, const char* name, std::span<std::byte> buffer) {
  return run<std::int64_t>({Call::read_symlink, false, dir, name, {}}, [&](bool) { return inner_.read_symlink(dir, name, buffer); });
}
int FaultSystem::make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) {
  return run<int>({Call::make_node, false, dir, name, {}}, [&](bool) { return inner_.make_node(dir, name, mode, major, minor); });
}
int FaultSystem::lock(int fd, LockMode mode) {
  return run<int>({Call::lock, false, fd, {}, {}}, [&](bool) { return inner_.lock(fd, mode); });
}
int FaultSystem::file_system_info(int fd, FileSystemInfo& result) {
  return run<int>({Call::file_system_info, false, fd, {}, {}}, [&](bool) { return inner_.file_system_info(fd, result); });
}
int FaultSystem::probe_writers(int fd) {
  return run<int>({Call::probe_writers, false, fd, {}, {}}, [&](bool) { return inner_.probe_writers(fd); });
}
Time FaultSystem::now() {
  note(Call::now);
  return inner_.now();
}
std::int64_t FaultSystem::monotonic_ns() {
  note(Call::monotonic_ns);
  return inner_.monotonic_ns();
}
void FaultSystem::sleep_ns(std::int64_t duration) {
  note(Call::sleep_ns);
  inner_.sleep_ns(duration);
}
void FaultSystem::random(std::span<std::byte> buffer) {
  note(Call::random);
  inner_.random(buffer);
}
Identity FaultSystem::identity() {
  note(Call::identity);
  return inner_.identity();
}
std::string FaultSystem::user_name(std::uint32_t uid) {
  note(Call::user_name);
  return inner_.user_name(uid);
}
std::string FaultSystem::group_name(std::uint32_t gid) {
  note(Call::group_name);
  return inner_.group_name(gid);
}

}  // namespace metamori::test
