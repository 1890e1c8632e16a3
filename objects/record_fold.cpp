// The order is what makes it safe: the new file is durable before the old ones go, and folded files that it replaces are gone for good
// before the single records are removed, which outweigh them. So at every cut the newest version of each record is the one that is found.

#include "objects/record_fold.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/digest.hpp"

namespace metamori {
namespace {

constexpr std::string_view kMagic{"MMFOLD1\0", 8};
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kRowBytes = 24;
constexpr std::string_view kDirectory = ".metamori/checkpoints";
constexpr std::uint64_t kGrowth = 2;       // a folded file joins if it is at most so many times what is folded already
constexpr std::size_t kStaleRowsPart = 8;  // or if a part of its records is outweighed by single ones

/// One file of `checkpoints/`, as its name says.
struct FoldedFile {
  std::string name;
  std::uint64_t first = 0, last = 0;
  std::uint64_t bytes = 0;
  std::vector<std::uint64_t> numbers;
  std::size_t outweighed = 0;
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || text.front() == '0') return std::nullopt;
  return value;
}

class Folding {
 public:
  Folding(System& system, int checkpoints_dir, int tmp_dir, const FoldLimits& limits)
      : system_(system), dir_(checkpoints_dir), tmp_dir_(tmp_dir), limits_(limits), files_(system, checkpoints_dir) {}

  FoldTotals run(std::map<std::uint64_t, Record>& replaced) {
    list();
    choose();
    if (chosen_.size() < limits_.singles_min) return {};
    write(replaced);
    remove_old();
    for (const std::uint64_t number : chosen_) replaced.erase(number);
    return {chosen_.size(), merged_.size()};
  }

 private:
  void list() {
    for (const DirectoryName& entry : list_directory(system_, dir_, kDirectory)) {
      const std::size_t dash = entry.name.find('-');
      const auto first = parse_number(std::string_view(entry.name).substr(0, dash));
      if (!first) continue;
      if (dash == std::string::npos) {
        singles_.insert(*first);
      } else if (const auto last = parse_number(std::string_view(entry.name).substr(dash + 1))) {
        folded_.push_back({entry.name, *first, *last, 0, {}, 0});
      }
    }
    for (FoldedFile& file : folded_) read_numbers(file);
    highest_ = singles_.empty() ? 0 : *singles_.rbegin();
    for (const FoldedFile& file : folded_) highest_ = std::max(highest_, file.last);
  }

  void read_numbers(FoldedFile& file) {
    const std::string path = std::string(kDirectory) + "/" + file.name;
    const Fd opened = open_file(system_, dir_, file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, path);
    const Bytes bytes = read_whole(system_, opened.get(), limits_.file_bytes, path);
    file.bytes = bytes.size();
    ByteReader in(bytes, path);
    if (bytes.size() < kHeaderBytes + sizeof(ChunkId) || as_text(in.take(kMagic.size())) != kMagic) in.fail("not a file of folded records");
    const ByteView all(bytes);
    ChunkId checksum;
    std::memcpy(checksum.bytes.data(), all.last(sizeof(ChunkId)).data(), sizeof(ChunkId));
    if (sha256(all.first(all.size() - sizeof(ChunkId))) != checksum) in.fail("its checksum does not hold");
    const std::uint64_t count = in.u32();
    in.u32();
    for (std::uint64_t i = 0; i < count; ++i) {
      file.numbers.push_back(in.u64());
      in.take(kRowBytes - sizeof(std::uint64_t));
      file.outweighed += singles_.contains(file.numbers.back()) ? 1 : 0;
    }
  }

