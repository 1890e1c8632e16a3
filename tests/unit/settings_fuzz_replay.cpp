#include <gtest/gtest.h>

#include <random>
#include <string_view>

#include "tests/support/scale.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace metamori::test {
namespace {

void replay(std::string_view text) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); }

constexpr std::string_view kFile =
    "# note\nk = 1\ncore.k = two # note\n x-y=\"a\\\"b\" ; note\n\n[core]\n\tk = \"\\n\\t\\\\\"\n[b] # note\nk =\n";

TEST(SettingsFuzz, FilesWithBytesChangedAreHandled) {
  for (std::size_t i = 0; i < kFile.size(); ++i) {
    std::string text(kFile);
    for (unsigned value = 0; value < 256; ++value) {
      text[i] = static_cast<char>(value);
      replay(text);
    }
    replay(kFile.substr(0, i));
    replay(kFile.substr(i));
  }
}

TEST(SettingsFuzz, LinesInAnyOrderAreHandled) {
  constexpr std::string_view kPieces[] = {"core.k", "k",  "x",      " ",   "\t", "=",    "= ",    "\"",  "\\",  "#",
                                          ";",      " #", "[core]", "[b]", "\n", "\r\n", "value", "\\n", "\xc3"};
  std::mt19937 random(17);
  for (std::uint64_t n = 0; n < 40'000 * test_scale(); ++n) {
    std::string text;
    for (std::size_t left = random() % 24; left > 0; --left) text += kPieces[random() % std::size(kPieces)];
    replay(text);
  }
}

}  // namespace
}  // namespace metamori::test
