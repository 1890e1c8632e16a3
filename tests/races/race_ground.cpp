#include "tests/races/race_ground.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "core/tree_diff.hpp"
#include "tests/support/engine_world.hpp"

namespace metamori::test {
namespace {

constexpr std::int64_t kOldEnoughNs = 25'000'000;

char letter(unsigned generation) { return static_cast<char>('a' + generation % 26); }

struct RawFd {
  explicit RawFd(int raw) : fd(raw) {
    if (raw < 0) throw std::runtime_error(std::string("open: ") + std::strerror(errno));
  }
  RawFd(const RawFd&) = delete;
  RawFd& operator=(const RawFd&) = delete;
  ~RawFd() { ::close(fd); }
  int fd;
};

/// As they were before, whatever happened since.
class KeptTimes {
 public:
  explicit KeptTimes(std::string path) : path_(std::move(path)) { ::lstat(path_.c_str(), &before_); }
  KeptTimes(const KeptTimes&) = delete;
  KeptTimes& operator=(const KeptTimes&) = delete;
  ~KeptTimes() {
    const timespec times[] = {before_.st_atim, before_.st_mtim};
    ::utimensat(AT_FDCWD, path_.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

 private:
  std::string path_;
  struct stat before_ {};
};

using Held = std::optional<std::string>;

/// Whole, as it was before or after.
bool is_either(const Held& held, const std::string& before, const std::string& after) {
  return held && (*held == before || *held == after);
}

/// Some pages from the beginning as after, the others as before.
bool is_on_the_way(const Held& held, const std::string& before, const std::string& after) {
  if (!held || held->size() != before.size()) return false;
  std::size_t page = 0;
  while (page < kRacedPages && held->compare(page * kRacedPageBytes, kRacedPageBytes, after, page * kRacedPageBytes, kRacedPageBytes) == 0)
    ++page;
  return held->compare(page * kRacedPageBytes, std::string::npos, before, page * kRacedPageBytes, std::string::npos) == 0;
}

}  // namespace

std::string raced_content(unsigned generation) { return std::string(kRacedPages * kRacedPageBytes, letter(generation)); }

void let_times_grow_old() { real_system().sleep_ns(kOldEnoughNs); }

void write_over(const std::string& path, const std::string& text, std::size_t offset) {
  const RawFd file(::open(path.c_str(), O_WRONLY | O_CREAT, 0644));
  if (::pwrite(file.fd, text.data(), text.size(), static_cast<off_t>(offset)) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("short write");
}

HeldMapping::HeldMapping(const std::string& path) {
  const RawFd file(::open(path.c_str(), O_RDWR));
  void* const address = ::mmap(nullptr, kRacedPages * kRacedPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
  if (address == MAP_FAILED) throw std::runtime_error("mmap");
  address_ = static_cast<char*>(address);
}

HeldMapping::~HeldMapping() { ::munmap(address_, kRacedPages * kRacedPageBytes); }

void HeldMapping::store(unsigned generation) {
  for (std::size_t page = 0; page < kRacedPages; ++page) {
    std::memset(address_ + page * kRacedPageBytes, letter(generation), kRacedPageBytes);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

void RaceGround::store_mapped(unsigned generation) {
  struct stat now {};
  if (::stat(path("raced").c_str(), &now) != 0) throw std::runtime_error("stat");
  if (!mapping_ || mapped_inode_ != now.st_ino) {
    mapping_ = std::make_unique<HeldMapping>(path("raced"));
    mapped_inode_ = now.st_ino;
  }
  mapping_->store(generation);
}

std::vector<std::string> race_places() {
  std::vector<std::string> places{std::filesystem::temp_directory_path().string()};
  if (::access("/dev/shm", W_OK) == 0) places.emplace_back("/dev/shm");
  return places;
}

RaceGround::RaceGround(const std::string& parent) : system_(real_system()) {
  std::string pattern = parent + "/metamori-race-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  tree_ = pattern;
  init_at_tree(system_, tree_);
}

RaceGround::~RaceGround() {
  std::error_code ignored;
  std::filesystem::remove_all(tree_, ignored);
}

CheckpointReport RaceGround::take(System& system) const { return test::checkpoint(system, one_worker(), tree_); }

CheckpointReport RaceGround::checkpoint() { return checkpoint_meeting(0, {}); }

std::uint64_t RaceGround::count_calls() {
  checkpoint();
  return system_.count_all();
}

CheckpointReport RaceGround::checkpoint_meeting(std::uint64_t call, const std::function<void()>& change) {
  system_.clear_faults();
  system_.reset_counts();
  const auto is_sync = [](const CallInfo& info) { return info.call == Call::sync || info.call == Call::sync_file_system; };
  system_.set_fault({.matches = is_sync, .for_ever = true, .action = FaultAction::skip});
  std::uint64_t seen = 0;
  system_.on_before([&](const CallInfo&) {
    if (++seen == call) change();
  });
  CheckpointReport report = take(system_);
  system_.on_before({});
  return report;
}

std::map<std::string, std::string> RaceGround::stored(std::uint64_t number) {
  std::map<std::string, std::string> files;
  const auto engine = open_at_tree(system_, tree_);
  for (const auto& [path, node] : checkpointed_tree(*engine, number))
    if (S_ISREG(node.mode)) files.emplace(path, as_text(node.content));
  return files;
}

std::map<std::string, std::string> RaceGround::found() const {
  std::map<std::string, std::string> files;
  for (auto entry = std::filesystem::recursive_directory_iterator(tree_); entry != std::filesystem::recursive_directory_iterator();
       ++entry) {
    if (entry->path().filename() == ".metamori") entry.disable_recursion_pending();
    if (!entry->is_regular_file()) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    files.emplace(std::filesystem::relative(entry->path(), tree_).string(), std::string(std::istreambuf_iterator<char>(file), {}));
  }
  return files;
}

const std::vector<Change>& content_changes() {
  static const std::vector<Change> changes = {
      {"pages stored through a mapping", [](RaceGround& ground, unsigned g) { ground.store_mapped(g); }, is_on_the_way},
      {"pages written",
       [](RaceGround& ground, unsigned g) {
         for (std::size_t page = 0; page < kRacedPages; ++page)
           write_over(ground.path("raced"), raced_content(g).substr(0, kRacedPageBytes), page * kRacedPageBytes);
       },
       is_on_the_way},
      {"pages written, and the time forged",
       [](RaceGround& ground, unsigned g) {
         const KeptTimes times(ground.path("raced"));
         for (std::size_t page = 0; page < kRacedPages; ++page)
           write_over(ground.path("raced"), raced_content(g).substr(0, kRacedPageBytes), page * kRacedPageBytes);
       },
       is_on_the_way},
      {"renamed over",
       [](RaceGround& ground, unsigned g) {
         write_over(ground.path("next"), raced_content(g));
         std::filesystem::rename(ground.path("next"), ground.path("raced"));
       },
       is_either},
      {"another inode, of the same number perhaps, with its times",
       [](RaceGround& ground, unsigned g) {
         const KeptTimes times(ground.path("raced"));
         ::unlink(ground.path("raced").c_str());
         write_over(ground.path("raced"), raced_content(g));
       },
       [](const Held& held, const std::string& before, const std::string& after) { return !held || is_either(held, before, after); }},
      {"copied and truncated",
       [](RaceGround& ground, unsigned g) {
         std::filesystem::copy_file(ground.path("raced"), ground.path("raced.1"), std::filesystem::copy_options::overwrite_existing);
         std::filesystem::resize_file(ground.path("raced"), 0);
         write_over(ground.path("raced"), raced_content(g));
       },
       [](const Held& held, const std::string& before, const std::string& after) {
         return held && (held->empty() || is_either(held, before, after));
       }},
      {"swapped with another",
       [](RaceGround& ground, unsigned g) {
         write_over(ground.path("other"), raced_content(g));
         ::renameat2(AT_FDCWD, ground.path("other").c_str(), AT_FDCWD, ground.path("raced").c_str(), RENAME_EXCHANGE);
       },
       is_either},
  };
  return changes;
}

}  // namespace metamori::test
