#include <algorithm>
#include <charconv>

#include "metamori/error.hpp"
#include "objects/record.hpp"

// The checkpoint record, a git blob of `key value` lines: docs/format.md, section 10.

namespace metamori {
namespace {

constexpr std::string_view kFirstLine = "metamori-record 1\n";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_word_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}
bool is_word(std::string_view text) noexcept { return !text.empty() && std::all_of(text.begin(), text.end(), is_word_char); }

std::string percent_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c > ' ' && c < '\x7f' && c != '%') {
      text += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      text += {'%', kHexDigits[value >> 4], kHexDigits[value & 15]};
    }
  }
  return text;
}

std::optional<std::string> from_percent_text(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const auto byte = from_hex(text.substr(std::min(i + 1, text.size()), 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    bytes += static_cast<char>(byte->front());
    i += 2;
  }
  return bytes;
}

std::string time_text(Time time) { return std::to_string(time.seconds) + "." + std::to_string(1'000'000'000 + time.nanoseconds).substr(1); }

bool is_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && is_word(text.substr(0, colon)) && colon + 1 < text.size() && from_hex(text.substr(colon + 1));
}

bool is_one_line(std::string_view text) { return text.find_first_of(std::string_view("\n\0", 2)) == std::string_view::npos; }

/// What no text could hold comes from the caller's options.
void check_values(const CheckpointRecord& record) {
  const auto require = [](bool good, std::string_view what) {
    if (!good) throw Error(ErrorKind::usage, "the " + std::string(what) + " of a checkpoint can't be recorded as given");
  };
  require(record.check == "auto" || record.check == "mtime" || record.check == "content", "way of checking");
  require(record.image_kind.empty() || is_word(record.image_kind), "kind of memory image (one word)");
  require(record.image_digest.empty() || is_digest(record.image_digest), "digest of the memory image (algorithm:hex)");
  for (const auto& [key, value] : record.extra) require(key.starts_with("x-") && is_word(key) && is_one_line(value), "extra value");
}

/// Takes `key value` lines in turn; absent keys leave everything as it is.
class LineReader {
 public:
  LineReader(std::string_view text, std::string_view where) : rest_(text), in_({}, where) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::optional<std::string_view> find(std::string_view key) {
    if (!rest_.starts_with(key) || !rest_.substr(key.size()).starts_with(' ')) return std::nullopt;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos || end <= key.size()) fail();
    const std::string_view value = rest_.substr(key.size() + 1, end - key.size() - 1);
    rest_.remove_prefix(end + 1);
    return value;
  }
  std::string_view get(std::string_view key) {
    const auto value = find(key);
    if (!value) in_.fail("'" + std::string(key) + "' is missing");
    return *value;
  }
  std::uint64_t number(std::string_view key) { return parse<std::uint64_t>(get(key)); }
  Time time(std::string_view key) {
    const std::string_view text = get(key);
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || text.size() != dot + 10) fail();
    return {parse<std::int64_t>(text.substr(0, dot)), parse<std::uint32_t>(text.substr(dot + 1))};
  }
  StreamRef stream(std::string_view key) {
    const auto text = find(key);
    return text ? stream_ref_from_text(*text) : StreamRef{};
  }
  std::pair<std::string, std::string> extra() {
    const std::string key(rest_.substr(0, rest_.find_first_of(" \n")));
    if (!key.starts_with("x-") || !is_word(key)) fail();
    return {key, std::string(get(key))};
  }
  [[noreturn]] void fail() const { in_.fail("not a checkpoint record"); }

 private:
  template <class Number>
  [[nodiscard]] Number parse(std::string_view digits) const {
    Number value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) fail();
    return value;
  }
  std::string_view rest_;
  ByteReader in_;
};

}  // namespace

Bytes encode_checkpoint_record(const CheckpointRecord& record) {
  check_values(record);
  std::string text(kFirstLine);
  const auto line = [&text](std::string_view key, std::string_view value) { text.append(key).append(" ").append(value).append("\n"); };
  const auto stream = [&line](std::string_view key, const StreamRef& ref) {
    if (ref.length != 0) line(key, stream_ref_text(ref));
  };
  const auto word = [&line](std::string_view key, std::string_view value) {
    if (!value.empty()) line(key, value);
  };
  line("root", to_hex(record.root));
  line("entries", std::to_string(record.entries));
  line("files", std::to_string(record.files));
  line("bytes", std::to_string(record.bytes));
  line("cdc", "cdc1");
  stream("rules", record.rules);
  stream("verdicts", record.verdicts);
  stream("scope", record.scope);
  line("start", time_text(record.start));
  line("end", time_text(record.end));
  line("check", record.check);
  word("image-kind", record.image_kind);
  word("image-id", percent_text(record.image_id));
  word("image-digest", record.image_digest);
  for (const auto& [key, value] : record.extra) line(key, value);
  return to_bytes(text);
}

CheckpointRecord decode_checkpoint_record(ByteView blob, std::string_view where) {
  const std::string_view text = as_text(blob);
  LineReader in(text, where);
  if (!text.starts_with(kFirstLine)) in.fail();
  in.get("metamori-record");
  CheckpointRecord record;
  const auto root = id_from_hex<ChunkTag>(in.get("root"));
  if (!root) in.fail();
  record.root = *root;
  record.entries = in.number("entries");
  record.files = in.number("files");
  record.bytes = in.number("bytes");
  if (in.get("cdc") != "cdc1") in.fail();
  record.rules = in.stream("rules");
  record.verdicts = in.stream("verdicts");
  record.scope = in.stream("scope");
  record.start = in.time("start");
  record.end = in.time("end");
  record.check = in.get("check");
  if (record.check != "auto" && record.check != "mtime" && record.check != "content") in.fail();
  record.image_kind = in.find("image-kind").value_or("");
  if (!record.image_kind.empty() && !is_word(record.image_kind)) in.fail();
  if (const auto id = in.find("image-id")) {
    const auto bytes = from_percent_text(*id);
    if (!bytes) in.fail();
    record.image_id = *bytes;
  }
  record.image_digest = in.find("image-digest").value_or("");
  if (!record.image_digest.empty() && !is_digest(record.image_digest)) in.fail();
  while (!in.at_end()) {
    record.extra.push_back(in.extra());
    if (!is_one_line(record.extra.back().second)) in.fail();
  }
  // One spelling for each record: leading zeros, upper-case digits and empty values show here.
  if (encode_checkpoint_record(record) != Bytes(blob.begin(), blob.end())) in.fail();
  return record;
}

}  // namespace metamori
