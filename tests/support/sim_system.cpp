#include "tests/support/sim_system.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/assert.hpp"

namespace metamori::test {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kFirstMoment = 1'700'000'000 * kSecond;
constexpr std::int64_t kBootTime = 20 * kSecond;
constexpr std::uint64_t kFirstInodeNumber = 11;

Time as_time(std::int64_t nanoseconds) noexcept {
  std::int64_t seconds = nanoseconds / kSecond;
  std::int64_t rest = nanoseconds % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  return {seconds, static_cast<std::uint32_t>(rest)};
}

}  // namespace

SimSystem::SimSystem(SimOptions options) : SimSystem(std::move(options), SimDisk(), kFirstMoment) {}

SimSystem::SimSystem(SimOptions options, SimDisk disk, std::int64_t clock_ns)
    : options_(std::move(options)), disk_(std::move(disk)), clock_ns_(clock_ns), random_(options_.seed), next_number_(kFirstInodeNumber) {
  for (const std::uint64_t used : disk_.inode_numbers()) {
    for (; next_number_ < used; ++next_number_) free_numbers_.insert(next_number_);
    if (next_number_ == used) ++next_number_;
  }
  log_.start(disk_);
}

SimSystem::~SimSystem() = default;

void SimSystem::configure(const std::function<void(SimOptions&)>& change) {
  const std::lock_guard lock(mutex_);
  change(options_);
}

void SimSystem::advance_clock(std::int64_t nanoseconds) {
  const std::lock_guard lock(mutex_);
  clock_ns_ += nanoseconds;
}

void SimSystem::make_durable() {
  const std::lock_guard lock(mutex_);
  log_.start(disk_);
}

std::size_t SimSystem::event_count() const {
  const std::lock_guard lock(mutex_);
  return log_.event_count();
}

std::string SimSystem::event_name(std::size_t event) const {
  const std::lock_guard lock(mutex_);
  return log_.event_name(event);
}

std::unique_ptr<SimSystem> SimSystem::crash_state(std::size_t events, const CrashVariant& variant) const {
  const std::lock_guard lock(mutex_);
  SimOptions options = options_;
  options.seed = options.seed * 31 + events + 1;
  char& last = options.identity.boot_id.back();
  last = last == '9' ? '1' : static_cast<char>(last + 1);
  return std::unique_ptr<SimSystem>(new SimSystem(std::move(options), log_.after_cut(events, variant), clock_ns_ + kBootTime));
}

std::unique_ptr<SimSystem> SimSystem::copy() const {
  const std::lock_guard lock(mutex_);
  SimDisk disk = disk_;
  disk.repair();  // files without a name are open here, and not there
  SimOptions options = options_;
  options.seed = options.seed * 37 + 1;
  return std::unique_ptr<SimSystem>(new SimSystem(std::move(options), std::move(disk), clock_ns_));
}

std::uint64_t SimSystem::disk_hash() const {
  const std::lock_guard lock(mutex_);
  return disk_.hash();
}

std::size_t SimSystem::losable_count(std::size_t events) const {
  const std::lock_guard lock(mutex_);
  return log_.losable_count(events);
}

std::size_t SimSystem::open_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& file : open_files_) count += file != nullptr;
  return count;
}

std::size_t SimSystem::mapping_count() const {
  const std::lock_guard lock(mutex_);
  return mappings_.size();
}

void SimSystem::begin_event(std::string name) {
  clock_ns_ += options_.tick_ns;
  log_.begin_event(std::move(name));
}

void SimSystem::apply(Operation operation) {
  disk_.apply(operation);
  log_.add(std::move(operation));
}

Time SimSystem::file_time() const {
  const std::int64_t step = options_.granularity_ns;
  const std::int64_t rest = ((clock_ns_ % step) + step) % step;
  return as_time(clock_ns_ - rest);
}

void SimSystem::touch(InodeId inode) {
  AttributeChange change{inode, {}, {}, {}, {}, {}, {}, {}};
  change.mtime = change.ctime = file_time();
  apply(std::move(change));
}

std::uint64_t SimSystem::free_inodes() const {
  if (options_.capacity_inodes >= SimOptions::kUnlimited) return SimOptions::kUnlimited;
  const std::uint64_t used = disk_.inode_count();
  return used < options_.capacity_inodes ? options_.capacity_inodes - used : 0;
}

int SimSystem::lock(int fd, LockMode mode) {
  const std::lock_guard guard(mutex_);
  OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  for (const auto& other : open_files_) {
    if (other == nullptr || other.get() == file || other->inode != file->inode || other->lock == LockMode::unlock ||
        mode == LockMode::unlock)
      continue;
    if (mode == LockMode::shared && other->lock == LockMode::shared) continue;
    file->lock = LockMode::unlock;  // flock converts by giving the old lock up first
    return -EWOULDBLOCK;
  }
  file->lock = mode;
  return 0;
}

int SimSystem::file_system_info(int fd, FileSystemInfo& result) {
  const std::lock_guard lock(mutex_);
  if (find_open(fd) == nullptr) return -EBADF;
  result.type = options_.file_system_type;
  result.total_bytes = options_.capacity_bytes;
  result.available_bytes = free_pages() * kPageBytes;
  result.available_inodes = free_inodes();
  result.read_only = options_.read_only;
  return 0;
}

int SimSystem::probe_writers(int fd) {
  const std::lock_guard lock(mutex_);
  const OpenFile* const file = find_open(fd);
  if (file == nullptr || file->is_path_only()) return -EBADF;
  if (!S_ISREG(disk_.inode(file->inode).mode)) return -EINVAL;
  if (options_.read_only) return -EROFS;
  for (const auto& other : open_files_)
    if (other != nullptr && other->inode == file->inode && other->can_write()) return 1;
  return 0;
}

Time SimSystem::now() {
  const std::lock_guard lock(mutex_);
  return as_time(clock_ns_);
}

std::int64_t SimSystem::monotonic_ns() {
  const std::lock_guard lock(mutex_);
  return ++monotonic_ns_;
}

void SimSystem::sleep_ns(std::int64_t duration) {
  const std::lock_guard lock(mutex_);
  if (duration <= 0) return;
  clock_ns_ += duration;
  monotonic_ns_ += duration;
}

void SimSystem::random(std::span<std::byte> buffer) {
  const std::lock_guard lock(mutex_);
  for (std::byte& byte : buffer) byte = static_cast<std::byte>(random_());
}

Identity SimSystem::identity() {
  const std::lock_guard lock(mutex_);
  return options_.identity;
}

std::string SimSystem::user_name(std::uint32_t uid) { return uid == 0 ? "root" : uid < 10000 ? "user" + std::to_string(uid) : ""; }
std::string SimSystem::group_name(std::uint32_t gid) { return gid == 0 ? "root" : gid < 10000 ? "group" + std::to_string(gid) : ""; }

}  // namespace metamori::test
