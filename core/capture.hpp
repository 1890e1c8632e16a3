#pragma once

// Capturing one name of the tree: its metadata, and its content as chunks, with the proof that both belong to one instant, or the verdict
// that they don't.
//
// The order is what counts: fstat a, clean the file's dirty pages, read, fstat b. Cleaning write-protects the pages again, so a later store
// through a shared mapping moves ctime; a and b equal then means that nothing was stored in between. What can't be proved is said in the
// verdict, and the path is read again by the next checkpoint.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "base/worker_pool.hpp"
#include "core/scan.hpp"

namespace metamori {

/// What a file system's time stamps can be trusted with (docs/design.md, *Finding what changed*).
enum class StampTrust {
  sound,     ///< local, a mapped store after cleaning moves ctime: equal stat means equal content
  remote,    ///< equal stat is believed, but what was captured is looked at twice
  volatile_  ///< never believed (tmpfs, unknown ones)
};
StampTrust stamp_trust(std::uint64_t file_system_type) noexcept;

/// Times closer than this to the moment of looking prove nothing: a later change could carry the same stamp.
inline constexpr std::int64_t kRacyNanoseconds = 20'000'000;
/// The same where the clock that stamps files may tick in whole seconds.
inline constexpr std::int64_t kRacySecondNanoseconds = 2'100'000'000;
/// Whether a change right after `looked_at` could leave `stat`'s times as they are.
bool is_racy(const FileStat& stat, Time looked_at, StampTrust trust) noexcept;

/// Throws `interrupted` or `timed_out` if the caller's Control says so.
class StopCheck {
 public:
  StopCheck(System& system, const Control& control);
  void operator()() const;

 private:
  System& system_;
  const std::atomic<bool>* stop_;
  std::optional<std::int64_t> deadline_ns_;
};

class Clones;
class Fingerprints;
class ReadMeter;

struct CaptureContext {
  System& system;
  ChunkSink& sink;
  WorkerPool& pool;
  const StopCheck& stop_check;
  ChunkSource& source;  ///< where lists of older content, and new ones, are read
  Fingerprints& fingerprints;
  ReadMeter& reads;     ///< told of everything that is read
  bool is_kept = true;  ///< what is captured will be stored; else it is only looked at
  std::uint32_t retries = 3;
  bool look_for_writers = false;
  Clones* clones = nullptr;  ///< null: everything is read at once
};

struct Captured {
  Entry entry;    ///< name is left to the caller
  FileStat stat;  ///< as of the last look
  Verdict verdict = Verdict::clean;
  Live live = Live::no;
  bool sound = false;               ///< may be believed unchanged while its stat is equal
  bool vanished = false;            ///< it is gone, or has become something that can't be kept; nothing else is filled in
  std::string reason;               ///< of Verdict::unreadable
  std::shared_ptr<const Fd> clone;  ///< holds the content, which has yet to be read (read_clone) and is not in `entry`; or null
};

/// Captures `name` in the open directory `dir`, whatever it is but a directory. `previous` is what a file was when it was captured before
/// (or empty): only what differs from it is hashed. Read errors give Verdict::unreadable (entry: metadata as far as known, content
/// unknown); errors of the store, and stopping, are thrown.
Captured capture_name(const CaptureContext& context, int dir, const std::string& name, const FileStat& first_look, StampTrust trust,
                      const StreamRef& previous);

/// Puts the content that `captured.clone` holds into `captured`, and gives the copy up. What can't be read becomes Verdict::unreadable, as
/// in capture_name().
void read_clone(const CaptureContext& context, Captured& captured, const StreamRef& previous);

/// What stat alone tells of a name.
Entry entry_from_stat(System& system, const FileStat& stat);

/// Metadata of a directory that is open as `fd`: an entry without listing.
Captured capture_directory_metadata(const CaptureContext& context, int fd, const FileStat& stat);

}  // namespace metamori
