#include "core/forget_size.hpp"

#include "core/describe.hpp"
#include "core/stats_marks.hpp"

namespace metamori {

std::vector<std::uint64_t> bytes_needed_in_order(Engine& engine, const std::vector<Position>& checkpoints, const Control& control) {
  const ChunkTable table(engine);
  LookMeter meter(engine.system, control, checkpoints.size());
  StatsMarks marks(table, meter);
  StatsMarks::First visitor(marks, [](const Entry&, std::uint32_t tag) { return tag; });
  std::uint32_t tag = 0;
  for (const Position& position : checkpoints) {
    const DecodedCheckpoint checkpoint = get_checkpoint(engine, position);
    ++tag;
    walk_root(*engine.store, checkpoint.content.root, tag, visitor);
    for (const StreamRef* ref :
         {&checkpoint.content.rules, &checkpoint.content.verdicts, &checkpoint.content.scope, &checkpoint.record.touched})
      walk_stream(*engine.store, *ref, tag, visitor);
    meter.step();
  }
  const std::vector<StatsAmount> sums = marks.sums(checkpoints.size() + 1);
  std::vector<std::uint64_t> bytes;
  for (std::size_t i = 1; i < sums.size(); ++i) bytes.push_back(sums[i].stored);
  return bytes;
}

}  // namespace metamori
