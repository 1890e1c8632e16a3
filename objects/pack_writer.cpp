#include <fcntl.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <tuple>

#include "base/assert.hpp"
#include "objects/pack.hpp"
#include "objects/pack_layout.hpp"

namespace metamori {
namespace {

// Large enough that a write costs no more than the copy it makes, small enough to stay in the cache of the core that fills it.
constexpr std::size_t kBufferBytes = 1U << 20;

}  // namespace

struct PackWriter::Impl {
  Impl(System& the_system, int tmp, int packs) : system(the_system), tmp_dir(tmp), packs_dir(packs) {}

  [[nodiscard]] std::string path() const { return "tmp/" + tmp_name; }
  void create();
  void write_out();
  void seal();
  void rethrow_failure() const {
    if (failure) std::rethrow_exception(failure);
  }

  System& system;
  const int tmp_dir;
  const int packs_dir;
  mutable std::mutex mutex;
  Fd file;
  std::string tmp_name;
  Bytes buffer;  ///< what follows the first `written` bytes; always whole frames
  std::uint64_t written = 0;
  std::vector<PackEntry> entries;
  std::uint64_t frame_count = 0;
  bool exists = false;  ///< a file in tmp/ that must be removed
  bool sealed = false;
  bool synced = false;
  std::exception_ptr failure;  ///< a write was refused: what the file holds is unknown, so nothing more is done with it
  PackName name;
};

void PackWriter::Impl::create() {
  buffer.reserve(kBufferBytes + kBufferBytes / 2);
  tmp_name = unique_name(system, "pack-");
  file = create_temporary(system, tmp_dir, tmp_name.c_str(), O_RDWR, path());
  exists = true;
  const auto header = pack_header();
  buffer.assign(header.begin(), header.end());
}

void PackWriter::Impl::write_out() {
  if (buffer.empty()) return;
  try {
    write_all(system, file.get(), buffer, written, path());
  } catch (const Error&) {
    failure = std::current_exception();
    throw;
  }
  // Advice: by the time of the fsync most of the bytes are on their way already.
  static_cast<void>(system.start_writeback(file.get(), written, buffer.size()));
  written += buffer.size();
  buffer.clear();
}

void PackWriter::Impl::seal() {
  if (sealed) return;
  rethrow_failure();
  // A chunk that was appended twice is listed once, in the copy that is cheapest to read.
  std::sort(entries.begin(), entries.end(),
            [](const PackEntry& a, const PackEntry& b) { return std::tie(a.id, a.depth, a.offset) < std::tie(b.id, b.depth, b.offset); });
  entries.erase(std::unique(entries.begin(), entries.end(), [](const PackEntry& a, const PackEntry& b) { return a.id == b.id; }),
                entries.end());
  Bytes index(entries.size() * kPackEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i) encode_pack_entry(entries[i], index.data() + i * kPackEntryBytes);
  const auto footer = pack_footer(index, frame_count, name);
  write_out();
  buffer = std::move(index);
  buffer.insert(buffer.end(), footer.begin(), footer.end());
  write_out();
  buffer = Bytes();
  entries = std::vector<PackEntry>();
  sealed = true;
}

PackWriter::PackWriter(System& system, int tmp_dir, int packs_dir) : impl_(std::make_unique<Impl>(system, tmp_dir, packs_dir)) {
  impl_->create();
}

PackWriter::~PackWriter() {
  if (impl_->exists) impl_->system.remove_file(impl_->tmp_dir, impl_->tmp_name.c_str());
}

std::uint64_t PackWriter::append(ByteView frame, std::vector<PackEntry> members) {
  const std::lock_guard lock(impl_->mutex);
  impl_->rethrow_failure();
  MM_ASSERT(!impl_->sealed);
  const std::uint64_t offset = impl_->written + impl_->buffer.size();
  impl_->buffer.insert(impl_->buffer.end(), frame.begin(), frame.end());
  for (PackEntry& entry : members) {
    entry.offset = offset;
    impl_->entries.push_back(entry);
  }
  ++impl_->frame_count;
  if (impl_->buffer.size() >= kBufferBytes) impl_->write_out();
  return offset;
}

std::uint64_t PackWriter::bytes_written() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->written + impl_->buffer.size();
}

std::uint64_t PackWriter::entry_count() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->entries.size();
}

void PackWriter::read_frame(std::uint64_t offset, Bytes& out) const {
  const std::lock_guard lock(impl_->mutex);
  const std::string path = impl_->path();
  const ByteReader reader({}, path);
  if (offset >= impl_->written) {
    MM_ASSERT(offset - impl_->written < impl_->buffer.size());
    const ByteView rest = ByteView(impl_->buffer).subspan(static_cast<std::size_t>(offset - impl_->written));
    const ByteView frame = rest.first(kFrameHeaderBytes + decode_frame_header(rest, path).stored_len);
    out.assign(frame.begin(), frame.end());
    return;
  }
  out.resize(kFrameHeaderBytes);
  if (read_up_to(impl_->system, impl_->file.get(), out, offset, path) != out.size()) reader.fail("a frame ends too early");
  const FrameHeader header = decode_frame_header(out, path);
  out.resize(kFrameHeaderBytes + header.stored_len);
  const std::span<std::byte> body = std::span(out).subspan(kFrameHeaderBytes);
  if (read_up_to(impl_->system, impl_->file.get(), body, offset + kFrameHeaderBytes, path) != body.size())
    reader.fail("a frame ends too early");
}

std::shared_ptr<const PackReader> PackWriter::seal() {
  const std::lock_guard lock(impl_->mutex);
  impl_->seal();
  return PackReader::map_file(impl_->system, impl_->file, impl_->path());
}

void PackWriter::prepare() {
  const std::lock_guard lock(impl_->mutex);
  impl_->seal();
  if (impl_->synced) return;
  impl_->rethrow_failure();
  try {
    sync_file(impl_->system, impl_->file.get(), impl_->path());
    impl_->file.close(impl_->path());
  } catch (const Error&) {
    impl_->failure = std::current_exception();  // a second fsync after a refused one may succeed over lost bytes
    throw;
  }
  impl_->synced = true;
}

PackName PackWriter::publish() {
  prepare();
  const std::lock_guard lock(impl_->mutex);
  const std::string path = "packs/" + pack_file_name(impl_->name);
  if (publish_no_replace(impl_->system, impl_->tmp_dir, impl_->tmp_name, impl_->packs_dir, pack_file_name(impl_->name), path))
    impl_->exists = false;
  // Also when the pack was there: whoever made it may not have come to this line yet.
  sync_file(impl_->system, impl_->packs_dir, "packs");
  return impl_->name;
}

}  // namespace metamori
