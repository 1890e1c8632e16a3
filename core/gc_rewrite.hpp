#pragma once

// Writing what stays of packs that go.

#include <map>

#include "core/base_pieces.hpp"
#include "core/gc_plan.hpp"

namespace metamori {

/// New packs, published by flush(). What is not flushed when it ends is dropped.
class GcRewriter {
 public:
  GcRewriter(Engine& engine, const GcTable& table, const GcMark& mark, const GcPlan& plan, const LookMeter& meter);
  ~GcRewriter();
  /// Encodes anew what rests on chunks that go: against the nearest that stay, or whole. Comes first, while everything can be read.
  void encode_broken();
  /// What is needed of a victim and was not written yet, frame by frame, as it stands where that is possible. Throws corrupt if it is
  /// damaged.
  void copy_pack(std::uint32_t pack);
  /// Publishes all of it: durable on return.
  void flush();
  [[nodiscard]] bool was_published(const PackName& name) const noexcept;
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  [[nodiscard]] std::uint64_t bytes_waiting() const noexcept;

 private:
  /// Small chunks of one kind that are compressed together.
  struct Gathered {
    Bytes raw;
    std::vector<std::uint32_t> chunks;
  };
  const PackReader& open(std::uint32_t pack);
  void expand(const GcTable::Copy& copy, std::int64_t begin, std::vector<BasePiece>& pieces, std::size_t& budget);
  [[nodiscard]] BaseList likely_bases(const GcTable::Copy& copy);
  bool encode_based(std::uint32_t chunk, ByteView raw, const BaseList& like);
  void put_whole(std::uint32_t chunk, ByteView raw);
  void write_gathered(Gathered& gathered);
  void append(ByteView frame, std::span<const std::uint32_t> chunks, std::uint16_t depth);
  void copy_frame(const PackReader& pack, std::span<const GcTable::Copy* const> members);
  void check_encoded(ByteView frame, ByteView raw);
  [[nodiscard]] bool is_wanted(const GcTable::Copy& copy) const;

  Engine& engine_;
  const GcTable& table_;
  const GcMark& mark_;
  const GcPlan& plan_;
  const LookMeter& meter_;
  FrameEncoder encoder_;
  std::unique_ptr<PackWriter> writer_;
  std::map<Kind, Gathered> gathered_;
  std::map<std::uint32_t, std::shared_ptr<const PackReader>> open_;
  std::vector<bool> is_written_;     ///< by chunk
  std::vector<PackName> published_;  ///< sorted
  std::uint64_t bytes_written_ = 0;
};

}  // namespace metamori
