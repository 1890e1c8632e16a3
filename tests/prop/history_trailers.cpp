#include <gtest/gtest.h>

#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/history_support.hpp"

namespace metamori::test {
namespace {

using Trailers = std::vector<std::pair<std::string, std::string>>;

/// Messages out of the pieces that git's rules are about.
rc::Gen<std::string> messages() {
  const auto piece = rc::gen::element<std::string>(
      "Title", "\n", "\n", "\n\n", "Key: value", "A: b\n", " ", "\t", "  folded\n", "# comment\n", "#", ":", "Signed-off-by: x\n",
      "(cherry picked from commit 1)\n", "Conflicts:\n", "\tfile\n", "text\n", "a b: c\n", "K : v\n", "K  :v\n", "---\n", "-x: y\n", "=",
      "# ------------------------ >8 ------------------------\n", "\r\n", "\xc3\xa4: x\n", "Key:\n");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& p : pieces) text += p;
    return text;
  });
}

rc::Gen<Trailers> trailers() {
  const auto key = rc::gen::element<std::string>("Step", "Key", "K", "x-y-1", "Signed-off-by");
  const auto value = rc::gen::element<std::string>("1", "a b", "", " padded ", "a: b", "# x", "\xff");
  return rc::gen::container<Trailers>(rc::gen::pair(key, value));
}

/// Runs git on the bytes of a file; nothing from the user's configuration counts.
std::string git(const std::string& arguments, const std::string& input) {
  return output_of("GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent git " + arguments + " < '" + input + "'").value_or("git failed");
}

std::string shell_quoted(const std::string& text) { return "'" + text + "'"; }

RC_GTEST_PROP(TrailersProp, JoinAndSplitAsGitDoes, ()) {
  if (!has_git()) return;
  const TempDir dir;
  const std::string file = dir / "message";
  for (int i = 0; i < 2; ++i) {
    std::string message = *messages();
    if (!message.empty() && message.back() != '\n') message += '\n';  // as `git commit` hands it over
    Trailers added = *trailers();
    if (added.empty()) added.push_back({"K", "v"});
    std::ofstream(file, std::ios::binary | std::ios::trunc) << message;
    std::string options;
    for (const auto& [key, value] : added) options += " --trailer " + shell_quoted(key + ": " + value);
    const std::string joined = join_trailers(message, added);
    RC_ASSERT(joined == git("interpret-trailers --no-divider --if-exists add" + options, file));
    std::ofstream(file, std::ios::binary | std::ios::trunc) << joined;
    std::string printed;
    for (const auto& [key, value] : split_trailers(joined).trailers) printed += key + ": " + value + "\n";
    RC_ASSERT(printed == git("interpret-trailers --no-divider --parse", file));
  }
}

RC_GTEST_PROP(TrailersProp, WhatIsJoinedComesApart, ()) {
  const Trailers added = *trailers();
  const std::string title =
      *rc::gen::element<std::string>("Title", "Title\n\nBody\n", "Title\n\nBody\n\nOld: 1\n", "T\n\nlist:\n- a\n- b\n");
  const SplitMessage split = split_trailers(join_trailers(title, added));
  RC_ASSERT(split.trailers.size() >= added.size());
  for (std::size_t i = 0; i < added.size(); ++i) {
    const auto& got = split.trailers[split.trailers.size() - added.size() + i];
    RC_ASSERT(got.first == added[i].first);
    const std::string wanted = added[i].second == " padded " ? "padded" : added[i].second;
    RC_ASSERT(got.second == wanted);
  }
}

}  // namespace
}  // namespace metamori::test
