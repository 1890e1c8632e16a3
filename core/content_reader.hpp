#pragma once

// Whether what a restore is going to write can be read: all of it is, and compared with its ids, before anything is touched.

#include <string>
#include <unordered_set>
#include <vector>

#include "core/restore_meter.hpp"
#include "core/scan.hpp"

namespace metamori {

/// What was read once is not read again, so that several checkpoints cost what they differ in.
class ContentReader {
 public:
  /// `meter` is asked whether to stop.
  ContentReader(ChunkSource& source, const TransferMeter& meter) : source_(source), meter_(meter) {}
  /// A file's bytes, and the attributes of anything; not what is below a directory. Throws corrupt, naming `path`.
  void read(const std::string& path, const Entry& entry);

 private:
  void read_content(const StreamRef& content);

  ChunkSource& source_;
  const TransferMeter& meter_;
  std::unordered_set<ChunkId> sound_;
  Bytes buffer_;
};

/// What a restore in place of `target` may write: whatever in `scope` is not as `scan` found it. `source` reads the listings of both.
void read_differing(ChunkSource& source, const ScanResult& scan, const Root& target, const std::vector<std::string>& scope,
                    ContentReader& reader);
/// What a restore of `target` to another directory may write.
void read_all(ChunkSource& source, const Root& target, const std::vector<std::string>& scope, ContentReader& reader);

}  // namespace metamori
