#include <fcntl.h>

#include <algorithm>

#include "base/digest.hpp"
#include "core/repair_run.hpp"
#include "objects/chunk_store_groups.hpp"
#include "objects/frame_layout.hpp"
#include "objects/pack_layout.hpp"

namespace metamori {

/// A damaged pack, by where it stands; mapped, so that it can be read when it stands there no more.
struct PackSalvage::File {
  File(System& system, int the_dir, std::string the_name, std::string the_path)
      : dir(the_dir), name(std::move(the_name)), path(std::move(the_path)) {
    const Fd opened = open_file(system, dir, name.c_str(), O_RDONLY | O_NOFOLLOW, 0, path);
    map = Mapping(system, opened.get(), stat_of(system, opened.get(), path).size_bytes, path);
  }
  int dir;
  std::string name;
  std::string path;
  Mapping map;
  bool is_gone = false;
};

void PackSalvage::run(const std::set<PackName>& damaged) {
  std::vector<File> files;
  for (const PackName& name : damaged) {
    const std::string file = pack_file_name(name);
    files.emplace_back(run_.engine.system, run_.engine.dirs.packs.get(), file, "packs/" + file);
  }
  salvage_all(files, false);
}

void PackSalvage::salvage_all(std::vector<File>& files, bool only_readable) {
  for (File& file : files) {
    const std::optional<PackName> made = salvage(file, files, only_readable);
    const std::string why = made ? "damaged; what is sound of it is in packs/" + pack_file_name(*made) : "damaged";
    if (!file.is_gone) run_.set_aside(file.dir, file.name, file.path, why);
    file.is_gone = true;
  }
  if (!run_.is_dry()) run_.engine.store->index().packs();
}

void PackSalvage::set_aside_trash() {
  Engine& engine = run_.engine;
  if (!engine.dirs.trash.is_open()) return;
  for (const PackName& name : list_packs(engine.system, engine.dirs.trash.get())) {
    try {
      PackReader::find_file_of(engine.system, engine.dirs.trash.get(), name, "trash");
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      run_.set_aside(engine.dirs.trash.get(), pack_file_name(name), "trash/" + pack_file_name(name), error.what());
    }
  }
}

void PackSalvage::drop_unreadable(const std::set<ChunkId>& chunks) {
  Engine& engine = run_.engine;
  std::set<std::pair<bool, PackName>> packs;  // in the trash, name
  for (const ChunkId& id : chunks)
    for (const ChunkLocation& where : engine.store->index().find_all(id))
      packs.emplace(!engine.store->index().still_present(where.pack->name()), where.pack->name());
  std::vector<File> files;
  for (const auto& [in_trash, name] : packs) {
    const std::string file = pack_file_name(name);
    files.emplace_back(engine.system, (in_trash ? engine.dirs.trash : engine.dirs.packs).get(), file,
                       (in_trash ? "trash/" : "packs/") + file);
  }
  salvage_all(files, true);
}

/// Whether a frame gives what its id names. What rests on something that can't be read may yet do so.
bool PackSalvage::is_usable(ByteView frame, bool only_readable) {
  bool lacks_base = false;
  try {
    Bytes raw;
    decode_frame(
        frame,
        [&](const ChunkId& id, Bytes& base) {
          try {
            run_.engine.store->read(id, base);
          } catch (const Error&) {
            lacks_base = true;
            throw;
          }
        },
        true, raw, "pack");
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return lacks_base && !only_readable;
  }
}

/// The rows that the index is to have for a frame; none if it is of no use.
std::vector<PackEntry> PackSalvage::members_of(ByteView frame, bool only_readable) {
  std::vector<PackEntry> members;
  const FrameHeader header = decode_frame_header(frame, "pack");
  if (!is_usable(frame, only_readable)) return members;
  const Kind kind = header.kind == Kind::mixed ? Kind::data : header.kind;
  if (header.form != Form::group) {
    members.push_back({header.id, 0, header.raw_len, 0, static_cast<std::uint8_t>(header.depth), kind});
    return members;
  }
  const DecodedGroup group(frame, "pack");
  const std::vector<std::uint32_t> lengths = group_member_lengths(frame, "pack");
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto member = static_cast<std::uint16_t>(i);
    members.push_back({sha256(group.member(member, "pack")), 0, lengths[i], member, 0, kind});
  }
  return members;
}

/// Writes what is sound of a pack into a new one, which is durable on return.
std::optional<PackName> PackSalvage::salvage(const File& file, std::vector<File>& all, bool only_readable) {
  Engine& engine = run_.engine;
  std::unique_ptr<PackWriter> writer;
  std::uint64_t frames = 0;
  std::uint64_t chunks = 0;
  const SalvageTotals seen = salvage_pack(file.map.bytes(), [&](std::uint64_t /*offset*/, ByteView mapped) {
    run_.check_stop();
    const Bytes frame(mapped.begin(), mapped.end());  // a page that could be read once may be lost the next time
    std::vector<PackEntry> members = members_of(frame, only_readable);
    if (members.empty()) return;
    ++frames;
    chunks += members.size();
    for (const PackEntry& member : members) found_.insert(member.id);
    if (run_.is_dry()) return;
    if (!writer) writer = std::make_unique<PackWriter>(engine.system, engine.dirs.tmp.get(), engine.dirs.packs.get());
    writer->append(frame, std::move(members));
  });
  if (frames == 0) return std::nullopt;
  run_.report.chunks_salvaged += chunks;
  run_.tell("salvage", file.path,
            std::to_string(chunks) + (only_readable ? " chunks that rest on nothing that is lost" : " chunks") + " in " +
                std::to_string(frames) + (only_readable ? " of " + std::to_string(seen.frames) + " frames" : " sound frames"));
  if (!writer) return std::nullopt;
  const PackName name = writer->seal()->name();
  // A damaged one may stand under that name: this one, if all its frames are sound, or another. Nothing could be read from it by that name.
  for (File& other : all) {
    if (other.is_gone || other.name != pack_file_name(name)) continue;
    run_.set_aside(other.dir, other.name, other.path, "damaged; what is sound of it is read again, or is in a pack of that name");
    other.is_gone = true;
  }
  writer->publish();
  engine.store->index().add(name);
  written_.insert(name);
  return name;
}

}  // namespace metamori
