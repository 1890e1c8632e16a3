#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/settings_text.hpp"
#include "metamori/config.hpp"

using namespace metamori;

namespace {

class Settings : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "metamori-settings.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  std::string directory_;
};

std::string flat(std::string_view text) {
  std::string result;
  for (const Setting& setting : parse_settings(text, "f"))
    result += std::to_string(setting.line) + ":" + setting.key + "=<" + setting.value + ">";
  return result;
}

/// What is told of a file that makes no sense; empty if it does.
std::string complaint(std::string_view text) {
  try {
    parse_settings(text, "f");
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
}

}  // namespace

TEST(SettingsText, LinesAreKeysAndValues) {
  EXPECT_EQ(flat(""), "");
  EXPECT_EQ(flat("a=1"), "1:a=<1>");
  EXPECT_EQ(flat("# note\n\n ; note\n A.B-c =  two words  # note\r\n"), "4:a.b-c=<two words>");
  EXPECT_EQ(flat("pager = less#x\nempty =\nalso = # note"), "1:pager=<less#x>2:empty=<>3:also=<>");
  EXPECT_EQ(flat("a = \" b \\\" # \\\\ \\n\\t\" ; note"), "1:a=< b \" # \\ \n\t>");
}

TEST(SettingsText, SectionsStandInFrontOfKeys) {
  EXPECT_EQ(flat("a = 1\n[Core] # note\n\tshared = group\n[ keep ]\nlast = 3"), "1:a=<1>3:core.shared=<group>5:keep.last=<3>");
}

TEST(SettingsText, WhatIsNoneIsToldWithItsLine) {
  EXPECT_EQ(complaint("a = 1\nnonsense"), "'f', line 2: a setting is written key = value");
  for (const char* text :
       {"= 1", "1a = 2", "a b = 1", "a..b = 1", "a. = 1", "a = \"b", "a = \"b\" c", "a = \"\\x\"", "[a", "[]", "[a \"b\"]"})
    EXPECT_NE(complaint(text), "") << text;
}

TEST(SettingsText, EditingLeavesTheOtherLines) {
  const auto set = [](const char* text, const char* value) { return edit_settings(text, "core.jobs", value); };
  EXPECT_EQ(set("", "4"), "core.jobs = 4\n");
  EXPECT_EQ(set("# note\nx = 1", "4"), "# note\nx = 1\ncore.jobs = 4\n");
  EXPECT_EQ(set("x = 1\n[a]\ny = 2\n", "4"), "x = 1\ncore.jobs = 4\n[a]\ny = 2\n");
  EXPECT_EQ(set("[core]\n  Jobs= 1 # note\n\n[b]\n", "4"), "[core]\n  Jobs= 4\n\n[b]\n");
  EXPECT_EQ(set("core.jobs = 1\nx = 1\ncore.jobs = 2\n", "4"), "x = 1\ncore.jobs = 4\n");
  EXPECT_EQ(edit_settings("core.jobs = 1\nx = 1\n[core]\njobs = 2\n", "core.jobs", std::nullopt), "x = 1\n[core]\n");
}

TEST(SettingsText, EveryValueComesBack) {
  for (const char* value : {"", " ", "a b", " a", "a ", "#", "a #b", "a;b", "\"", "\\", "\n", "\t", "\"a\" b", "\xc3\xa4"}) {
    const auto settings = parse_settings(edit_settings("x = 1\n", "k", value), "f");
    ASSERT_EQ(settings.size(), 2U) << value;
    EXPECT_EQ(settings[1].value, value);
  }
}

TEST_F(Settings, AreWrittenWithTheirDirectories) {
  EXPECT_FALSE(read_settings(path("a/b/config")));
  EXPECT_FALSE(write_setting(path("config"), "jobs", std::nullopt));
  EXPECT_TRUE(write_setting(path("a/b/config"), "jobs", "4"));
  EXPECT_FALSE(write_setting(path("a/b/config"), "jobs", "4"));
  EXPECT_EQ(read("a/b/config"), "jobs = 4\n");
  EXPECT_TRUE(write_setting(path("a/b/config"), "jobs", std::nullopt));
  EXPECT_EQ(read("a/b/config"), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path("a/b")), {}), 1);
}

TEST_F(Settings, KeepModeAndFollowLinks) {
  write("real", "x = 1\n");
  ::chmod(path("real").c_str(), 0640);
  std::filesystem::create_directory(path("d"));
  std::filesystem::create_symlink("../real", path("d/config"));
  EXPECT_TRUE(write_setting(path("d/config"), "jobs", "4"));
  EXPECT_TRUE(std::filesystem::is_symlink(path("d/config")));
  EXPECT_EQ(read("real"), "x = 1\njobs = 4\n");
  struct stat status {};
  ASSERT_EQ(::stat(path("real").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(Settings, NothingIsWrittenOverWhatMakesNoSense) {
  write("config", "nonsense\n");
  EXPECT_THROW(write_setting(path("config"), "jobs", "4"), Error);
  EXPECT_THROW(write_setting(path("other"), "Jobs", "4"), Error);
  EXPECT_THROW(write_setting(path("other"), "jobs", std::string(1, '\0')), Error);
  EXPECT_EQ(read("config"), "nonsense\n");
  EXPECT_FALSE(std::filesystem::exists(path("other")));
}

TEST_F(Settings, WritersAtOnceLoseNothing) {
  constexpr int kWriters = 4, kEach = 10;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer)
    writers.emplace_back([this, writer] {
      for (int i = 0; i < kEach; ++i) write_setting(path("config"), "w" + std::to_string(writer) + "." + "k" + std::to_string(i), "1");
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(read_settings(path("config"))->size(), static_cast<std::size_t>(kWriters * kEach));
}

TEST_F(Settings, OfARepositoryAreFoundWithoutReadingThem) {
  EXPECT_FALSE(repository_settings_file({directory_, std::nullopt}));
  InitOptions init;
  init.directory = path("tree/below");
  Repository::init(init);
  write("tree/below/.metamori/config", "nonsense");
  EXPECT_EQ(repository_settings_file({path("tree/below"), std::nullopt}),
            std::filesystem::canonical(path("tree/below")).string() + "/.metamori/config");
}
