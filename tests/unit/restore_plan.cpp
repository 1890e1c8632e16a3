#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "core/intent.hpp"
#include "metamori/error.hpp"

namespace metamori::test {
namespace {

Intent sample() {
  Intent intent;
  intent.head_before = {3, {}};
  intent.head_after = {1, {}};
  intent.safety = {4, {}};
  intent.target_root.bytes[0] = std::byte{1};
  intent.plan.old_root.bytes[0] = std::byte{2};
  const OldStat stat{7, 0100644, 1, 1000, 1000, 12, {5, 6}, {7, 8}};
  intent.plan.steps = {{"a", StepKind::put, OldState::absent, true, std::nullopt, 0, ""},
                       {"b/c", StepKind::put, OldState::saved, false, stat, 1, "b"},
                       {"d", StepKind::remove, OldState::lost, false, stat, 0, ""},
                       {"e", StepKind::rewrite, OldState::saved, false, stat, 0, ""}};
  intent.plan.staged_count = 2;
  intent.plan.directories = {{"", true, true, 0755, {1, 2}}, {"b", false, false, 0700, {3, 4}}};
  return intent;
}

TEST(RestorePlan, IntentComesBackFromItsBytes) {
  const Intent intent = sample();
  const Intent decoded = decode_intent(encode_intent(intent));
  EXPECT_EQ(decoded.plan.steps, intent.plan.steps);
  EXPECT_EQ(decoded.plan.directories, intent.plan.directories);
  EXPECT_EQ(decoded.plan.staged_count, 2U);
  EXPECT_EQ(decoded.head_before, intent.head_before);
  EXPECT_EQ(decoded.target_root, intent.target_root);
}

TEST(RestorePlan, EveryFlippedOrMissingByteOfAnIntentIsFound) {
  const Bytes bytes = encode_intent(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] ^= std::byte{1};
    EXPECT_THROW(decode_intent(changed), Error) << i;
    EXPECT_THROW(decode_intent(ByteView(bytes).first(i)), Error) << i;
  }
}

TEST(RestorePlan, DamagedPlansAreValuesOrCorrupt) {
  const Bytes bytes = encode_plan(sample().plan);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[i] ^= static_cast<std::byte>(1 << bit);
      try {
        EXPECT_EQ(encode_plan(decode_plan(changed)), changed);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      }
    }
}

TEST(RestorePlan, PathsThatLeaveTheTreeAreCorrupt) {
  for (const char* path : {"../x", "/x", "a//b", "a/..", ".metamori/format", "a/.metamori"}) {
    Intent intent = sample();
    intent.plan.steps = {{path, StepKind::make_directory, OldState::absent, false, std::nullopt, 0, ""}};
    EXPECT_THROW(decode_plan(encode_plan(intent.plan)), Error) << path;
  }
}

}  // namespace
}  // namespace metamori::test
