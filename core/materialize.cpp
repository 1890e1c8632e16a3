#include "core/materialize.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr std::uint32_t kPrivateMode = 0600;
constexpr std::size_t kZeroBytes = 64 * 1024;

void expect_length(const Bytes& chunk, const Extent& extent, const std::string& path) {
  if (chunk.size() != extent.length)
    throw Error(ErrorKind::corrupt,
                "chunk " + to_hex(extent.id) + " of " + quoted(path) + " has " + std::to_string(chunk.size()) + " bytes instead of " +
                    std::to_string(extent.length),
                {}, path);
}

}  // namespace

/// Writes chunks to their places in a file, reading a few at once.
class NodeWriter::ChunkCopier {
 public:
  ChunkCopier(NodeWriter& writer, int fd, const std::string& path) : writer_(writer), fd_(fd), path_(path) {}
  void add(const Extent& extent, std::uint64_t offset) {
    ids_[count_] = extent.id;
    places_[count_] = {offset, extent.length};
    if (++count_ == kAtOnce) finish();
  }
  void finish() {
    if (count_ == 0) return;
    writer_.meter_.check_stop();
    writer_.source_.read_each(std::span(ids_).first(count_), std::span(chunks_).first(count_));
    for (std::size_t i = 0; i < count_; ++i) {
      expect_length(chunks_[i], {ids_[i], places_[i].length}, path_);
      write_all(writer_.system_, fd_, chunks_[i], places_[i].offset, path_);
      writer_.meter_.add_bytes(chunks_[i].size());
    }
    count_ = 0;
  }

 private:
  static constexpr std::size_t kAtOnce = 4;
  NodeWriter& writer_;
  int fd_;
  const std::string& path_;
  std::array<ChunkId, kAtOnce> ids_;
  std::array<ByteRange, kAtOnce> places_{};
  std::array<Bytes, kAtOnce> chunks_;
  std::size_t count_ = 0;
};

bool NodeWriter::can_make(const Entry& entry, const std::string& path) {
  if (entry.content_unknown) {
    warnings_.add(path, "its content is not in the checkpoint: it could not be read then");
    return false;
  }
  if ((entry.type == EntryType::char_device || entry.type == EntryType::block_device) && !policy_.special) {
    warnings_.add(path, "device nodes are brought back only when asked for (--special)");
    return false;
  }
  return true;
}

void NodeWriter::make(const Directory& dir, const std::string& name, const Entry& entry, const std::string& path,
                      const std::optional<Inherited>& inherited, bool sync) {
  if (entry.type == EntryType::file) {
    Fd file = create_file(dir, name, path);
    write_data(file.get(), entry.content, {0, entry.content.length}, path);
    finish_file(std::move(file), entry, path, inherited, sync);
    return;
  }
  const int error = retry_interrupted([&] {
    if (entry.type == EntryType::symlink) return system_.make_symlink(entry.target.c_str(), dir->get(), name.c_str());
    return system_.make_node(dir->get(), name.c_str(), mode_type(entry.type) | kPrivateMode, entry.device_major, entry.device_minor);
  });
  if (error < 0) throw_io(-error, "create", path);
  set_named_metadata(dir->get(), name.c_str(), entry, path, inherited);
  meter_.add_file(path);
}

Fd NodeWriter::create_file(const Directory& dir, const std::string& name, const std::string& path) {
  return open_file(system_, dir->get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, kPrivateMode, path);
}

void NodeWriter::write_data(int fd, const StreamRef& content, ByteRange range, const std::string& path) {
  ExtentCursor cursor(source_, content);
  ChunkCopier copier(*this, fd, path);
  for (cursor.seek(range.offset); !cursor.at_end(); cursor.next()) {
    const Extent* const extent = cursor.current();
    if (extent == nullptr || cursor.offset() >= range.offset + range.length) break;
    if (!extent->is_hole() && cursor.offset() >= range.offset)  // one that began earlier is the range before's
      copier.add(*extent, cursor.offset());
  }
  copier.finish();
}

void NodeWriter::finish_file(Fd file, const Entry& entry, const std::string& path, const std::optional<Inherited>& inherited, bool sync) {
  if (entry.content.level > 0) {  // only then may the content end with a hole
    if (const int error = retry_interrupted([&] { return system_.truncate(file.get(), entry.content.length); }); error < 0)
      throw_io(-error, "set the size of", path);
  }
  if (policy_.verify) verify(file.get(), entry.content, path);
  set_metadata(file.get(), entry, path, inherited);
  if (sync) sync_file(system_, file.get(), path);
  file.close(path);
  meter_.add_file(path);
}

