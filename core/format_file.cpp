#include "core/format_file.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/files.hpp"
#include "core/settings_text.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic = "metamori-repository ";
constexpr std::string_view kIdKey = "id ";
constexpr std::string_view kFeatureKey = "feature ";
constexpr std::string_view kChecksumKey = "sha256 ";
constexpr std::string_view kPointerKey = "metamori-dir: ";
constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kMaxPathBytes = 4095;

[[noreturn]] void fail_corrupt(std::string_view path, std::string_view why) {
  throw Error(ErrorKind::corrupt, quoted(path) + " is damaged: " + std::string(why), {}, std::string(path));
}

/// Takes one line off the front, without its newline; nothing if there is no newline.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// Looked at before everything else: a newer format may have changed all the rest, its checksum too.
void check_format_number(std::string_view text, std::string_view path) {
  const auto line = take_line(text);
  if (!line || !line->starts_with(kMagic)) fail_corrupt(path, "it doesn't begin with '" + std::string(kMagic) + "'");
  const std::string_view digits = line->substr(kMagic.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = !digits.empty() && digits.front() != '0' && end == digits.data() + digits.size();
  if (!is_number || (error != std::errc() && error != std::errc::result_out_of_range))
    fail_corrupt(path, "the format's number makes no sense");
  if (error == std::errc() && number == kFormat) return;
  throw Error(ErrorKind::unsupported, quoted(path) + " says format " + std::string(digits) + "; this version knows format 1 only",
              "use a newer version of metamori", std::string(path));
}

}  // namespace

std::string encode_format_file(std::string_view repository_id) {
  std::string text = std::string(kMagic) + std::to_string(kFormat) + '\n' + std::string(kIdKey) + std::string(repository_id) + '\n';
  const std::string checksum = to_hex(sha256(as_bytes(text)));
  return text + std::string(kChecksumKey) + checksum + '\n';
}

std::string decode_format_file(std::string_view text, std::string_view path) {
  check_format_number(text, path);
  std::string_view rest = text;
  take_line(rest);
  const auto id_line = take_line(rest);
  std::vector<std::string> features;
  std::size_t covered = text.size() - rest.size();
  auto line = take_line(rest);
  while (line && line->starts_with(kFeatureKey)) {
    features.emplace_back(line->substr(kFeatureKey.size()));
    covered = text.size() - rest.size();
    line = take_line(rest);
  }
  if (!line || !line->starts_with(kChecksumKey)) fail_corrupt(path, "the checksum is missing");
  if (line->substr(kChecksumKey.size()) != to_hex(sha256(as_bytes(text.substr(0, covered)))))
    fail_corrupt(path, "the checksum doesn't match");
  if (!rest.empty()) fail_corrupt(path, "there are bytes after the checksum");
  if (!id_line || !id_line->starts_with(kIdKey)) fail_corrupt(path, "the id is missing");
  const std::string_view id = id_line->substr(kIdKey.size());
  if (id.size() != kIdDigits || !is_lower_hex(id)) fail_corrupt(path, "the id makes no sense");
  if (!features.empty())
    throw Error(ErrorKind::unsupported, quoted(path) + " demands the feature '" + features.front() + "', which this version doesn't know",
                "use a newer version of metamori", std::string(path));
  return std::string(id);
}

std::string encode_pointer(std::string_view directory) { return std::string(kPointerKey) + std::string(directory) + '\n'; }

std::string decode_pointer(std::string_view text, std::string_view path) {
  const auto line = take_line(text);
  if (!line || !text.empty() || !line->starts_with(kPointerKey))
    fail_corrupt(path, "it is neither a repository nor one line 'metamori-dir: PATH'");
  const std::string_view directory = line->substr(kPointerKey.size());
  if (directory.empty() || directory.size() > kMaxPathBytes || directory.find('\0') != std::string_view::npos)
    fail_corrupt(path, "the path it points to makes no sense");
  return std::string(directory);
}

bool config_declares_shared(std::string_view config) {
  bool shared = false;
  for (const SettingsLine& line : split_settings(config))
    if (line.kind == SettingsLine::Kind::setting && line.key == "core.shared") shared = lowered(line.value) == "group";
  return shared;
}

std::string shared_config() { return "[core]\n\tshared = group\n"; }

}  // namespace metamori
