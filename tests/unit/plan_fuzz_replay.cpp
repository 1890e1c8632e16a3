#include <gtest/gtest.h>

#include "core/intent.hpp"
#include "tests/prop/engine_edits.hpp"
#include "tests/support/scale.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metamori::test {
namespace {

Intent some_intent() {
  Intent intent;
  intent.head_before = {3, {}};
  intent.head_after = {2, {}};
  intent.safety = {4, {}};
  intent.head_before.id.bytes[0] = intent.head_after.id.bytes[1] = intent.safety.id.bytes[2] = std::byte{7};
  intent.target_root.bytes[5] = intent.plan.old_root.bytes[6] = std::byte{9};
  OldStat stat;
  stat.inode = 1000;
  stat.mode = 0100644;
  stat.link_count = 1;
  stat.size_bytes = 1'000'000;
  stat.mtime = {-5, 999'999'999};
  stat.ctime = {2'000'000'000, 1};
  intent.plan.steps.push_back({"a", StepKind::remove, OldState::saved, false, stat, 0, ""});
  intent.plan.steps.push_back({"b/c", StepKind::put, OldState::absent, true, std::nullopt, 0, "b"});
  intent.plan.steps.push_back({"b/d", StepKind::rewrite, OldState::saved, false, stat, 0, ""});
  intent.plan.steps.push_back({"b/e", StepKind::put, OldState::lost, false, stat, 1, ""});
  intent.plan.staged_count = 2;
  intent.plan.directories.push_back({"", true, true, 0755, {1, 2}});
  intent.plan.directories.push_back({"b", false, true, 0700, {3, 4}});
  return intent;
}

void replay(ByteView bytes) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()); }

TEST(PlanFuzz, IntentsAndPlansWithBytesChangedAreHandled) {
  const Intent intent = some_intent();
  ASSERT_EQ(decode_plan(encode_plan(intent.plan)).steps, intent.plan.steps);
  ASSERT_EQ(encode_intent(decode_intent(encode_intent(intent))), encode_intent(intent));
  for (const Bytes& whole : {encode_plan(intent.plan), encode_intent(intent)}) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      Bytes bytes = whole;
      for (unsigned value = 0; value < 256; ++value) {
        bytes[i] = static_cast<std::byte>(value);
        replay(bytes);
      }
      replay(ByteView(whole).first(i));
    }
    Chance chance(whole.size());
    for (std::uint64_t n = 0; n < 5000 * test_scale(); ++n) {
      Bytes bytes = whole;
      for (std::uint64_t left = 1 + chance.below(4); left > 0; --left) {
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(chance.below(bytes.size()));
        if (chance.percent(40))
          *place = static_cast<std::byte>(chance());
        else if (chance.percent(50))
          bytes.insert(place, static_cast<std::byte>(chance()));
        else if (bytes.size() > 1)
          bytes.erase(place);
      }
      replay(bytes);
    }
  }
}

}  // namespace
}  // namespace metamori::test
