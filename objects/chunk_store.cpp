#include "objects/chunk_store.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "objects/chunk_store_impl.hpp"
#include "objects/delta_chain.hpp"
#include "objects/frame_layout.hpp"

namespace metamori {
namespace {

[[noreturn]] void throw_missing(const ChunkId& id, PackIndex& index) {
  constexpr std::size_t kReasonsMax = 2;  // a message is not a list of all packs
  std::string message = "chunk " + to_hex(id) + " is missing: no pack holds it";
  const auto& reasons = index.damaged_packs();
  for (std::size_t i = 0; i < std::min(reasons.size(), kReasonsMax); ++i) message += "; " + reasons[i];
  if (reasons.size() > kReasonsMax) message += "; and " + std::to_string(reasons.size() - kReasonsMax) + " more packs are damaged";
  throw Error(ErrorKind::corrupt, message);
}

[[noreturn]] void throw_unreadable(const ChunkId& id, const Error& error) {
  throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " can't be read: " + error.what());
}

ChunkLocation get_base(PackIndex& index, const ChunkId& id, std::uint16_t depth) {
  auto base = find_base(index, id, depth);
  if (!base) throw_missing(id, index);
  return std::move(*base);
}

}  // namespace

void ChunkStore::Impl::decode(const ChunkLocation& at, std::size_t& budget, Bytes& out) {
  const std::string& path = at.pack->path();
  if (budget == 0) ByteReader({}, path).fail("a chain of deltas does not end");
  --budget;
  const ByteView frame = at.pack->frame(at.offset);
  const FrameHeader header = decode_frame_header(frame, path);
  if (header.form == Form::group) {
    const auto group = groups.get(*at.pack, at.offset);
    const ByteView member = group->member(at.member, path);
    out.assign(member.begin(), member.end());
    return;
  }
  // Bases need no check of their own: each frame's checksum is checked, and a wrong base makes a wrong chunk.
  decode_frame(
      frame, [&](const ChunkId& id, Bytes& base) { decode(get_base(index, id, header.depth), budget, base); }, false, out, path);
}

void ChunkStore::Impl::read_copy(const ChunkLocation& where, const ChunkId& id, Bytes& out) {
  std::size_t budget = kFramesMax;
  decode(where, budget, out);
  check_id(out, id, where.pack->path());
}

void ChunkStore::Impl::read(const ChunkId& id, Bytes& out) {
  const auto where = index.find(id, true);
  if (!where) throw_missing(id, index);
  try {
    return read_copy(*where, id, out);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    // Another pack may hold a sound copy.
    for (const ChunkLocation& other : index.find_all(id)) {
      if (other.pack->name() == where->pack->name()) continue;
      try {
        return read_copy(other, id, out);
      } catch (const Error& again) {
        if (again.kind() != ErrorKind::corrupt) throw;
      }
    }
    throw_unreadable(id, error);
  }
}

void ChunkStore::Impl::read_each(std::span<const ChunkId> ids, std::span<Bytes> out) {
  MM_ASSERT(ids.size() == out.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    out[i].clear();
    const auto where = index.find(ids[i], true);
    if (!where) continue;
    std::size_t budget = kFramesMax;
    try {
      decode(*where, budget, out[i]);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      out[i].clear();
    }
  }
  const std::vector<ByteView> views(out.begin(), out.end());
  std::vector<ChunkId> found(ids.size());
  sha256_each(views, found);
  // What is not right may be had from another copy; or it is told what is wrong.
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (found[i] != ids[i]) read(ids[i], out[i]);
}

void ChunkSource::read_each(std::span<const ChunkId> ids, std::span<Bytes> out) {
  MM_ASSERT(ids.size() == out.size());
  for (std::size_t i = 0; i < ids.size(); ++i) read(ids[i], out[i]);
}

ChunkId ChunkSink::put(ByteView raw, Kind kind, const BaseList& like) {
  const ChunkId id = sha256(raw);
  put_known(id, raw, kind, like);
  return id;
}

ChunkStore::ChunkStore(System& system, const RepositoryDirs& dirs) : impl_(std::make_unique<Impl>(system, dirs)) {}
ChunkStore::~ChunkStore() = default;
void ChunkStore::read(const ChunkId& id, Bytes& out) { impl_->read(id, out); }
void ChunkStore::read_each(std::span<const ChunkId> ids, std::span<Bytes> out) { impl_->read_each(ids, out); }

std::optional<std::uint32_t> ChunkStore::find_length(const ChunkId& id) {
  const auto where = impl_->index.find(id, true);
  if (!where) return std::nullopt;
  return where->raw_len;
}

PackIndex& ChunkStore::index() noexcept { return impl_->index; }

}  // namespace metamori
