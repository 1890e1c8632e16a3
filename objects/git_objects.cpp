#include <algorithm>
#include <charconv>

#include "metamori/error.hpp"
#include "objects/record.hpp"

// The git tree and commit of a checkpoint, byte for byte as git writes them, so that small checkpoints need no libgit2.

namespace metamori {
namespace {

constexpr std::int32_t kMaxOffsetMinutes = 99 * 60 + 59;

/// What git strips from both ends of a name or address.
bool is_crud(char c) noexcept {
  return static_cast<unsigned char>(c) <= 32 || std::string_view(".,:;<>\"\\'").find(c) != std::string_view::npos;
}

/// Names and addresses as git's own ident code cleans them: crud off the ends, `<`, `>` and newlines out of the middle.
std::string clean_ident(std::string_view text) {
  while (!text.empty() && is_crud(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_crud(text.back())) text.remove_suffix(1);
  std::string result;
  for (const char c : text)
    if (c != '<' && c != '>' && c != '\n' && c != '\0') result += c;
  return result;
}

/// git's timestamps are unsigned: a clock before 1970 counts as 1970.
std::string ident_line(const Signature& who) {
  const std::int32_t offset = std::clamp(who.offset_minutes, -kMaxOffsetMinutes, kMaxOffsetMinutes);
  const std::int32_t size = offset < 0 ? -offset : offset;
  const std::string digits = std::to_string(10000 + (size / 60) * 100 + size % 60).substr(1);
  return clean_ident(who.name) + " <" + clean_ident(who.email) + "> " + std::to_string(std::max<std::int64_t>(who.seconds, 0)) +
         (offset < 0 ? " -" : " +") + digits;
}

/// Takes lines off the front of a commit.
class CommitReader {
 public:
  CommitReader(ByteView bytes, std::string_view where) : rest_(as_text(bytes)), in_({}, where) {}
  [[nodiscard]] bool next_is(std::string_view key) const { return rest_.starts_with(key); }
  /// The line `key value`, without key and newline.
  std::string_view line(std::string_view key) {
    const std::size_t end = rest_.find('\n');
    if (!next_is(key) || end == std::string_view::npos) fail();
    const std::string_view value = rest_.substr(key.size(), end - key.size());
    rest_.remove_prefix(end + 1);
    return value;
  }
  CheckpointId id(std::string_view key) {
    const auto id = id_from_hex<CheckpointTag>(line(key));
    if (!id) fail();
    return *id;
  }
  Signature signature(std::string_view key) {
    const std::string_view text = line(key);
    const std::size_t open = text.find(" <");
    const std::size_t close = text.find("> ");
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) fail();
    Signature who;
    who.name = text.substr(0, open);
    who.email = text.substr(open + 2, close - open - 2);
    const std::string_view when = text.substr(close + 2);
    const std::size_t space = when.find(' ');
    if (space == std::string_view::npos || when.size() != space + 6) fail();
    who.seconds = number(when.substr(0, space));
    const std::int64_t clock = number(when.substr(space + 2));
    who.offset_minutes = static_cast<std::int32_t>(clock / 100 * 60 + clock % 100);
    if (when[space + 1] == '-') who.offset_minutes = -who.offset_minutes;
    return who;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[noreturn]] void fail() const { in_.fail("not a git commit of a checkpoint"); }

 private:
  [[nodiscard]] std::int64_t number(std::string_view digits) const {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0) fail();
    return value;
  }
  std::string_view rest_;
  ByteReader in_;
};

}  // namespace

Bytes encode_commit(const Commit& commit) {
  if (commit.message.find('\0') != std::string::npos) throw Error(ErrorKind::usage, "a message must not hold a NUL byte");
  std::string text = "tree " + to_hex(commit.tree) + "\n";
  for (const CheckpointId& parent : commit.parents) text += "parent " + to_hex(parent) + "\n";
  text += "author " + ident_line(commit.author) + "\n";
  text += "committer " + ident_line(commit.committer) + "\n\n";
  text += commit.message;
  return to_bytes(text);
}

Commit decode_commit(ByteView bytes, std::string_view where) {
  CommitReader in(bytes, where);
  Commit commit;
  commit.tree = in.id("tree ");
  while (in.next_is("parent ")) commit.parents.push_back(in.id("parent "));
  commit.author = in.signature("author ");
  commit.committer = in.signature("committer ");
  if (!in.line("").empty()) in.fail();
  commit.message = in.rest();
  if (commit.message.find('\0') != std::string::npos) in.fail();
  // One spelling for each commit: whatever the lenient steps above let pass shows here.
  if (encode_commit(commit) != Bytes(bytes.begin(), bytes.end())) in.fail();
  return commit;
}

Bytes encode_record_tree(const CheckpointId& blob) {
  ByteWriter out;
  out.raw(as_bytes("100644 record"));
  out.u8(0);
  out.id(blob);
  return out.take();
}

}  // namespace metamori
