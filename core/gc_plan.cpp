#include "core/gc_plan.hpp"

#include <algorithm>
#include <bit>
#include <map>

namespace metamori {
namespace {

constexpr int kRounds = 16;       ///< packs that rest on victims join them; at most so many times over
constexpr int kSizeStepBits = 2;  ///< sizes within a factor of four count as one
constexpr std::uint64_t kSmallestBits = 12;

class Planner {
 public:
  Planner(const GcTable& table, const GcMark& mark, const GcPlanLimits& limits) : table_(table), mark_(mark), limits_(limits) {
    live_bytes_.resize(table.packs().size());
    for (std::uint32_t chunk = 0; chunk < table.chunk_count(); ++chunk)
      if (mark.is_live(chunk)) live_bytes_[table.home(chunk).pack] += table.home(chunk).stored_bytes;
  }

  GcPlan run() {
    std::vector<std::uint32_t> wanted = wanted_victims();
    bool is_limited = false;
    for (;;) {
      set_victims(wanted);
      join_dependents();
      settle_needed();
      settle_broken();
      settle_read();
      sum_up();
      if (!limits_.bytes_to_copy || plan_.bytes_to_copy <= *limits_.bytes_to_copy || wanted.empty()) break;
      wanted.resize(wanted.size() / 2);  // those that cost least for what they give come first
      is_limited = true;
    }
    order();
    plan_.is_limited = is_limited;
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::uint64_t dead_bytes(std::uint32_t pack) const {
    const std::uint64_t size = table_.packs()[pack].file_bytes;
    return size > live_bytes_[pack] ? size - live_bytes_[pack] : 0;
  }
  [[nodiscard]] bool is_candidate(std::uint32_t pack) const { return !table_.packs()[pack].in_trash; }

  /// What the dead bytes are among, in proportion: cheapest first.
  void sort_by_cost(std::vector<std::uint32_t>& packs) const {
    const auto cost = [&](std::uint32_t pack) {
      return static_cast<double>(live_bytes_[pack]) / static_cast<double>(dead_bytes(pack) + 1);
    };
    std::sort(packs.begin(), packs.end(), [&](std::uint32_t a, std::uint32_t b) { return cost(a) != cost(b) ? cost(a) < cost(b) : a < b; });
  }

  [[nodiscard]] std::vector<std::uint32_t> wanted_victims() const {
    std::vector<std::uint32_t> victims;
    std::map<int, std::vector<std::uint32_t>> by_size;
    const std::vector<bool> has_leftovers = packs_with_leftovers();
    for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack) {
      if (!is_candidate(pack)) continue;
      const std::uint64_t size = table_.packs()[pack].file_bytes;
      // Index and headers of a pack are not counted as live; a small one is not rewritten for their sake.
      const bool is_mostly_overhead = live_bytes_[pack] > 0 && dead_bytes(pack) < overhead_bytes(pack) * 2;
      if (live_bytes_[pack] == 0 || has_leftovers[pack] || (dead_bytes(pack) * limits_.dead_part >= size && !is_mostly_overhead)) {
        victims.push_back(pack);
      } else if (size < limits_.small_bytes) {
        by_size[static_cast<int>((std::bit_width(size >> kSmallestBits) + 1) / kSizeStepBits)].push_back(pack);
      }
    }
    sort_by_cost(victims);
    for (auto& [size, packs] : by_size) {
      if (packs.size() <= limits_.packs_per_size) continue;
      sort_by_cost(packs);
      victims.insert(victims.end(), packs.begin(), packs.end());
    }
    return victims;
  }

  [[nodiscard]] std::uint64_t overhead_bytes(std::uint32_t pack) const {
    constexpr std::uint64_t kEnds = 96;
    constexpr std::uint64_t kRow = 48;
    return kEnds + kRow * (table_.packs()[pack].copies_end - table_.packs()[pack].copies_begin);
  }

  /// Whether a chunk that it rests on, however far below, is nowhere: what a gc that was cut short left behind.
  bool lacks_base(std::uint32_t chunk, std::vector<char>& known) const {
    enum : char { unknown, sound, missing };
    if (known[chunk] != unknown) return known[chunk] == missing;
    known[chunk] = sound;  // also while it is looked at: a ring is damage, and told when it is read
    for (const std::uint32_t base : table_.bases(table_.home(chunk)))
      if (base == GcTable::kNone || lacks_base(base, known)) known[chunk] = missing;
    return known[chunk] == missing;
  }

  [[nodiscard]] std::vector<bool> packs_with_leftovers() const {
    std::vector<bool> result(table_.packs().size());
    std::vector<char> known(table_.chunk_count());
    for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack)
      for (const GcTable::Copy* copy : table_.copies_of_pack(pack))
        for (const std::uint32_t base : table_.bases(*copy))
          if (base == GcTable::kNone || lacks_base(base, known)) result[pack] = true;
    return result;
  }

  void set_victims(const std::vector<std::uint32_t>& victims) {
    plan_ = {};
    plan_.is_victim.assign(table_.packs().size(), false);
    for (const std::uint32_t pack : victims) plan_.is_victim[pack] = true;
  }

