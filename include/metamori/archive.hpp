#pragma once

/// \file
/// Checkpoints as tar archives, in the pax interchange format (IEEE Std 1003.1-2001, `pax`), with the extensions that GNU tar, bsdtar and
/// star share for extended attributes, access control lists and holes.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "metamori/control.hpp"
#include "metamori/repository.hpp"

namespace metamori {

/// What export_archive() is to write.
struct ExportOptions {
  std::string revision = "HEAD";   ///< the checkpoint
  std::vector<std::string> paths;  ///< only these, with all below them; empty: everything
  std::string prefix;              ///< put before each path, such as `job/`; a relative path without `..`
  Control control;                 ///< progress, stop, threads
};

/// What export_archive() wrote.
struct ExportReport {
  CheckpointInfo checkpoint;             ///< what was exported
  std::uint64_t entries = 0;             ///< names
  std::uint64_t bytes = 0;               ///< of the archive
  std::vector<RestoreWarning> warnings;  ///< what an archive can't hold
  double seconds = 0;                    ///< how long it took
};

/// Writes a checkpoint as one archive. `receive` is called in the calling thread with its bytes, in order; what it throws ends it and is
/// passed on. The same checkpoint always gives the same bytes. Throws bad_revision; usage if the checkpoint has no such path.
METAMORI_API ExportReport export_archive(Repository& repository, const ExportOptions& options,
                                         const std::function<void(ByteView)>& receive);

/// How import_archive() is to make a checkpoint of an archive.
struct ImportOptions {
  std::string message;                  ///< empty: none
  Metadata metadata;                    ///< as in CheckpointOptions
  std::vector<std::string> tags;        ///< as in CheckpointOptions
  std::optional<Person> author;         ///< default: `metamori` at this host
  std::int32_t utc_offset_minutes = 0;  ///< noted beside the author's time
  Control control;                      ///< progress, stop, threads, limits
};

/// What import_archive() did.
struct ImportReport {
  CheckpointInfo checkpoint;             ///< the new one, without a parent, on a line of its own; HEAD and the tree stay
  std::uint64_t bytes_read = 0;          ///< of the archive, after decompression
  std::uint64_t bytes_added = 0;         ///< growth of the repository
  std::vector<RestoreWarning> warnings;  ///< entries, or parts of them, that a checkpoint can't hold
  double seconds = 0;                    ///< how long it took
};

/// Makes a checkpoint of an archive's content, without touching the tree: tar in the formats that libarchive reads, plain or compressed.
/// `read` fills the buffer and returns how many bytes it filled, 0 at the end. A damaged archive, or one with paths that lead outside,
/// throws usage, and nothing is published.
METAMORI_API ImportReport import_archive(Repository& repository, const ImportOptions& options,
                                         const std::function<std::size_t(std::byte* buffer, std::size_t size)>& read);

}  // namespace metamori
