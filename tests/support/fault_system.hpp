#pragma once

// Makes calls of another System fail, stop, or be seen. To fail each call of an operation in turn:
//
//   FaultSystem counter(disk);  run(counter);
//   for (std::uint64_t n = 1; n <= counter.count_mutating(); ++n) {
//     FaultSystem faulty(copy_of_disk);
//     faulty.set_fault({.matches = FaultSystem::mutates, .at = n, .action = FaultAction::fail, .error = EIO});
//     run(faulty);
//   }

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/system.hpp"

namespace metamori::test {

enum class Call : std::uint8_t {
  open_at,
  open_beneath,
  close,
  read_at,
  write_at,
  truncate,
  seek_data,
  seek_hole,
  punch_hole,
  clone_from,
  map,
  unmap,
  drop_cache,
  sync,
  sync_file_system,
  clean_pages,
  start_writeback,
  stat,
  stat_at,
  set_mode,
  set_mode_at,
  set_owner_at,
  set_owner,
  set_mtime,
  set_mtime_at,
  list_attributes,
  get_attribute,
  set_attribute,
  remove_attribute,
  read_directory,
  rewind_directory,
  make_directory,
  remove_file,
  remove_directory,
  rename,
  link,
  make_symlink,
  read_symlink,
  make_node,
  lock,
  file_system_info,
  probe_writers,
  now,
  monotonic_ns,
  sleep_ns,
  random,
  identity,
  user_name,
  group_name,
};
inline constexpr std::size_t kCallCount = static_cast<std::size_t>(Call::group_name) + 1;
std::string_view to_string(Call call);

/// One call, as filters and callbacks see it.
struct CallInfo {
  Call call;
  bool creates = false;     ///< of open_at and open_beneath: with O_CREAT, O_TRUNC or O_TMPFILE
  int fd = -1;              ///< the descriptor, or that of the (first) directory
  std::string_view name{};  ///< what it is about, if by name; of rename and link the old name
  std::string_view to_name{};
  std::uint64_t number = 0;  ///< among all calls that can fail, from 1
  int to_fd = -1;            ///< of rename: the directory of the new name
  bool no_replace = false;   ///< of rename
};

enum class FaultAction {
  fail,         ///< -error, without doing it
  fail_after,   ///< does it, and then answers -error, as networks do
  short_count,  ///< read_at, write_at: half of what was asked for, at least a byte; others are done as ever
  skip,         ///< answers 0 without doing it: what a program would be that had left the call out
  replace,      ///< rename: does it, whatever has the new name; others are done as ever
  power_cut,    ///< -EIO, without doing it, and nothing that follows is done either
};

struct Fault {
  std::function<bool(const CallInfo&)> matches{};  ///< none: all calls that can fail
  std::uint64_t at = 1;                            ///< which of the calls that match, from 1
  bool for_ever = false;                           ///< from `at` on
  FaultAction action = FaultAction::fail;
  int error = EIO;
};

/// After a power cut every call answers -EIO, only closing and unlocking as if all was well, and nothing reaches the System below. Nothing
/// is thrown, as destructors make calls too; what the operation makes of it is of no consequence: its machine is off.
class FaultSystem final : public System {
 public:
  using Callback = std::function<void(const CallInfo&)>;
  explicit FaultSystem(System& inner) : inner_(inner) {}

  // Filters for `Fault::matches`.
  static bool any(const CallInfo& info);
  /// Changes what is on the disk, or makes it durable.
  static bool mutates(const CallInfo& info);
  static std::function<bool(const CallInfo&)> only(Call call);

  /// Replaces all faults; matching starts to count anew.
  void set_fault(Fault fault);
  void add_fault(Fault fault);
  void clear_faults();
  /// Called around each call that can fail, without any lock held; may use the System below.
  void on_before(Callback callback);
  void on_after(Callback callback);
  [[nodiscard]] std::uint64_t count(Call call) const;
  [[nodiscard]] std::uint64_t count_all() const;
  [[nodiscard]] std::uint64_t count_mutating() const;
  /// How many calls met a fault.
  [[nodiscard]] std::uint64_t fault_count() const;
  [[nodiscard]] bool is_cut() const;
  void reset_counts();

