#include "cmd/setting_keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "cmd/environment.hpp"
#include "cmd/metadata.hpp"
#include "cmd/suggest.hpp"
#include "cmd/text.hpp"
#include "cmd/units.hpp"
#include "cmd/value_kind.hpp"
#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

using enum SettingType;

constexpr std::string_view kBooleans = "true|false";

// By name. clang-format would tear the rows apart.
// clang-format off
constexpr std::array kKeys{
    SettingKey{"author", person, "NAME <MAIL>", "", "Who makes checkpoints (default: the user at this host)", "", ""},
    SettingKey{"bytes", boolean, kBooleans, "false", "Show sizes exactly", "--bytes", ""},
    SettingKey{"checkpoint.check", choice, "auto|mtime|content", "auto", "How changes are told", "--check", "checkpoint watch"},
    SettingKey{"checkpoint.nice", boolean, kBooleans, "false", "Leave processor and disk to whoever else wants them", "--nice", "checkpoint watch"},
    SettingKey{"checkpoint.on-torn", choice, "mark|keep-previous|fail", "mark", "What to do with a file that keeps changing while it is read", "--on-torn", "checkpoint watch"},
    SettingKey{"checkpoint.one-file-system", boolean, kBooleans, "false", "Don't enter other file systems", "--one-file-system", "checkpoint watch"},
    SettingKey{"checkpoint.rate-limit", size, "SIZE", "", "Read at most so many bytes of the tree a second (default: no limit)", "--rate-limit", "checkpoint watch"},
    SettingKey{"checkpoint.retries", number, "N", "3", "Further tries for a file that changes while it is read", "--retries", "checkpoint watch"},
    SettingKey{"checkpoint.skip-if-running", boolean, kBooleans, "false", "Make none if another is being made", "--skip-if-running", "checkpoint"},
    SettingKey{"checkpoint.skip-if-unchanged", boolean, kBooleans, "false", "Make none if nothing changed since the last one", "--skip-if-unchanged", "checkpoint"},
    SettingKey{"checkpoint.timeout", duration, "DUR", "", "Give up after so long, publishing nothing (default: never)", "--timeout", "checkpoint watch"},
    SettingKey{"color", choice, "auto|always|never", "auto", "Whether to use colours", "--color", ""},
    SettingKey{"core.shared", sharing, "group|no", "no", "Whether the directory's group may write to the repository; in its own file alone", "", ""},
    SettingKey{"jobs", number, "N", "", "Threads to use (default: one a processor, at most 16)", "--jobs", ""},
    SettingKey{"keep.daily", number, "N", "0", "Keep the newest of each of N days", "", ""},
    SettingKey{"keep.hourly", number, "N", "0", "Keep the newest of each of N hours", "", ""},
    SettingKey{"keep.last", number, "N", "0", "Keep the newest N", "", ""},
    SettingKey{"keep.max-size", size, "SIZE", "", "Of what the others keep, keep only what fits into so many bytes (default: no limit)", "", ""},
    SettingKey{"keep.meta", metadata, "K=V...", "", "Keep those with this metadata, parted by blanks", "", ""},
    SettingKey{"keep.monthly", number, "N", "0", "Keep the newest of each of N months", "", ""},
    SettingKey{"keep.tag", words, "T...", "", "Keep those with one of these tags, parted by blanks", "", ""},
    SettingKey{"keep.thin", boolean, kBooleans, "false", "Keep fewer the older they are", "", ""},
    SettingKey{"keep.weekly", number, "N", "0", "Keep the newest of each of N weeks", "", ""},
    SettingKey{"keep.within", duration, "DUR", "", "Keep all that are at most so much older than the newest (default: none)", "", ""},
    SettingKey{"lock-timeout", duration, "DUR", "0", "How long to wait for a lock", "--lock-timeout", ""},
    SettingKey{"pager", program, "CMD", "less", "Shows long output on terminals; empty or 'cat': none", "", ""},
    SettingKey{"progress", choice, "auto|none|plain[=SECS]", "auto", "How to show progress", "--progress", ""},
    SettingKey{"restore.keep-inode", boolean, kBooleans, "false", "Rewrite files in place", "--keep-inode", "restore undo"},
    SettingKey{"restore.verify", boolean, kBooleans, "false", "Read everything back after a restore", "--verify", "restore undo"},
    SettingKey{"watch.every", duration, "DUR", "10m", "Take a checkpoint every so often", "--every", "watch"},
    SettingKey{"watch.grace", duration, "DUR", "10s", "At SIGTERM, take one after so long even if the job still runs", "--grace", "watch"},
};
// clang-format on

