#include "objects/record_log_refs.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/digest.hpp"
#include "objects/record_log.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxRefBytes = 4096;
constexpr std::size_t kMaxTagBytes = 100;
constexpr std::size_t kMaxFileNameBytes = 255;
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_letter_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string file_name_of(std::string_view tag) {
  std::string name;
  for (const char c : tag) {
    if (is_letter_or_digit(c) || c == '_' || c == '-' || (c == '.' && !name.empty())) {
      name += c;
    } else {
      const auto value = static_cast<unsigned char>(c);
      name += {'%', kHexDigits[value >> 4], kHexDigits[value & 15]};
    }
  }
  return name;
}

/// Nothing if no tag has that file name.
std::optional<std::string> tag_of(std::string_view file_name) {
  std::string tag;
  for (std::size_t i = 0; i < file_name.size(); ++i) {
    if (file_name[i] != '%') {
      tag += file_name[i];
      continue;
    }
    const auto byte = from_hex(file_name.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    tag += static_cast<char>(byte->front());
    i += 2;
  }
  if (tag.empty() || tag.size() > kMaxTagBytes || file_name_of(tag) != file_name) return std::nullopt;
  return tag;
}

std::string ref_text(const Position& target, std::int64_t seconds) {
  std::string text =
      "metamori-ref 1\nnumber " + std::to_string(target.number) + "\nid " + to_hex(target.id) + "\ntime " + std::to_string(seconds) + "\n";
  text += "sha256 " + to_hex(sha256(as_bytes(text))) + "\n";
  return text;
}

template <class Number>
std::optional<Number> value_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  Number value{};
  const char* const begin = text.data() + at + key.size();
  if (std::from_chars(begin, text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> pin_number(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || name.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

// Takes the values out leniently and then asks for the one spelling they have.
std::optional<Position> parse_ref(std::string_view text) {
  const auto number = value_after<std::uint64_t>(text, "\nnumber ");
  const auto seconds = value_after<std::int64_t>(text, "\ntime ");
  const std::size_t at = text.find("\nid ");
  if (!number || !seconds || at == std::string_view::npos) return std::nullopt;
  const auto id = id_from_hex<CheckpointTag>(text.substr(at + 4, 40));
  if (!id) return std::nullopt;
  const Position target{*number, *id};
  if (ref_text(target, *seconds) != text) return std::nullopt;
  return target;
}

std::optional<std::string> tag_of_file(std::string_view file_name) { return tag_of(file_name); }
std::optional<std::uint64_t> pin_of_file(std::string_view file_name) { return pin_number(file_name); }

namespace {

std::string path_of(std::string_view dir_name, std::string_view name) {
  return ".metamori/refs/" + std::string(dir_name) + "/" + std::string(name);
}

/// The position in a file of refs; nothing if the file is not there. A damaged one throws corrupt.
std::optional<Position> read_ref(System& system, int dir, const std::string& name, const std::string& path) {
  const auto file = find_file(system, dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, path);
  if (!file) return std::nullopt;
  const Bytes bytes = read_whole(system, file->get(), kMaxRefBytes, path);
  const auto target = parse_ref(as_text(bytes));
  if (!target) throw Error(ErrorKind::corrupt, quoted(path) + " is damaged", "set or delete it again", path);
  return target;
}

bool is_line_name(std::string_view name) {
  if (name == "main") return true;
  return name.starts_with("main-") && name.size() > 5 && name.find_first_not_of("0123456789", 5) == std::string_view::npos;
}

const char* flaw_of(std::string_view name) {
  if (name.empty() || name.size() > kMaxTagBytes || file_name_of(name).size() > kMaxFileNameBytes)
    return "it must have 1 to 100 bytes, fewer if most are special";
  const bool digits = name.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits && name.size() <= 7) return "it looks like the number of a checkpoint";
  if (name.size() >= 8 && name.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos)
    return "it looks like the id of a checkpoint";
  if (name == "HEAD" || name == "latest") return "that word has a meaning already";
  if (is_line_name(name)) return "it looks like the name of a line";
  if (std::string_view("@-:#").find(name.front()) != std::string_view::npos) return "it starts with '@', '-', ':' or '#'";
  if (name.find("..") != std::string_view::npos) return "it contains '..', which makes ranges";
  if (name.find("@{") != std::string_view::npos) return "it contains '@{', which makes dates";
  for (const char c : name) {
    if (c == '~' || c == '^' || c == ':') return "it contains '~', '^' or ':'";
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return "it contains white space or control characters";
  }
  return nullptr;
}

}  // namespace

void check_tag_name(std::string_view name) {
  if (const char* const flaw = flaw_of(name)) throw Error(ErrorKind::usage, quoted(name) + " can't be the name of a tag: " + flaw);
}

std::optional<Fd> RecordRefs::find_dir(const char* name) {
  if (refs_dir_ < 0) return std::nullopt;
  return find_file(system_, refs_dir_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, std::string(".metamori/refs/") + name);
}

Fd RecordRefs::make_dir(const char* name) {
  const std::string path = std::string(".metamori/refs/") + name;
  if (auto found = find_dir(name)) return std::move(*found);
  const int error = retry_interrupted([&] { return system_.make_directory(refs_dir_, name, 0777); });
  if (error < 0 && error != -EEXIST) throw_io(-error, "make directory", path);
  sync_file(system_, refs_dir_, ".metamori/refs");
  return open_directory(system_, refs_dir_, name, path);
}

void RecordRefs::write(const char* dir_name, const std::string& name, const Position& target) {
  const Fd dir = make_dir(dir_name);
  replace_file(system_, tmp_dir_, dir.get(), name, as_bytes(ref_text(target, system_.now().seconds)), path_of(dir_name, name));
}

std::optional<Position> RecordRefs::find_tag(const std::string& name) {
  const std::string file_name = file_name_of(name);
  if (file_name.empty() || file_name.size() > kMaxFileNameBytes) return std::nullopt;
  const auto dir = find_dir("tags");
  if (!dir) return std::nullopt;
  return read_ref(system_, dir->get(), file_name, path_of("tags", file_name));
}

std::map<std::string, std::optional<Position>> RecordRefs::tags() {
  std::map<std::string, std::optional<Position>> result;
  const auto dir = find_dir("tags");
  if (!dir) return result;
  for (const DirectoryName& entry : list_directory(system_, dir->get(), ".metamori/refs/tags")) {
    const auto tag = tag_of(entry.name);
    if (!tag) continue;
    try {
      if (const auto target = read_ref(system_, dir->get(), entry.name, path_of("tags", entry.name))) result[*tag] = target;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      result[*tag] = std::nullopt;
    }
  }
  return result;
}

void RecordRefs::set_tag(const std::string& name, const Position& target) { write("tags", file_name_of(name), target); }

std::vector<std::uint64_t> RecordRefs::pins() {
  std::vector<std::uint64_t> result;
  const auto dir = find_dir("pins");
  if (!dir) return result;
  for (const DirectoryName& entry : list_directory(system_, dir->get(), ".metamori/refs/pins"))
    if (const auto number = pin_number(entry.name)) result.push_back(*number);
  std::sort(result.begin(), result.end());
  return result;
}

void RecordRefs::add_pin(const Position& target) { write("pins", std::to_string(target.number), target); }

void RecordRefs::remove_pin(std::uint64_t number) {
  const auto dir = find_dir("pins");
  if (!dir) return;
  const std::string name = std::to_string(number);
  const int error = retry_interrupted([&] { return system_.remove_file(dir->get(), name.c_str()); });
  if (error == -ENOENT) return;
  if (error < 0) throw_io(-error, "remove", path_of("pins", name));
  sync_file(system_, dir->get(), ".metamori/refs/pins");
}

std::vector<std::string> RecordRefs::damaged() {
  std::vector<std::string> result;
  for (const char* const dir_name : {"pins", "tags"}) {
    const auto dir = find_dir(dir_name);
    if (!dir) continue;
    const bool pins = std::string_view(dir_name) == "pins";
    for (const DirectoryName& entry : list_directory(system_, dir->get(), std::string(".metamori/refs/") + dir_name)) {
      const std::string path = path_of(dir_name, entry.name);
      try {
        const auto number = pins ? pin_number(entry.name) : std::nullopt;
        const bool good_name = pins ? number.has_value() : tag_of(entry.name).has_value();
        const auto target = good_name ? read_ref(system_, dir->get(), entry.name, path) : std::nullopt;
        if (!good_name || (target && number && target->number != *number)) result.push_back(path);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupt) throw;
        result.push_back(path);
      }
    }
  }
  return result;
}

}  // namespace metamori
