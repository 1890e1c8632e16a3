#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "core/locate.hpp"
#include "core/settings_text.hpp"
#include "metamori/config.hpp"

namespace metamori {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;
constexpr int kMaxLinks = 16;
constexpr std::size_t kMaxTargetBytes = 4096;
constexpr std::int64_t kLockWaitNs = 5'000'000'000;
constexpr std::int64_t kPollNs = 20'000'000;
constexpr std::uint32_t kOwner = 0600, kGroup = 0060, kGroupWrite = 0020, kRead = 0044, kPermissions = 0777, kDirectory = 0755;

std::optional<std::string> read_text(System& system, int dir, const char* name, const std::string& path) {
  const auto file = find_file(system, dir, name, O_RDONLY | O_NONBLOCK, path);
  if (!file) return std::nullopt;
  constexpr std::uint32_t kTypeBits = 0170000, kRegularFile = 0100000;
  if ((stat_of(system, file->get(), path).mode & kTypeBits) != kRegularFile) return std::nullopt;  // /dev/null: no settings
  return std::string(as_text(read_whole(system, file->get(), kMaxBytes, path)));
}

/// Where symbolic links lead: who keeps settings elsewhere wants them written there.
std::string followed(System& system, std::string path) {
  for (int i = 0; i < kMaxLinks; ++i) {
    std::array<std::byte, kMaxTargetBytes> buffer{};
    const std::int64_t size = retry_interrupted([&] { return system.read_symlink(AT_FDCWD, path.c_str(), buffer); });
    if (size < 0) return path;
    const std::string target(as_text(ByteView(buffer).first(static_cast<std::size_t>(size))));
    path = target.starts_with('/') ? target : joined_path(parent_path(path), target);
  }
  throw_io(ELOOP, "follow", path);
}

/// Whoever can put a link there between this look and the next can write the file as well: it is the repository's owner.
void refuse_link(System& system, const std::string& path) {
  constexpr std::uint32_t kTypeBits = 0170000, kLink = 0120000;
  const auto found = find_stat(system, AT_FDCWD, path.c_str(), path);
  if (found && (found->mode & kTypeBits) == kLink)
    throw Error(ErrorKind::refused, quoted(path) + " is a symbolic link, which a repository's own settings may not be",
                "replace it by a file", path);
}

void make_directories(System& system, const std::string& directory) {
  if (directory == "/" || find_stat(system, AT_FDCWD, directory.c_str(), directory)) return;
  make_directories(system, parent_path(directory));
  const int made = retry_interrupted([&] { return system.make_directory(AT_FDCWD, directory.c_str(), kDirectory); });
  if (made < 0 && made != -EEXIST) throw_io(-made, "make directory", directory);
}

/// On the directory, since the file itself is replaced. Where locks don't work two writers at once may lose one's setting, no more.
void lock_directory(System& system, int directory, const std::string& path) {
  const std::int64_t start = system.monotonic_ns();
  while (true) {
    const int result = retry_interrupted([&] { return system.lock(directory, LockMode::exclusive); });
    if (result != -EWOULDBLOCK) return;
    if (system.monotonic_ns() - start > kLockWaitNs)
      throw Error(ErrorKind::locked, "another process is writing " + quoted(path), "try again", path);
    system.sleep_ns(kPollNs);
  }
}

std::string absolute(System& system, const std::string& path) {
  if (path.starts_with('/')) return normalized_path(path);
  const Fd here = open_directory(system, AT_FDCWD, ".", ".");
  return normalized_path(joined_path(absolute_path(system, here.get(), "."), path));
}

}  // namespace

std::vector<Setting> parse_settings(std::string_view text, std::string_view origin) {
  std::vector<Setting> settings;
  std::uint32_t number = 0;
  for (SettingsLine& line : split_settings(text)) {
    ++number;
    if (line.kind == SettingsLine::Kind::malformed)
      throw Error(ErrorKind::usage, quoted(origin) + ", line " + std::to_string(number) + ": " + line.why, "correct that line",
                  std::string(origin));
    if (line.kind == SettingsLine::Kind::setting) settings.push_back({std::move(line.key), std::move(line.value), number});
  }
  return settings;
}

std::optional<std::vector<Setting>> read_settings(const std::string& path, SettingsLinks links) {
  if (links == SettingsLinks::refuse) refuse_link(real_system(), path);
  const auto text = read_text(real_system(), AT_FDCWD, path.c_str(), path);
  if (!text) return std::nullopt;
  return parse_settings(*text, path);
}

bool write_setting(const std::string& path, std::string_view key, const std::optional<std::string>& value, SettingsLinks links) {
  if (!is_setting_key(key)) throw Error(ErrorKind::usage, quoted(key) + " is no key: those are made of small letters, digits, '-' and '.'");
  if (value && value->find('\0') != std::string::npos) throw Error(ErrorKind::usage, "a setting can't hold a NUL");
  System& system = real_system();
  if (links == SettingsLinks::refuse) refuse_link(system, path);
  const std::string file = followed(system, absolute(system, path));
  const std::string directory = parent_path(file);
  const std::string name = file.substr(file.rfind('/') + 1);
  if (value) make_directories(system, directory);
  const Fd dir = open_directory(system, AT_FDCWD, directory.c_str(), directory);
  lock_directory(system, dir.get(), file);
  const std::string before = read_text(system, dir.get(), name.c_str(), file).value_or("");
  parse_settings(before, file);
  const std::string after = edit_settings(before, key, value);
  if (after == before) return false;
  std::uint32_t mode = 0;
  if (const auto old = find_stat(system, dir.get(), name.c_str(), file)) {
    mode = old->mode & kPermissions;
  } else {
    // As open to others as the directory.
    const std::uint32_t above = stat_of(system, dir.get(), directory).mode;
    mode = kOwner | (above & kRead) | ((above & kGroupWrite) != 0 ? kGroup : 0);
  }
  replace_file(system, dir.get(), dir.get(), name, as_bytes(after), file, mode);
  return true;
}

}  // namespace metamori