bool is_choice(std::string_view values, std::string_view value) {
  const std::vector<std::string> words = choices_of(values);
  const std::string_view word = value.substr(0, value.find('='));
  if (std::find(words.begin(), words.end(), word) == words.end()) return false;
  if (word.size() == value.size()) return true;
  return values.find(std::string(word) + "[=") != std::string_view::npos && parse_duration_ms(value.substr(word.size() + 1)).has_value();
}

bool is_boolean(std::string_view value) {
  constexpr std::array<std::string_view, 8> kWords{"true", "yes", "on", "1", "false", "no", "off", "0"};
  return std::find(kWords.begin(), kWords.end(), value) != kWords.end();
}

bool is_metadata(const std::string& value) {
  try {
    parse_metadata(split_words(value));
    return true;
  } catch (const Error&) {
    return false;
  }
}

bool is_person(const std::string& value) {
  Environment environment;
  environment.author = value;
  try {
    author_of(environment);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::span<const SettingKey> setting_keys() noexcept { return kKeys; }

const SettingKey* find_setting_key(std::string_view name) noexcept {
  for (const SettingKey& key : kKeys)
    if (key.name == name) return &key;
  return nullptr;
}

const SettingKey& get_setting_key(std::string_view name, std::string_view where) {
  if (const SettingKey* key = find_setting_key(name)) return *key;
  std::vector<std::string> known;
  for (const SettingKey& key : kKeys) known.emplace_back(key.name);
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = "'metamori config list --all' shows every key";
  throw Error(ErrorKind::usage, (where.empty() ? "" : std::string(where) + ": ") + "unknown setting " + shell_quote(name, true), hint);
}

void check_setting(const SettingKey& key, const std::string& value, std::string_view where) {
  bool is_fine = true;
  std::string expected;
  switch (key.type) {
    case boolean:
      is_fine = is_boolean(value);
      expected = "true or false";
      break;
    case number:
      is_fine = parse_number(value).value_or(UINT64_MAX) <= UINT32_MAX;
      expected = "a number";
      break;
    case size:
      is_fine = parse_size(value).has_value();
      expected = "a size such as 4096, 64K or 1.5GiB";
      break;
    case duration:
      is_fine = parse_duration_ms(value).has_value();
      expected = "a duration such as 90s, 5m or 1h30m";
      break;
    case sharing:
      is_fine = value == "group" || (is_boolean(value) && !is_true(value));
      expected = "group or no";
      break;
    case choice:
      is_fine = is_choice(key.values, value);
      expected = "one of " + std::string(key.values);
      break;
    case person:
      is_fine = is_person(value);
      expected = "of the form 'Name <mail>'";
      break;
    case words:
      is_fine = value.find('\n') == std::string::npos;
      expected = "words parted by blanks";
      break;
    case metadata:
      is_fine = is_metadata(value);
      expected = "of the form K=V, several parted by blanks";
      break;
    case program:
      is_fine = value.find('\n') == std::string::npos;
      expected = "a command";
      break;
  }
  if (is_fine) return;
  std::string hint = did_you_mean(value, choices_of(key.type == choice || key.type == sharing ? key.values : std::string_view()));
  if (hint.empty()) hint = "man metamori-config tells what " + std::string(key.name) + " can be";
  throw Error(
      ErrorKind::usage,
      (where.empty() ? "" : std::string(where) + ": ") + std::string(key.name) + ": " + shell_quote(value, true) + " is not " + expected,
      hint);
}

bool is_true(std::string_view value) noexcept { return value == "true" || value == "yes" || value == "on" || value == "1"; }

bool may_stand_in_repository(const SettingKey& key) noexcept { return key.type != program; }

std::vector<std::string> split_words(std::string_view value) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string> words;
  for (std::size_t at = value.find_first_not_of(kBlanks); at != std::string_view::npos; at = value.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(value.find_first_of(kBlanks, at), value.size());
    words.emplace_back(value.substr(at, end - at));
    at = end;
  }
  return words;
}

std::string variable_of(const SettingKey& key) {
  std::string name = "METAMORI_";
  for (const char c : key.name) name += c == '.' || c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return name;
}

}  // namespace metamori::cmd