  int open_at(int dir, const char* name, int flags, std::uint32_t mode) override;
  int open_beneath(int dir, const char* path, int flags, std::uint32_t mode) override;
  int close(int fd) override;
  std::int64_t read_at(int fd, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write_at(int fd, ByteView bytes, std::uint64_t offset) override;
  int truncate(int fd, std::uint64_t size) override;
  std::int64_t seek_data(int fd, std::uint64_t offset) override;
  std::int64_t seek_hole(int fd, std::uint64_t offset) override;
  int punch_hole(int fd, std::uint64_t offset, std::uint64_t length) override;
  int clone_from(int fd, int source) override;
  int map(int fd, std::uint64_t size, const std::byte*& address) override;
  void unmap(const std::byte* address, std::uint64_t size) override;
  int drop_cache(int fd) override;
  int sync(int fd) override;
  int sync_file_system(int fd) override;
  int clean_pages(int fd) override;
  int start_writeback(int fd, std::uint64_t offset, std::uint64_t length) override;
  int stat(int fd, FileStat& result) override;
  int stat_at(int dir, const char* name, FileStat& result) override;
  int set_mode(int fd, std::uint32_t mode) override;
  int set_mode_at(int dir, const char* name, std::uint32_t mode) override;
  int set_owner_at(int dir, const char* name, std::uint32_t uid, std::uint32_t gid) override;
  int set_owner(int fd, std::uint32_t uid, std::uint32_t gid) override;
  int set_mtime(int fd, Time mtime) override;
  int set_mtime_at(int dir, const char* name, Time mtime) override;
  std::int64_t list_attributes(int dir, const char* name, std::span<std::byte> buffer) override;
  std::int64_t get_attribute(int dir, const char* name, const char* attribute, std::span<std::byte> buffer) override;
  int set_attribute(int dir, const char* name, const char* attribute, ByteView value) override;
  int remove_attribute(int dir, const char* name, const char* attribute) override;
  std::int64_t read_directory(int fd, std::span<std::byte> buffer) override;
  int rewind_directory(int fd) override;
  int make_directory(int dir, const char* name, std::uint32_t mode) override;
  int remove_file(int dir, const char* name) override;
  int remove_directory(int dir, const char* name) override;
  int rename(int from_dir, const char* from, int to_dir, const char* to, RenameMode mode) override;
  int link(int from_dir, const char* from, int to_dir, const char* to) override;
  int make_symlink(const char* target, int dir, const char* name) override;
  std::int64_t read_symlink(int dir, const char* name, std::span<std::byte> buffer) override;
  int make_node(int dir, const char* name, std::uint32_t mode, std::uint32_t major, std::uint32_t minor) override;
  int lock(int fd, LockMode mode) override;
  int file_system_info(int fd, FileSystemInfo& result) override;
  int probe_writers(int fd) override;
  Time now() override;
  std::int64_t monotonic_ns() override;
  void sleep_ns(std::int64_t duration) override;
  void random(std::span<std::byte> buffer) override;
  Identity identity() override;
  std::string user_name(std::uint32_t uid) override;
  std::string group_name(std::uint32_t gid) override;

 private:
  struct ArmedFault {
    Fault fault;
    std::uint64_t matched = 0;
  };
  /// Counts the call; what is to happen to it, if anything.
  std::optional<Fault> meet(CallInfo& info);
  void note(Call call);
  template <class Result, class Do>
  Result run(CallInfo info, Do call);
  [[nodiscard]] std::pair<Callback, Callback> callbacks() const;

  System& inner_;
  mutable std::mutex mutex_;
  std::vector<ArmedFault> faults_;
  Callback before_;
  Callback after_;
  std::array<std::uint64_t, kCallCount> counts_{};
  std::uint64_t number_ = 0;
  std::uint64_t mutating_ = 0;
  std::uint64_t met_ = 0;
  bool is_cut_ = false;
};

}  // namespace metamori::test
