// The ignore matcher against git's own: random ignore files over one fixed tree, one `git check-ignore` a case.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "tests/prop/rules_property.hpp"

namespace metamori {
namespace {

namespace fs = std::filesystem;
using IgnoreFiles = std::map<std::string, std::string, std::less<>>;

const std::vector<std::string> kDirectories = {"a", "a/b", "a/b/c", "ab", "b", "b/a", "b/a/b", "a b", "b/-]"};
const std::vector<std::string> kNames = {"a",   "b",   "ab",    "ba.x", "x.a", "abc",      "a ",  "#a",  "!b", "[a]",
                                         "a\\", "a*b", "-",     "]",    "^a",  "\xE9",     "a?b", "B",   "7",  "a\tb",
                                         "_.x", ".a",  "a\x0B", "\x7F", " ",   "\xC3\xA9", "a-b", "ab.o"};

class GitTree {
 public:
  GitTree() : top_(fs::temp_directory_path() / ("metamori-rules-" + std::to_string(::getpid()))) {
    fs::remove_all(top_);
    for (const auto& directory : kDirectories) fs::create_directories(top_ / directory);
    std::vector<std::string> directories = kDirectories;
    directories.emplace_back();
    for (const auto& directory : directories) {
      for (const auto& name : kNames) {
        const std::string path = directory.empty() ? name : directory + '/' + name;
        if (fs::exists(top_ / path)) continue;
        std::ofstream(top_ / path) << "";
        files_.push_back(path);
      }
    }
    std::ofstream list(top_ / "paths.z", std::ios::binary);
    for (const auto& path : all()) list << "./" << path << '\0';
    if (std::system(("git init -q '" + top_.string() + "'").c_str()) != 0) throw std::runtime_error("git init failed");
  }
  ~GitTree() { fs::remove_all(top_); }
  GitTree(const GitTree&) = delete;
  GitTree& operator=(const GitTree&) = delete;

  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> paths = kDirectories;
    paths.insert(paths.end(), files_.begin(), files_.end());
    return paths;
  }
  [[nodiscard]] static bool is_directory(const std::string& path) {
    return std::find(kDirectories.begin(), kDirectories.end(), path) != kDirectories.end();
  }

  /// The paths git ignores with these ignore files.
  std::set<std::string> ignored(const IgnoreFiles& files) const {
    for (const auto& [directory, text] : files) std::ofstream(top_ / directory / ".gitignore", std::ios::binary) << text;
    const std::string command = "cd '" + top_.string() +
                                "' && GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null git -c core.excludesFile=/dev/null "
                                "check-ignore --no-index -v -z --stdin < paths.z";
    FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen failed");
    std::string output;
    std::array<char, 65536> buffer;
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), got);
    const int status = ::pclose(pipe);
    for (const auto& file : files) fs::remove(top_ / file.first / ".gitignore");
    if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) throw std::runtime_error("git check-ignore failed");
    return read_answer(output);
  }

 private:
  // Four fields a match: file, line, pattern, path; with -v negated patterns are told, too.
  static std::set<std::string> read_answer(const std::string& output) {
    std::set<std::string> result;
    std::array<std::string, 4> fields;
    std::size_t field = 0;
    for (std::size_t start = 0; start < output.size();) {
      const std::size_t end = output.find('\0', start);
      fields[field++] = output.substr(start, end - start);
      start = end + 1;
      if (field == fields.size()) {
        if (!fields[2].starts_with('!')) result.insert(fields[3].substr(2));
        field = 0;
      }
    }
    return result;
  }

  fs::path top_;
  std::vector<std::string> files_;
};

/// Pieces of patterns that meet the names of the tree often, and everything that is special now and then.
rc::Gen<std::string> pattern_piece() {
  return rc::gen::weightedOneOf<std::string>(
      {{6, rc::gen::elementOf(kNames)},
       {6, rc::gen::elementOf(kDirectories)},
       {8, rc::gen::element<std::string>("a", "b", "c", "x", ".", "-", "7")},
       {8, rc::gen::element<std::string>("*", "**", "?", "/", "/", "/**/", "**/", "/**", "***", "*/")},
       {4, rc::gen::element<std::string>("[ab]", "[!a]", "[^b-z]", "[]-]", "[a-", "[", "]", "[[:alpha:]]", "[[:punct:][:cntrl:]]",
                                         "[[:space:]]", "[[:foo:]]", "[[:alpha]", "[\\]a]", "[a\\-c]", "[--0]", "[!]a]", "[/]",
                                         "[\xC0-\xFF]", "[[:]", "[[:]a:]", "[[:print:]]", "[[:upper:]5-9]", "[z-a]")},
       {3, rc::gen::element<std::string>("\\", "\\a", "\\*", "\\/", "\\ ", " ", "!", "#", "\t", "\r", "\\\\", "^")}});
}

rc::Gen<std::string> ignore_line() {
  const auto body = rc::gen::map(rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(pattern_piece())),
                                 [](const std::vector<std::string>& pieces) {
                                   std::string line;
                                   for (const auto& piece : pieces) line += piece;
                                   return line;
                                 });
  return rc::gen::apply(
      [](const std::string& before, const std::string& middle, const std::string& after) { return before + middle + after; },
      rc::gen::weightedElement<std::string>({{10, ""}, {4, "!"}, {3, "/"}, {1, "!/"}, {1, "\\!"}, {1, "#"}, {1, "\xEF\xBB\xBF"}}), body,
      rc::gen::weightedElement<std::string>(
          {{10, "\n"}, {4, "/\n"}, {1, "  \n"}, {1, "\r\n"}, {1, "\\ \n"}, {1, "\n\n"}, {1, std::string("\0x\n", 3)}}));
}

rc::Gen<std::string> ignore_text() {
  return rc::gen::map(rc::gen::resize(7, rc::gen::container<std::vector<std::string>>(ignore_line())),
                      [](const std::vector<std::string>& lines) {
                        std::string text;
                        for (const auto& line : lines) text += line;
                        return text;
                      });
}

TEST(IgnoreOracle, GitIgnoresTheSamePaths) {
  const GitTree tree;
  const auto paths = tree.all();
  std::size_t ignored_count = 0;
  test::expect_property("git check-ignore agrees", [&] {
    IgnoreFiles files;
    files[""] = *ignore_text();
    if (*rc::gen::arbitrary<bool>()) files["a"] = *ignore_text();
    if (*rc::gen::arbitrary<bool>()) files["b/a"] = *ignore_text();
    const auto expected = tree.ignored(files);
    ignored_count += expected.size();
    const TrackingRules rules("");
    for (const auto& path : paths) {
      const bool is_ignored =
          !rules.is_tracked(path, GitTree::is_directory(path), [&](std::string_view directory) -> std::optional<std::string> {
            const auto found = files.find(directory);
            return found == files.end() ? std::nullopt : std::optional(found->second);
          });
      if (is_ignored != expected.contains(path))
        RC_FAIL("path '" + path + "': git ignores it: " + (expected.contains(path) ? "yes" : "no"));
    }
  });
  EXPECT_GT(ignored_count, 1000u) << "the patterns hardly matched anything: the test shows little";
}

}  // namespace
}  // namespace metamori
