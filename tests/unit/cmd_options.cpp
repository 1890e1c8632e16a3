#include "cmd/options.hpp"

#include <gtest/gtest.h>

#include "cmd/common_options.hpp"
#include "metamori/error.hpp"

using namespace metamori;
using namespace metamori::cmd;

namespace {

enum class Fruit { apple, pear };

/// One of everything.
struct Example {
  bool all = false;
  std::string message = "none";
  std::vector<std::string> tags;
  std::uint64_t count = 0;
  std::optional<std::string> data;
  Fruit fruit = Fruit::apple;
  std::string first;
  std::vector<std::string> rest;
  std::vector<std::string> paths;
  CommonOptions common;
  Options own;
  Options shared;

  explicit Example(bool with_dashes = false) {
    own.flag("-a,--all", all, "");
    own.text("-m,--message", "MSG", message, "");
    own.texts("--tag", "T", tags, "");
    own.number("-n,--max", "N", count, "");
    own.add({"--data", "N", OptionValue::optional, "", [this](const std::string& value) { data = value; }});
    own.choice<Fruit>("--fruit", fruit, {{"apple", Fruit::apple}, {"pear", Fruit::pear}}, "");
    own.required("FIRST", first, "");
    own.rest("REST", rest, "");
    if (with_dashes) own.after_dashes("PATH", paths, "");
    describe_common(shared, common);
  }
  void parse(const std::vector<std::string>& words) {
    parse_command(own, shared, words, [this] { return common.help; });
  }
  /// The hint of the usage error that parsing these words ends in, after its message.
  std::string failure(const std::vector<std::string>& words) {
    try {
      parse(words);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return std::string(error.what()) + " / " + error.hint();
    }
    return "parsed";
  }
};

using Words = std::vector<std::string>;

TEST(OptionParser, OptionsMayStandAnywhere) {
  Example example;
  example.parse({"one", "-am", "hello", "two", "--max=5", "-q", "three"});
  EXPECT_TRUE(example.all);
  EXPECT_TRUE(example.common.quiet);
  EXPECT_EQ(example.message, "hello");
  EXPECT_EQ(example.count, 5U);
  EXPECT_EQ(example.first, "one");
  EXPECT_EQ(example.rest, (Words{"two", "three"}));
}

TEST(OptionParser, ValuesMayLookLikeOptions) {
  Example example;
  example.parse({"x", "-m", "--all", "--tag", "--", "--tag", "-n"});
  EXPECT_EQ(example.message, "--all");
  EXPECT_EQ(example.tags, (Words{"--", "-n"}));
  EXPECT_FALSE(example.all);
}

TEST(OptionParser, EmptyValuesAreValues) {
  Example example;
  example.parse({"--message=", "x", "--tag", "", "y"});
  EXPECT_EQ(example.message, "");
  EXPECT_EQ(example.tags, (Words{""}));
  EXPECT_EQ(example.first, "x");
  EXPECT_EQ(example.rest, (Words{"y"}));
}

TEST(OptionParser, WordsKeepTheirBytes) {
  const Words hostile{"[a,b]", "{}", "++", "a b", "\xFF\n", "%%", "-", "", "\"q\"", "'", "a=b"};
  Example example;
  Words words{"first"};
  words.insert(words.end(), hostile.begin(), hostile.end());
  example.parse(words);
  EXPECT_EQ(example.rest, hostile);
  for (const std::string& word : hostile) {
    Example other;
    other.parse({"first", "-m", word, "--tag", word});
    EXPECT_EQ(other.message, word);
    EXPECT_EQ(other.tags, (Words{word}));
  }
}

TEST(OptionParser, DashesEndOptions) {
  Example example;
  example.parse({"--", "-a", "--", "--bogus"});
  EXPECT_FALSE(example.all);
  EXPECT_EQ(example.first, "-a");
  EXPECT_EQ(example.rest, (Words{"--", "--bogus"}));
}

TEST(OptionParser, PathsAfterDashesAreApart) {
  Example example(true);
  example.parse({"one", "two", "--", "-x", "++"});
  EXPECT_EQ(example.first, "one");
  EXPECT_EQ(example.rest, (Words{"two"}));
  EXPECT_EQ(example.paths, (Words{"-x", "++"}));
}

TEST(OptionParser, OptionalValuesNeverTakeTheNextWord) {
  Example example;
  example.parse({"--data", "x"});
  EXPECT_EQ(example.data, "");
  EXPECT_EQ(example.first, "x");
  example.parse({"--data=5%", "x"});
  EXPECT_EQ(example.data, "5%");
}

TEST(OptionParser, TheLastOfAnOptionCounts) {
  Example example;
  example.parse({"-m", "a", "-m", "b", "--fruit=apple", "--fruit", "pear", "-a", "-a", "x"});
  EXPECT_EQ(example.message, "b");
  EXPECT_EQ(example.fruit, Fruit::pear);
  EXPECT_TRUE(example.all);
}

TEST(OptionParser, MistakesAreUsageErrors) {
  EXPECT_EQ(Example().failure({"x", "--mesage=1"}), "unknown option --mesage / did you mean --message?");
  EXPECT_EQ(Example().failure({"x", "--mess"}), "unknown option --mess / did you mean --message?");
  EXPECT_EQ(Example().failure({"x", "-Z"}), "unknown option -Z / ");
  EXPECT_EQ(Example().failure({"x", "-m"}), "option --message needs a value / ");
  EXPECT_EQ(Example().failure({"x", "--max", "many"}), "option --max: 'many' is not a number / ");
  EXPECT_EQ(Example().failure({"x", "--fruit", "nut"}), "option --fruit: 'nut' is not one of apple|pear / ");
  EXPECT_EQ(Example().failure({"x", "--all=no"}), "option --all takes no value / ");
  EXPECT_EQ(Example().failure({}), "missing FIRST / ");
  EXPECT_EQ(Example().failure({"--help", "--bogus"}), "unknown option --bogus / ");
  EXPECT_EQ(Example().failure({"--help"}), "parsed");
  EXPECT_EQ(Example().failure({"x", "---all"}), "unknown option ---all / did you mean --all?");
}

TEST(OptionParser, TooManyWordsAreRefused) {
  Options own;
  std::optional<std::string> only;
  own.optional("ONE", only, "");
  try {
    parse_command(own, Options(), {"a", "b c"}, [] { return false; });
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unexpected argument 'b c'");
  }
}

TEST(CommonOptions, MayStandBeforeTheCommand) {
  CommonOptions common;
  Options options;
  describe_common(options, common);
  const Words rest = parse_leading(options, {"-C", "a", "-C", "b", "--json", "log", "-n", "3", "--", "-C"});
  EXPECT_EQ(common.directories, (Words{"a", "b"}));
  EXPECT_TRUE(common.json);
  EXPECT_EQ(rest, (Words{"log", "-n", "3", "--", "-C"}));
  EXPECT_THROW(parse_leading(options, {"--jason", "log"}), Error);
}

TEST(CommonOptions, ProgressHasForms) {
  const auto parse = [](const std::string& word) {
    CommonOptions common;
    Options options;
    describe_common(options, common);
    parse_leading(options, {word});
    return common;
  };
  EXPECT_EQ(parse("--progress=none").progress, ProgressMode::none);
  EXPECT_EQ(parse("--progress=plain").progress, ProgressMode::plain);
  EXPECT_EQ(parse("--progress=plain=2").progress_every_ms, 2000U);
  EXPECT_EQ(parse("--lock-timeout=2m").lock_timeout_ms, 120'000);
  EXPECT_THROW(parse("--progress=fancy"), Error);
  EXPECT_THROW(parse("--progress=plain=0"), Error);
  EXPECT_THROW(parse("--jobs=4294967296"), Error);
}

}  // namespace
