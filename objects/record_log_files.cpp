#include "objects/record_log_files.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>

namespace metamori {
namespace {

constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMaxFoldedBytes = std::uint64_t{1} << 30;
constexpr std::string_view kFoldedMagic{"MMFOLD1\0", 8};
constexpr std::size_t kFoldedHeaderBytes = 16;
constexpr std::size_t kFoldedRowBytes = 24;
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kDirectoryBufferBytes = 32768;
constexpr int kListTries = 4;
constexpr std::string_view kDirectoryPath = ".metamori/checkpoints";
// Clocks of local file systems tick at least every 10 ms; those that keep no fraction of seconds, every 2 s.
constexpr std::int64_t kFineTickNs = 20'000'000;
constexpr std::int64_t kCoarseTickNs = 3'000'000'000;

/// A number as records are named: decimal without leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '0') return std::nullopt;
  return value;
}

bool is_older(Time time, Time now) noexcept {
  const std::int64_t tick = time.nanoseconds == 0 ? kCoarseTickNs : kFineTickNs;
  const std::int64_t seconds = now.seconds - time.seconds;
  if (seconds > 10) return true;
  if (seconds < 0) return false;
  return seconds * 1'000'000'000 + now.nanoseconds - time.nanoseconds > tick;
}

void encode_time(Time time, ByteWriter& out) {
  out.u64(static_cast<std::uint64_t>(time.seconds));
  out.u32(time.nanoseconds);
}

Time decode_time(ByteReader& in) {
  const auto seconds = static_cast<std::int64_t>(in.u64());
  return {seconds, in.u32()};
}

/// The disk says so, each time anew.
bool is_unreadable(System& system, const Fd& file) {
  std::array<std::byte, kDirectoryBufferBytes> buffer;
  for (std::uint64_t at = 0;;) {
    const std::int64_t count = retry_interrupted([&] { return system.read_at(file.get(), buffer, at); });
    if (count <= 0) return count == -EIO;
    at += static_cast<std::uint64_t>(count);
  }
}

/// Bad sectors are damage like other damage: what else there is can be read. What else may fail, such as a network, may pass, and is no
/// damage.
Bytes read_record(System& system, const Fd& file, const std::string& path) {
  try {
    return read_whole(system, file.get(), kMaxRecordBytes, path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::io || !is_unreadable(system, file)) throw;
    throw Error(ErrorKind::corrupt, path + " is damaged: the disk can't read it", {}, path);
  }
}

}  // namespace

void encode_stamp(const DirectoryStamp& stamp, ByteWriter& out) {
  out.u64(stamp.device);
  out.u64(stamp.inode);
  encode_time(stamp.mtime, out);
  encode_time(stamp.ctime, out);
}

DirectoryStamp decode_stamp(ByteReader& in) {
  DirectoryStamp stamp;
  stamp.device = in.u64();
  stamp.inode = in.u64();
  stamp.mtime = decode_time(in);
  stamp.ctime = decode_time(in);
  return stamp;
}

std::string RecordFiles::path_of(std::uint64_t number) { return std::string(kDirectoryPath) + "/" + std::to_string(number); }

DirectoryStamp RecordFiles::stamp() {
  const FileStat found = stat_of(system_, dir_, kDirectoryPath);
  return {found.device, found.inode, found.mtime, found.ctime};
}

bool RecordFiles::is_settled(const DirectoryStamp& stamp) {
  const Time now = system_.now();
  return is_older(stamp.mtime, now) && is_older(stamp.ctime, now);
}

bool RecordFiles::has_single(std::uint64_t number) {
  return find_stat(system_, dir_, std::to_string(number).c_str(), path_of(number)).has_value();
}

/// A listing that overlaps a rename may lack the name, so it is repeated while the directory changes.
std::vector<RecordPlace> RecordFiles::list(DirectoryStamp& before) {
  std::vector<RecordPlace> places;
  for (int i = 0; i < kListTries; ++i) {
    before = stamp();
    places.clear();
    list_once(places);
    if (stamp() == before) break;
  }
  listed_ = before;
  return places;
}