  /// Stored bytes of what is dead, lies in victims, and which copies in `pack` rest on: what has to stay if that pack does.
  [[nodiscard]] std::uint64_t held_by(std::uint32_t pack) const {
    std::uint64_t bytes = 0;
    std::vector<std::uint32_t> open;
    std::unordered_set<std::uint32_t> seen;
    const auto follow = [&](const GcTable::Copy& copy) {
      for (const std::uint32_t base : table_.bases(copy))
        if (base != GcTable::kNone && !mark_.is_live(base) && seen.insert(base).second) open.push_back(base);
    };
    for (const GcTable::Copy* copy : table_.copies_of_pack(pack)) follow(*copy);
    while (!open.empty()) {
      const GcTable::Copy& home = table_.home(open.back());
      open.pop_back();
      if (plan_.is_victim[home.pack]) bytes += home.stored_bytes;
      follow(home);
    }
    return bytes;
  }

  /// A pack that would make much of the victims stay is a victim, too.
  void join_dependents() {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<std::uint32_t> joining;
      for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack) {
        if (plan_.is_victim[pack] || !is_candidate(pack)) continue;
        const std::uint64_t held = held_by(pack);
        if (held > 0 && held * limits_.dead_part >= live_bytes_[pack]) joining.push_back(pack);
      }
      if (joining.empty()) return;
      for (const std::uint32_t pack : joining) plan_.is_victim[pack] = true;
    }
  }

  /// Every copy in a pack that stays can be read afterwards, also of what no record needs: a writer may use it again.
  void settle_needed() {
    plan_.is_needed.assign(table_.chunk_count(), false);
    std::vector<std::uint32_t> open;
    const auto need = [&](std::uint32_t chunk) {
      if (chunk == GcTable::kNone || plan_.is_needed[chunk]) return;
      plan_.is_needed[chunk] = true;
      open.push_back(chunk);
    };
    for (std::uint32_t chunk = 0; chunk < table_.chunk_count(); ++chunk)
      if (mark_.is_live(chunk)) plan_.is_needed[chunk] = true;
    for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack) {
      if (plan_.is_victim[pack] || !is_candidate(pack)) continue;
      for (const GcTable::Copy* copy : table_.copies_of_pack(pack))
        for (const std::uint32_t base : table_.bases(*copy)) need(base);
    }
    // Dead ones that stay are copied as they are, with what they rest on in turn.
    while (!open.empty()) {
      const std::uint32_t chunk = open.back();
      open.pop_back();
      for (const std::uint32_t base : table_.bases(table_.home(chunk))) need(base);
    }
  }

  void settle_broken() {
    plan_.is_broken.assign(table_.chunk_count(), false);
    for (std::uint32_t chunk = 0; chunk < table_.chunk_count(); ++chunk) {
      if (!mark_.is_live(chunk)) continue;
      for (const std::uint32_t base : table_.bases(table_.home(chunk)))
        if (base == GcTable::kNone || !plan_.is_needed[base]) plan_.is_broken[chunk] = true;
    }
  }

  /// Packs that have to be there until everything is written.
  void settle_read() {
    plan_.is_read.assign(table_.packs().size(), false);
    std::vector<std::uint32_t> open;
    std::vector<bool> seen(table_.chunk_count());
    for (std::uint32_t chunk = 0; chunk < table_.chunk_count(); ++chunk) {
      if (plan_.is_needed[chunk]) plan_.is_read[table_.home(chunk).pack] = true;
      if (plan_.is_broken[chunk]) open.push_back(chunk);
    }
    while (!open.empty()) {
      const GcTable::Copy& home = table_.home(open.back());
      open.pop_back();
      plan_.is_read[home.pack] = true;
      for (const std::uint32_t base : table_.bases(home)) {
        if (base == GcTable::kNone || seen[base]) continue;
        seen[base] = true;
        open.push_back(base);
      }
    }
  }

  void sum_up() {
    std::uint64_t there = 0;
    for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack)
      if (plan_.is_victim[pack]) there += table_.packs()[pack].file_bytes;
    for (std::uint32_t chunk = 0; chunk < table_.chunk_count(); ++chunk) {
      const GcTable::Copy& home = table_.home(chunk);
      if (!plan_.is_needed[chunk] || !plan_.is_victim[home.pack]) continue;
      plan_.bytes_to_copy += home.stored_bytes;
      // At most what the chunks it rested on took, too.
      if (plan_.is_broken[chunk]) plan_.bytes_to_copy += broken_bytes(chunk);
    }
    plan_.bytes_to_free = there > plan_.bytes_to_copy ? there - plan_.bytes_to_copy : 0;
  }

  [[nodiscard]] std::uint64_t broken_bytes(std::uint32_t chunk) const {
    std::uint64_t bytes = 0;
    std::vector<std::uint32_t> open{chunk};
    for (std::size_t steps = 0; !open.empty() && steps < kMaxBases * kMaxDeltaDepth; ++steps) {
      const GcTable::Copy& home = table_.home(open.back());
      open.pop_back();
      for (const std::uint32_t base : table_.bases(home)) {
        if (base == GcTable::kNone || plan_.is_needed[base]) continue;
        bytes += table_.home(base).stored_bytes;
        open.push_back(base);
      }
    }
    return std::min<std::uint64_t>(bytes, table_.home(chunk).raw_bytes);
  }

  void order() {
    for (std::uint32_t pack = 0; pack < table_.packs().size(); ++pack)
      if (plan_.is_victim[pack]) plan_.victims.push_back(pack);
    sort_by_cost(plan_.victims);
  }

  const GcTable& table_;
  const GcMark& mark_;
  GcPlanLimits limits_;
  std::vector<std::uint64_t> live_bytes_;  ///< by pack
  GcPlan plan_;
};

}  // namespace

GcPlan plan_gc(const GcTable& table, const GcMark& mark, const GcPlanLimits& limits) { return Planner(table, mark, limits).run(); }

}  // namespace metamori
