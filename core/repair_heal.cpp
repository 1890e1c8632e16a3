#include <fcntl.h>

#include <algorithm>
#include <mutex>

#include "base/digest.hpp"
#include "core/repair_run.hpp"
#include "core/scan.hpp"
#include "objects/chunk_store_groups.hpp"
#include "objects/pack_frames.hpp"
#include "objects/pack_layout.hpp"

namespace metamori {
namespace {

constexpr std::size_t kFramesMax = 64;  ///< that one chunk may rest on
constexpr std::uint64_t kPackBytes = 1ULL << 30;

}  // namespace

/// Stores chunks whole, whatever the repository believes to have of them: a copy that rests on nothing is the one that is read.
class ChunkHealer::Writer {
 public:
  explicit Writer(Engine& engine) : engine_(engine) {}

  void put(const ChunkId& id, ByteView raw, Kind kind) {
    ByteWriter frame;
    encoder_.plain(id, kind, raw, frame);
    Bytes back;
    decode_frame(frame.view(), {}, true, back, "repair");  // what does not give its id is not published
    if (!writer_) writer_ = std::make_unique<PackWriter>(engine_.system, engine_.dirs.tmp.get(), engine_.dirs.packs.get());
    writer_->append(frame.view(), {PackEntry{id, 0, static_cast<std::uint32_t>(raw.size()), 0, 0, kind}});
    if (writer_->bytes_written() >= kPackBytes) publish();
  }
  void publish() {
    if (!writer_) return;
    engine_.store->index().add(writer_->publish());
    writer_.reset();
  }

 private:
  Engine& engine_;
  FrameEncoder encoder_;
  std::unique_ptr<PackWriter> writer_;
};

/// Frames in files that nobody reads from: the quarantine's packs, and those that dead writers left in `tmp/`.
class ChunkHealer::Sources {
 public:
  explicit Sources(RepairRun& run) : run_(run) {
    const auto add = [this](int dir, const std::string& name, const std::string& path) { add_file(dir, name, path); };
    run.quarantine.for_each("packs", add);
    run.quarantine.for_each("trash", add);
    Engine& engine = run.engine;
    if (!engine.dirs.tmp.is_open()) return;
    for (const DirectoryName& entry : list_directory(engine.system, engine.dirs.tmp.get(), "tmp"))
      if (entry.name.starts_with("pack-")) add_file(engine.dirs.tmp.get(), entry.name, "tmp/" + entry.name);
  }

  bool find(const ChunkId& id, Bytes& out) {
    std::size_t budget = kFramesMax;
    return find(id, out, budget);
  }

 private:
  struct Place {
    std::size_t file = 0;
    std::uint64_t offset = 0;
    std::uint16_t member = 0;
  };

  struct Bare {
    std::size_t file = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
  };

  void add_file(int dir, const std::string& name, const std::string& path) {
    System& system = run_.engine.system;
    const auto opened = find_file(system, dir, name.c_str(), O_RDONLY | O_NOFOLLOW, path);
    if (!opened) return;
    maps_.emplace_back(system, opened->get(), stat_of(system, opened->get(), path).size_bytes, path);
    add_bare(dir, name, path);
    salvage_pack(maps_.back().bytes(), [&](std::uint64_t offset, ByteView frame) {
      run_.check_stop();
      const FrameHeader header = decode_frame_header(frame, path);
      if (header.form != Form::group) {
        places_.emplace(header.id, Place{maps_.size() - 1, offset, 0});
        return;
      }
      try {
        const DecodedGroup group(frame, path);
        for (std::uint16_t i = 0; i < header.member_count; ++i)
          places_.emplace(sha256(group.member(i, path)), Place{maps_.size() - 1, offset, i});
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) throw;
      }
    });
  }

  /// Chunks that stand unencoded in frames that are damaged elsewhere: the index tells where, and their ids whether they are right.
  void add_bare(int dir, const std::string& name, const std::string& path) {
    const auto pack_name = pack_name_of(name);
    std::shared_ptr<const PackReader> pack;
    try {
      if (pack_name) pack = PackReader::find_file_of(run_.engine.system, dir, *pack_name, path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
    }
    if (!pack) return;
    const PackFrames frames(*pack);
    for (const FrameRows& frame : frames.frames()) {
      std::uint64_t raw_bytes = 0;
      for (const PackEntry& row : frame.rows) raw_bytes += row.raw_len;
      std::uint64_t offset = frame.offset + frame.bytes - raw_bytes;
      if (frame.bytes < raw_bytes + kFrameHeaderBytes) continue;  // it is compressed
      for (const PackEntry& row : frame.rows) {
        bare_.emplace(row.id, Bare{maps_.size() - 1, offset, row.raw_len});
        offset += row.raw_len;
      }
    }
  }

  bool find_bare(const ChunkId& id, Bytes& out) {
    const auto found = bare_.find(id);
    if (found == bare_.end()) return false;
    const Bare& bare = found->second;
    const ByteView raw = maps_[bare.file].bytes().subspan(static_cast<std::size_t>(bare.offset), bare.length);
    out.assign(raw.begin(), raw.end());
    return sha256(out) == id;
  }

  bool find(const ChunkId& id, Bytes& out, std::size_t& budget) {
    if (find_bare(id, out)) return true;
    const auto [begin, end] = places_.equal_range(id);
    for (auto place = begin; place != end && budget > 0; ++place) {
      --budget;
      try {
        decode(place->second, out, budget);
        if (sha256(out) == id) return true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) throw;
      }
    }
    return false;
  }