  /// Which single records are folded, and which folded files go into the new one. A single record that outweighs one in a file which stays
  /// has to stay, too: of two folded ones with a number nobody could tell which counts.
  void choose() {
    std::uint64_t bytes = 0;
    std::set<std::uint64_t> old;
    for (const std::uint64_t number : singles_) {
      if (number + limits_.newest_kept > highest_) break;
      old.insert(number);
      if (const auto found = find_stat(system_, dir_, std::to_string(number).c_str(), RecordFiles::path_of(number)))
        bytes += found->size_bytes;
    }
    if (old.size() < limits_.singles_min) return;
    std::sort(folded_.begin(), folded_.end(), [](const FoldedFile& a, const FoldedFile& b) { return a.bytes < b.bytes; });
    std::vector<const FoldedFile*> staying;
    for (const FoldedFile& file : folded_) {
      const bool is_small = file.bytes <= kGrowth * bytes;
      const bool is_stale = file.outweighed * kStaleRowsPart >= file.numbers.size();
      if ((is_small || is_stale) && bytes + file.bytes <= limits_.file_bytes / 2) {
        merged_.push_back(file);
        bytes += file.bytes;
      } else {
        staying.push_back(&file);
      }
    }
    for (const FoldedFile* file : staying)
      for (const std::uint64_t number : file->numbers) old.erase(number);
    chosen_ = std::move(old);
  }

  void write(const std::map<std::uint64_t, Record>& replaced) {
    std::set<std::uint64_t> numbers = chosen_;
    for (const FoldedFile& file : merged_)
      for (const std::uint64_t number : file.numbers)
        if (!singles_.contains(number) || chosen_.contains(number)) numbers.insert(number);
    new_name_ = std::to_string(*numbers.begin()) + "-" + std::to_string(*numbers.rbegin());
    ByteWriter table;
    ByteWriter records;
    table.raw(as_bytes(kMagic));
    table.u32(static_cast<std::uint32_t>(numbers.size()));
    table.u32(0);
    const std::uint64_t begin = kHeaderBytes + kRowBytes * numbers.size();
    for (const std::uint64_t number : numbers) {
      const Bytes bytes = bytes_of(number, replaced);
      table.u64(number);
      table.u64(begin + records.size());
      table.u64(bytes.size());
      records.raw(bytes);
    }
    table.raw(records.view());
    table.raw(sha256(table.view()).bytes);
    replace_file(system_, tmp_dir_, dir_, new_name_, table.view(), std::string(kDirectory) + "/" + new_name_);
  }

  Bytes bytes_of(std::uint64_t number, const std::map<std::uint64_t, Record>& replaced) {
    if (const auto record = replaced.find(number); record != replaced.end()) return encode_record(record->second);
    std::string where;
    auto bytes = files_.find_bytes(number, where);
    if (!bytes) throw Error(ErrorKind::corrupt, where + " is gone", {}, where);
    decode_record(*bytes, where);  // what is damaged is not put where it would be taken for sound
    return std::move(*bytes);
  }

  void remove(const std::string& name) {
    const int error = retry_interrupted([&] { return system_.remove_file(dir_, name.c_str()); });
    if (error < 0 && error != -2 /* ENOENT */) throw_io(-error, "remove", std::string(kDirectory) + "/" + name);
  }

  void remove_old() {
    bool any = false;
    for (const FoldedFile& file : merged_) {
      if (file.name == new_name_) continue;
      remove(file.name);
      any = true;
    }
    if (any) sync_file(system_, dir_, kDirectory);
    for (const std::uint64_t number : chosen_) remove(std::to_string(number));
    sync_file(system_, dir_, kDirectory);
  }

  System& system_;
  int dir_;
  int tmp_dir_;
  FoldLimits limits_;
  RecordFiles files_;
  std::set<std::uint64_t> singles_;
  std::vector<FoldedFile> folded_, merged_;
  std::uint64_t highest_ = 0;
  std::set<std::uint64_t> chosen_;
  std::string new_name_;
};

}  // namespace

FoldTotals fold_records(System& system, int checkpoints_dir, int tmp_dir, std::map<std::uint64_t, Record>& replaced,
                        const FoldLimits& limits) {
  return Folding(system, checkpoints_dir, tmp_dir, limits).run(replaced);
}

}  // namespace metamori
