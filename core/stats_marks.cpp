#include "core/stats_marks.hpp"

namespace metamori {

std::uint32_t StatsMarks::index_of(const ChunkId& id) const {
  const std::uint32_t index = table_.find(id);
  if (index == ChunkTable::kNone)
    throw Error(ErrorKind::corrupt, "chunk " + to_hex(id) + " is missing: no pack holds it", "'metamori verify' tells what is affected");
  return index;
}

std::uint64_t StatsMarks::key_of(std::uint32_t index, const WalkNode& node) noexcept {
  return std::uint64_t{index} << 8U | std::uint64_t{static_cast<std::uint8_t>(node.kind)} << 4U | node.level;
}

void StatsMarks::put(std::uint32_t index, std::uint32_t mark, bool is_content, bool first_stays) {
  std::vector<std::uint32_t> open{index};
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    std::uint32_t& own = marks_[at];
    if (own == 0) {
      own = mark;
      is_content_[at] = is_content;
    } else if (first_stays || own == mark || own == kShared) {
      continue;
    } else {
      own = kShared;
    }
    const auto bases = table_.bases(at);
    open.insert(open.end(), bases.begin(), bases.end());
  }
}

bool StatsMarks::meet(const ChunkId& id) {
  const std::uint32_t index = index_of(id);
  const bool is_new = !is_met_[index];
  is_met_[index] = true;
  return is_new;
}

void StatsMarks::add_to(StatsAmount& amount, std::uint32_t index) const {
  amount.unique += table_.raw_bytes(index);
  amount.stored += table_.stored_bytes(index);
  ++amount.chunks;
}

StatsAmount StatsMarks::sum(std::uint32_t mark) const {
  StatsAmount amount;
  for (std::uint32_t i = 0; i < table_.size(); ++i)
    if (mark == 0 ? marks_[i] != 0 : marks_[i] == mark) add_to(amount, i);
  return amount;
}

std::vector<StatsAmount> StatsMarks::sums(std::size_t count) const {
  std::vector<StatsAmount> amounts(count);
  for (std::uint32_t i = 0; i < table_.size(); ++i)
    if (marks_[i] < count) add_to(amounts[marks_[i]], i);
  return amounts;
}

bool StatsMarks::Owner::enter(const WalkNode& node) {
  marks_.meter_.check_stop();
  const std::uint32_t index = marks_.index_of(node.id);
  std::uint32_t& known = marks_.nodes_[key_of(index, node)];
  if (known == owner_ || known == kShared) return false;
  known = known == 0 ? owner_ : kShared;
  marks_.put(index, owner_, false, false);
  return true;
}

void StatsMarks::Owner::chunk(const ChunkId& id, bool is_content, std::uint32_t /*tag*/) {
  marks_.put(marks_.index_of(id), owner_, is_content, false);
}

std::uint32_t StatsMarks::Owner::entry(const Entry& /*entry*/, std::uint32_t tag) { return tag; }

bool StatsMarks::First::enter(const WalkNode& node) {
  marks_.meter_.check_stop();
  const std::uint32_t index = marks_.index_of(node.id);
  if (!marks_.nodes_.try_emplace(key_of(index, node), node.tag).second) return false;
  marks_.put(index, node.tag, false, true);
  return true;
}

void StatsMarks::First::chunk(const ChunkId& id, bool is_content, std::uint32_t tag) {
  marks_.put(marks_.index_of(id), tag, is_content, true);
}

std::uint32_t StatsMarks::First::entry(const Entry& entry, std::uint32_t tag) { return tag_of_(entry, tag); }

}  // namespace metamori
