#include <fcntl.h>

#include <algorithm>

#include "base/assert.hpp"
#include "objects/frame_layout.hpp"
#include "objects/pack.hpp"
#include "objects/pack_layout.hpp"
#include "objects/pack_search.hpp"

namespace metamori {
namespace {

constexpr std::string_view kPackSuffix = ".pack";

}  // namespace

std::string pack_file_name(const PackName& name) { return to_hex(name) + std::string(kPackSuffix); }

std::optional<PackName> pack_name_of(std::string_view file_name) {
  if (!file_name.ends_with(kPackSuffix)) return std::nullopt;
  file_name.remove_suffix(kPackSuffix.size());
  if (std::any_of(file_name.begin(), file_name.end(), [](char c) { return c >= 'A' && c <= 'F'; }))
    return std::nullopt;  // one spelling only
  return id_from_hex<ChunkTag>(file_name);
}

std::vector<PackName> list_packs(System& system, int packs_dir) {
  std::vector<PackName> names;
  for (const DirectoryName& entry : list_directory(system, packs_dir, "packs")) {
    if (const auto name = pack_name_of(entry.name)) names.push_back(*name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<const PackReader> PackReader::map_file(System& system, const Fd& file, std::string path) {
  std::shared_ptr<PackReader> reader(new PackReader);
  reader->path_ = std::move(path);
  reader->map_ = Mapping(system, file.get(), stat_of(system, file.get(), reader->path_).size_bytes, reader->path_);
  const PackLayout layout = check_pack(reader->map_.bytes(), reader->path_);
  reader->name_ = layout.name;
  reader->entry_count_ = layout.entry_count;
  reader->frame_count_ = layout.frame_count;
  reader->frames_end_ = layout.frames_end;
  return reader;
}

std::shared_ptr<const PackReader> PackReader::find_file_of(System& system, int dir, const PackName& name, std::string_view label) {
  const std::string file_name = pack_file_name(name);
  const std::string path = std::string(label) + '/' + file_name;
  // The mapping outlives the descriptor, and descriptors are few.
  const std::optional<Fd> file = find_file(system, dir, file_name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return nullptr;
  auto reader = map_file(system, *file, path);
  if (reader->name_ != name) ByteReader({}, path).fail("its index is not the one that its name was made from");
  return reader;
}

std::shared_ptr<const PackReader> PackReader::open(System& system, int packs_dir, const PackName& name) {
  auto reader = find_file_of(system, packs_dir, name);
  if (!reader) throw_io(ENOENT, "open", "packs/" + pack_file_name(name));
  return reader;
}

const PackName& PackReader::name() const noexcept { return name_; }
std::uint64_t PackReader::entry_count() const noexcept { return entry_count_; }
std::uint64_t PackReader::frame_count() const noexcept { return frame_count_; }
std::uint64_t PackReader::file_bytes() const noexcept { return map_.bytes().size(); }
const std::string& PackReader::path() const noexcept { return path_; }

PackEntry PackReader::entry(std::uint64_t index) const {
  MM_ASSERT(index < entry_count_);
  return decode_pack_entry(map_.bytes().data() + frames_end_ + index * kPackEntryBytes);
}

std::optional<PackEntry> PackReader::find(const ChunkId& id) const {
  const std::byte* entries = map_.bytes().data() + frames_end_;
  const std::size_t at =
      lower_bound_id(static_cast<std::size_t>(entry_count_), id, [&](std::size_t i) { return entries + i * kPackEntryBytes; });
  if (at == entry_count_ || std::memcmp(entries + at * kPackEntryBytes, id.bytes.data(), ChunkTag::size_bytes) != 0) return std::nullopt;
  return decode_pack_entry(entries + at * kPackEntryBytes);
}

ByteView PackReader::frame(std::uint64_t offset) const { return frame_at(map_.bytes(), offset, frames_end_, path_); }

void PackReader::for_each_frame(const std::function<void(std::uint64_t, ByteView)>& visit) const {
  std::uint64_t count = 0;
  for (std::uint64_t offset = kPackHeaderBytes; offset < frames_end_; ++count) {
    const ByteView bytes = frame(offset);
    check_frame(bytes, path_);
    visit(offset, bytes);
    offset += bytes.size();
  }
  if (count != frame_count_) ByteReader({}, path_).fail("it holds another number of frames than its footer says");
}

}  // namespace metamori
