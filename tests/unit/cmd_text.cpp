#include "cmd/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "cmd/suggest.hpp"

using namespace metamori::cmd;

namespace {

TEST(Text, ValidUtf8IsToldFromBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xE2\x82", "\xC3("})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Text, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(replace_invalid_utf8("a\xFF"
                                 "b\xC3"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(Text, QuotedWordsInMessagesStayWordsInEveryLocale) {
  EXPECT_EQ(printable_message("open 'caf\xC3\xA9': it can't be", true), "open 'caf\xC3\xA9': it can't be");
  EXPECT_EQ(printable_message("open 'caf\xC3\xA9': it can't be", false), "open $'caf\\303\\251': it can't be");
  EXPECT_EQ(printable_message("can't open 'it'\\''s \xC3\xA9', isn't 'a b'", false), "can't open $'it\\'s \\303\\251', isn't 'a b'");
  EXPECT_EQ(printable_message("no $'\xC3\xA9\\n\\'' in 'x'", false), "no $'\\303\\251\\n\\'' in 'x'");
  EXPECT_EQ(printable_message("'\xC3\xA9", false), "'\\xc3\\xa9");
  EXPECT_EQ(printable_message("", false), "");
  EXPECT_EQ(printable_message("a\nb 'c\nd'", false), "a\\nb 'c\\nd'");
}

TEST(Text, ColumnsAreThoseOfATerminal) {
  EXPECT_EQ(text_columns("caf\xC3\xA9"), 4U);
  EXPECT_EQ(text_columns("e\xCC\x81"), 1U);                 // a combining accent
  EXPECT_EQ(text_columns("\xE6\x97\xA5\xE6\x9C\xAC"), 4U);  // two wide ones
  EXPECT_EQ(truncate_columns("\xE6\x97\xA5\xE6\x9C\xAC", 3), "\xE6\x97\xA5");
  EXPECT_EQ(last_columns("\xE6\x97\xA5\xE6\x9C\xAC", 3), "\xE6\x9C\xAC");
  EXPECT_EQ(last_columns("abc", 5), "abc");
  EXPECT_EQ(last_columns("abc", 0), "");
}

TEST(Text, PlainNamesStayAsTheyAre) {
  EXPECT_EQ(shell_quote("results/u-01.h5", true), "results/u-01.h5");
  EXPECT_EQ(shell_quote("caf\xC3\xA9", true), "caf\xC3\xA9");
}

TEST(Text, NamesAreQuotedAsNeeded) {
  EXPECT_EQ(shell_quote("", true), "''");
  EXPECT_EQ(shell_quote("a b", true), "'a b'");
  EXPECT_EQ(shell_quote("it's", true), "'it'\\''s'");
  EXPECT_EQ(shell_quote("~root", true), "'~root'");
  EXPECT_EQ(shell_quote("a\nb", true), "$'a\\nb'");
  EXPECT_EQ(shell_quote("a\xFF", true), "$'a\\377'");
  EXPECT_EQ(shell_quote("\x1b[31m", true), "$'\\033[31m'");
  EXPECT_EQ(shell_quote("caf\xC3\xA9", false), "$'caf\\303\\251'");
  // Right-to-left override: it could make a name look like another.
  EXPECT_EQ(shell_quote("a\xE2\x80\xAE", true), "$'a\\342\\200\\256'");
}

TEST(Text, TheShellReadsQuotedWordsBack) {
  const bool holds = rc::check("bash undoes shell_quote", [](const std::vector<unsigned char>& bytes, bool keep_utf8) {
    std::string word(bytes.begin(), bytes.end());
    std::erase(word, '\0');
    const std::string command = "bash -c " + shell_quote("printf %s " + shell_quote(word, keep_utf8) + "; printf x", false);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
        ::popen(("exec env LC_ALL=C " + ("bash -c \"$(cat <<'END'\n" + command + "\nEND\n)\"")).c_str(), "r"), ::pclose);
    RC_ASSERT(pipe != nullptr);
    std::string read;
    std::array<char, 4096> buffer{};
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) read.append(buffer.data(), count);
    RC_ASSERT(read == word + "x");
  });
  EXPECT_TRUE(holds);
}

TEST(Text, NothingPrintableDrivesATerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\x07", true, true), "a\\x1b[2Jb\\x07");
  EXPECT_EQ(printable("a\nb\tc", true, true), "a\nb\tc");
  EXPECT_EQ(printable("a\nb", true, false), "a\\nb");
  EXPECT_EQ(printable("\xC2\x9B", true, true), "\\xc2\\x9b");
}

TEST(Text, Base64MatchesTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE"), "//4=");
}

TEST(Text, ColumnsCountCodePoints) {
  EXPECT_EQ(text_columns("caf\xC3\xA9"), 4U);
  EXPECT_EQ(truncate_columns("caf\xC3\xA9s", 4), "caf\xC3\xA9");
  EXPECT_EQ(truncate_columns("ab", 9), "ab");
}

TEST(Suggest, TheNearestWordIsMeant) {
  const std::vector<std::string> known{"checkpoint", "status", "restore", "log"};
  EXPECT_EQ(did_you_mean("chekpoint", known), "did you mean checkpoint?");
  EXPECT_EQ(did_you_mean("stauts", known), "did you mean status?");
  EXPECT_EQ(did_you_mean("check", known), "did you mean checkpoint?");
  EXPECT_EQ(did_you_mean("xyzzy", known), "");
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

}  // namespace