void NodeWriter::make_hole(int fd, ByteRange range, const std::string& path) {
  const int error = retry_interrupted([&] { return system_.punch_hole(fd, range.offset, range.length); });
  if (error >= 0) return;
  if (error != -EOPNOTSUPP && error != -ENOSYS && error != -EINVAL) throw_io(-error, "make a hole in", path);
  const Bytes zeros(static_cast<std::size_t>(std::min<std::uint64_t>(range.length, kZeroBytes)));
  for (std::uint64_t done = 0; done < range.length;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(range.length - done, zeros.size()));
    write_all(system_, fd, ByteView(zeros).first(count), range.offset + done, path);
    done += count;
  }
}

void NodeWriter::write_range(int fd, ExtentCursor& target, Range range, ChunkCopier& copier, const std::string& path) {
  const std::uint64_t end = range.offset + range.length;
  for (target.seek(range.offset); !target.at_end(); target.next()) {
    const Extent* const extent = target.current();
    if (extent == nullptr || target.offset() >= end) return;
    const std::uint64_t offset = target.offset();
    if (!extent->is_hole()) {
      copier.add(*extent, offset);
      continue;
    }
    // A hole may reach beyond the range on both sides: there both have one.
    const std::uint64_t first = std::max(offset, range.offset);
    make_hole(fd, {first, std::min(offset + extent->length, end) - first}, path);
  }
}

void NodeWriter::rewrite(int fd, ChunkSource& lists, const StreamRef& before, const StreamRef& after, const std::string& path) {
  // Cut or grown in any case: after a crash the file may have either size.
  if (const int error = retry_interrupted([&] { return system_.truncate(fd, after.length); }); error < 0)
    throw_io(-error, "set the size of", path);
  ExtentCursor target(source_, after);
  ChunkCopier copier(*this, fd, path);
  for_each_difference(lists, before, after, [&](Range range) { write_range(fd, target, range, copier, path); });
  copier.finish();
}

void NodeWriter::rewrite_unknown(int fd, const StreamRef& after, const std::string& path) {
  if (const int error = retry_interrupted([&] { return system_.truncate(fd, after.length); }); error < 0)
    throw_io(-error, "set the size of", path);
  ChunkCopier copier(*this, fd, path);
  Bytes buffer;
  for (ExtentCursor cursor(source_, after); !cursor.at_end(); cursor.next()) {
    const Extent* const extent = cursor.current();
    if (extent == nullptr) break;
    if (extent->is_hole()) {
      make_hole(fd, {cursor.offset(), extent->length}, path);
      continue;
    }
    meter_.check_stop();
    buffer.resize(static_cast<std::size_t>(extent->length));
    if (read_up_to(system_, fd, buffer, cursor.offset(), path) != buffer.size() || sha256(buffer) != extent->id)
      copier.add(*extent, cursor.offset());
  }
  copier.finish();
}

void NodeWriter::verify(int fd, const StreamRef& content, const std::string& path) {
  system_.drop_cache(fd);  // advice only
  if (!has_content(fd, content, path))
    throw Error(ErrorKind::io, "verify " + quoted(path) + ": what was read back differs from what was written", {}, path);
}

/// Whether [begin, end) reads as zeros; what the file system knows to be a hole is not read.
bool NodeWriter::has_zeros(int fd, std::uint64_t begin, std::uint64_t end, Bytes& buffer, const std::string& path) {
  while (begin < end) {
    const std::int64_t data = retry_interrupted([&] { return system_.seek_data(fd, begin); });
    if (data == -ENXIO) return true;
    if (data >= 0) begin = static_cast<std::uint64_t>(data);
    if (begin >= end) return true;
    meter_.check_stop();
    buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kMaxRawBytes)));
    if (read_up_to(system_, fd, buffer, begin, path) != buffer.size() || !is_zero(buffer)) return false;
    begin += buffer.size();
  }
  return true;
}

bool NodeWriter::has_content(int fd, const StreamRef& content, const std::string& path) {
  if (stat_of(system_, fd, path).size_bytes != content.length) return false;
  Bytes buffer;
  for (ExtentCursor cursor(source_, content); !cursor.at_end(); cursor.next()) {
    const Extent* const extent = cursor.current();
    if (extent == nullptr) break;
    if (extent->is_hole()) {
      if (!has_zeros(fd, cursor.offset(), cursor.offset() + extent->length, buffer, path)) return false;
      continue;
    }
    buffer.resize(static_cast<std::size_t>(extent->length));
    if (read_up_to(system_, fd, buffer, cursor.offset(), path) != buffer.size() || sha256(buffer) != extent->id) return false;
  }
  return true;
}

}  // namespace metamori