  void decode(const Place& place, Bytes& out, std::size_t& budget) {
    const ByteView file = maps_[place.file].bytes();
    const ByteView frame = frame_at(file, place.offset, file.size(), "quarantine");
    if (decode_frame_header(frame, "quarantine").form == Form::group) {
      const DecodedGroup group(frame, "quarantine");
      const ByteView member = group.member(place.member, "quarantine");
      out.assign(member.begin(), member.end());
      return;
    }
    decode_frame(
        frame,
        [&](const ChunkId& id, Bytes& base) {
          if (!find(id, base, budget)) run_.engine.store->read(id, base);
        },
        false, out, "quarantine");
  }

  RepairRun& run_;
  std::vector<Mapping> maps_;
  std::multimap<ChunkId, Place> places_;
  std::map<ChunkId, Bare> bare_;
};

/// Takes what is lost out of what a scan of the tree would store. What the scan reads again is kept here: that the repository has a chunk
/// of that id does not say that it can be read.
class ChunkHealer::Tree final : public ChunkSink, public ChunkSource {
 public:
  Tree(ChunkStore& store, const std::set<ChunkId>& wanted, Writer* writer) : store_(store), wanted_(wanted), writer_(writer) {}

  void put_known(const ChunkId& id, ByteView raw, Kind kind, const BaseList& /*like*/) override {
    const std::lock_guard lock(mutex_);
    if (kind != Kind::data) nodes_.try_emplace(id, raw.begin(), raw.end());
    if (wanted_.contains(id) && found_.insert(id).second && writer_ != nullptr) writer_->put(id, raw, kind);
  }
  void read(const ChunkId& id, Bytes& out) override {
    {
      const std::lock_guard lock(mutex_);
      if (const auto node = nodes_.find(id); node != nodes_.end()) {
        out = node->second;
        return;
      }
    }
    store_.read(id, out);
  }
  [[nodiscard]] const std::set<ChunkId>& found() const noexcept { return found_; }

 private:
  ChunkStore& store_;
  const std::set<ChunkId>& wanted_;
  Writer* writer_;
  std::mutex mutex_;
  std::map<ChunkId, Bytes> nodes_;
  std::set<ChunkId> found_;
};

ChunkHealer::ChunkHealer(RepairRun& run) : run_(run) {}
ChunkHealer::~ChunkHealer() = default;

std::set<ChunkId> ChunkHealer::heal(const std::set<ChunkId>& lost) {
  Engine& engine = run_.engine;
  if (!sources_) sources_ = std::make_unique<Sources>(run_);
  std::set<ChunkId> found;
  Writer writer(engine);
  Bytes raw;
  for (const ChunkId& id : lost) {
    run_.check_stop();
    if (!sources_->find(id, raw)) continue;
    found.insert(id);
    if (!run_.is_dry()) writer.put(id, raw, Kind::data);
  }
  if (!found.empty())
    run_.tell("heal", "quarantine", std::to_string(found.size()) + " lost chunks were in the quarantine or in what a writer left");
  std::set<ChunkId> wanted;
  std::set_difference(lost.begin(), lost.end(), found.begin(), found.end(), std::inserter(wanted, wanted.end()));
  if (!wanted.empty() && engine.tree.is_open()) {
    ScanOptions options;
    options.check = CheckMode::content;
    options.is_kept = false;
    options.control = run_.options.control;
    Tree tree(*engine.store, wanted, run_.is_dry() ? nullptr : &writer);
    TreeScan(engine, {tree, tree}, options).run();
    if (!tree.found().empty())
      run_.tell("heal", "tree", std::to_string(tree.found().size()) + " lost chunks are in the tracked tree as they were");
    found.insert(tree.found().begin(), tree.found().end());
  }
  writer.publish();
  run_.report.chunks_healed += found.size();
  return found;
}

}  // namespace metamori
