#include "core/clones.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/capture.hpp"

namespace metamori {
namespace {

/// Smaller files are read as fast as they are copied.
constexpr std::uint64_t kMinBytes = 1U << 20;
/// What is read, or nearly so, while a tick passes.
constexpr std::uint64_t kTickBytes = 16U << 20;
/// Each is an open file.
constexpr std::size_t kMaxCount = 128;
constexpr std::uint32_t kPrivate = 0600;

/// What a copy would share. Holes are not, and what is allocated behind the end for what may come neither.
std::uint64_t data_bytes(const FileStat& stat) noexcept { return std::min(stat.size_bytes, stat.allocated_bytes); }

}  // namespace

bool Clones::want(const FileStat& stat) const {
  // A file with several names is shared among them as soon as it is captured (LinkGroups), which this one would not be.
  if (data_bytes(stat) < kMinBytes || stat.link_count != 1) return false;
  const std::lock_guard lock(mutex_);
  return are_possible_ && taken_count_ < kMaxCount;
}

/// Writers that overwrite what a copy shares need space for it that they would not have needed: never so that they run out.
bool Clones::has_room(std::uint64_t bytes) const {
  FileSystemInfo info;
  return retry_interrupted([&] { return system_.file_system_info(directory_, info); }) >= 0 &&
         (taken_bytes_ + bytes) <= info.available_bytes / 2;
}

std::shared_ptr<const Fd> Clones::take(int file, const FileStat& stat) {
  {
    const std::lock_guard lock(mutex_);
    if (!are_possible_ || taken_count_ >= kMaxCount || !has_room(data_bytes(stat))) return nullptr;
    ++taken_count_;
    taken_bytes_ += data_bytes(stat);
  }
  const int raw = retry_interrupted([&] { return system_.open_at(directory_, ".", O_TMPFILE | O_RDWR | O_EXCL, kPrivate); });
  int error = raw;
  if (raw >= 0) {
    auto copy = std::make_shared<const Fd>(system_, raw);
    FileStat copied;
    error = retry_interrupted([&] { return system_.clone_from(raw, file); });
    if (error >= 0 && retry_interrupted([&] { return system_.stat(raw, copied); }) >= 0 && copied.size_bytes == stat.size_bytes)
      return copy;
  }
  const std::lock_guard lock(mutex_);
  --taken_count_;
  taken_bytes_ -= data_bytes(stat);
  // Another file may be on another file system, or have a flag that forbids it; but where it is unknown it stays so.
  if (error == -EOPNOTSUPP || error == -ENOTTY || error == -ENOSYS || error == -EISDIR || error == -EROFS) are_possible_ = false;
  return nullptr;
}

bool Clones::let_tick_pass(std::uint64_t bytes) const {
  constexpr std::int64_t kMarginNs = 1'000'000;
  const std::int64_t left_ns = still_since_ns_ + kRacyNanoseconds + kMarginNs - system_.monotonic_ns();
  if (left_ns <= 0) return true;
  if (bytes < kTickBytes) return false;
  system_.sleep_ns(left_ns);
  return true;
}

void Clones::add_reader(std::function<void()> read) {
  const std::lock_guard lock(mutex_);
  readers_.push_back(std::move(read));
}

std::size_t Clones::reader_count() const {
  const std::lock_guard lock(mutex_);
  return readers_.size();
}

std::uint64_t Clones::bytes() const {
  const std::lock_guard lock(mutex_);
  return taken_bytes_;
}

void Clones::read_all(WorkerPool& pool) {
  for (std::function<void()>& read : std::exchange(readers_, {})) pool.submit(std::move(read));
  pool.wait();
}

}  // namespace metamori