void RecordFiles::list_once(std::vector<RecordPlace>& places) {
  std::vector<Folded> folded;
  // An own descriptor, because the position in a directory is shared by all who use one.
  const Fd directory = open_directory(system_, dir_, ".", kDirectoryPath);
  alignas(struct dirent64) std::array<std::byte, kDirectoryBufferBytes> buffer;
  for (;;) {
    const std::int64_t count = retry_interrupted([&] { return system_.read_directory(directory.get(), buffer); });
    if (count < 0) throw_io(static_cast<int>(-count), "read directory", kDirectoryPath);
    if (count == 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      struct dirent64 header;
      std::memcpy(&header, buffer.data() + at, offsetof(struct dirent64, d_name));
      const std::string_view name(as_text(ByteView(buffer).subspan(at + offsetof(struct dirent64, d_name))).data());
      at += header.d_reclen;
      const std::size_t dash = name.find('-');
      const auto first = parse_number(name.substr(0, dash));
      if (!first) continue;
      if (dash == std::string_view::npos) {
        places.push_back({*first, header.d_ino});
      } else if (const auto last = dash + 1 < name.size() ? parse_number(name.substr(dash + 1)) : std::nullopt; last && *first <= *last) {
        folded.push_back({std::string(name), *first, *last, header.d_ino, {}, {}});
      }
    }
  }
  for (Folded& item : folded) {
    const auto known =
        std::find_if(folded_.begin(), folded_.end(), [&](const Folded& old) { return old.name == item.name && old.inode == item.inode; });
    if (known != folded_.end()) item = std::move(*known);
  }
  folded_ = std::move(folded);
  const std::size_t single_count = places.size();
  for (Folded& item : folded_) {
    try {
      load(item);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      continue;  // hides nothing but what it holds; `find` reports it
    }
    for (const std::uint64_t number : item.numbers) places.push_back({number, item.inode});
  }
  if (places.size() == single_count &&
      std::is_sorted(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.number < b.number; }))
    return;
  // Stable, and singles stand first: of equal numbers the single record stays.
  std::stable_sort(places.begin(), places.end(), [](const RecordPlace& a, const RecordPlace& b) { return a.number < b.number; });
  places.erase(std::unique(places.begin(), places.end(), [](const RecordPlace& a, const RecordPlace& b) { return a.number == b.number; }),
               places.end());
}

/// The table of a folded file; each record in it has a checksum of its own, so the one over the whole is left to `verify`.
void RecordFiles::load(Folded& folded) {
  if (!folded.map.bytes().empty()) return;
  const std::string path = std::string(kDirectoryPath) + "/" + folded.name;
  const Fd file = open_file(system_, dir_, folded.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, path);
  const std::uint64_t size = stat_of(system_, file.get(), path).size_bytes;
  ByteReader whole({}, path);
  if (size < kFoldedHeaderBytes + kChecksumBytes || size > kMaxFoldedBytes) whole.fail("not of a size that folded records have");
  Mapping map(system_, file.get(), size, path);
  ByteReader in(map.bytes(), path);
  if (as_text(in.take(kFoldedMagic.size())) != kFoldedMagic) in.fail("not a file of folded records");
  const std::uint64_t count = in.u32();
  if (in.u32() != 0) in.fail("reserved bits are set");
  if (count > (size - kFoldedHeaderBytes - kChecksumBytes) / kFoldedRowBytes) in.fail("more records than it has room for");
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = in.u64();
    if (number < folded.first || number > folded.last || (!numbers.empty() && number <= numbers.back())) in.fail("records out of order");
    const std::uint64_t offset = in.u64();
    const std::uint64_t length = in.u64();
    if (length > kMaxRecordBytes || offset > size - kChecksumBytes || length > size - kChecksumBytes - offset)
      in.fail("a record outside the file");
    numbers.push_back(number);
  }
  folded.map = std::move(map);
  folded.numbers = std::move(numbers);
}

ByteView RecordFiles::find_folded(std::uint64_t number, std::string& where) {
  for (Folded& folded : folded_) {
    if (number < folded.first || number > folded.last) continue;
    load(folded);
    const auto found = std::lower_bound(folded.numbers.begin(), folded.numbers.end(), number);
    if (found == folded.numbers.end() || *found != number) continue;
    where = std::string(kDirectoryPath) + "/" + folded.name + ", record " + std::to_string(number);
    const auto row = static_cast<std::size_t>(found - folded.numbers.begin());
    ByteReader in(folded.map.bytes().subspan(kFoldedHeaderBytes + row * kFoldedRowBytes + 8), where);
    const std::uint64_t offset = in.u64();
    const std::uint64_t length = in.u64();
    return folded.map.bytes().subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  }
  return {};
}

std::optional<Bytes> RecordFiles::find_bytes(std::uint64_t number, std::string& where) {
  where = path_of(number);
  const auto find_single = [&]() -> std::optional<Bytes> {
    const auto file = find_file(system_, dir_, std::to_string(number).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, where);
    if (!file) return std::nullopt;
    return read_record(system_, *file, where);
  };
  if (auto single = find_single()) return single;
  // What was folded when it was listed may be in another file by now, and be another record.
  ByteView bytes = stamp() == listed_ ? find_folded(number, where) : ByteView();
  if (bytes.empty()) {
    DirectoryStamp ignored;
    list(ignored);
    where = path_of(number);
    // A single one may have been made, or have become a folded one, in between.
    if (auto single = find_single()) return single;
    bytes = find_folded(number, where);
  }
  if (bytes.empty()) return std::nullopt;
  return Bytes(bytes.begin(), bytes.end());
}

std::optional<Record> RecordFiles::find(std::uint64_t number) {
  std::string path;
  const auto bytes = find_bytes(number, path);
  if (!bytes) return std::nullopt;
  Record record = decode_record(*bytes, path);
  if (record.number != number)
    throw Error(ErrorKind::corrupt, path + " holds the record of number " + std::to_string(record.number), {}, path);
  return record;
}

}  // namespace metamori
