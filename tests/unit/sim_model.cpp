// What makes the simulation worth believing: random calls on it and on the kernel's file system must answer alike and leave like trees.

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/support/sim_system.hpp"
#include "tests/support/temp_dir.hpp"

namespace metamori::test {
namespace {

enum class Kind {
  open,
  open_beneath,
  close,
  read,
  write,
  truncate,
  seek_data,
  seek_hole,
  punch,
  stat,
  stat_at,
  set_mode,
  set_mode_at,
  set_owner_at,
  set_mtime_at,
  set_mtime,
  set_attribute,
  get_attribute,
  remove_attribute,
  list_attributes,
  list,
  mkdir,
  unlink,
  rmdir,
  rename,
  link,
  symlink,
  readlink,
  mknod,
  sync,
};
constexpr int kKindCount = static_cast<int>(Kind::sync) + 1;

struct Step {
  Kind kind;
  unsigned a;  ///< which name, and other choices
  unsigned b;
  unsigned c;
};

void showValue(const Step& step, std::ostream& os) {
  os << "{" << static_cast<int>(step.kind) << ", " << step.a << ", " << step.b << ", " << step.c << "}";
}

/// Few names, so that they meet.
const char* name_of(unsigned choice) {
  static constexpr std::array<const char*, 18> kNames{"a",   "b",    "c",      "a/b", "a/c", "b/a",  "a/b/c", "c/a", "b/c",
                                                      "a/.", "b/..", "b/../c", "c/",  "./a", "a//b", "..",    ".",   "b/c/a/b"};
  return kNames[choice % kNames.size()];
}

int flags_of(unsigned choice) {
  static constexpr std::array<int, 16> kFlags{O_RDONLY,
                                              O_RDWR | O_CREAT,
                                              O_RDWR | O_CREAT | O_EXCL,
                                              O_WRONLY | O_CREAT | O_TRUNC,
                                              O_RDWR,
                                              O_RDONLY | O_DIRECTORY,
                                              O_RDONLY | O_NOFOLLOW,
                                              O_PATH | O_NOFOLLOW,
                                              O_PATH,
                                              O_RDWR | O_TRUNC,
                                              O_RDWR | O_CREAT | O_NOFOLLOW,
                                              O_RDWR | O_TMPFILE,
                                              O_WRONLY | O_TMPFILE | O_EXCL,
                                              O_WRONLY | O_APPEND,
                                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                              O_PATH | O_DIRECTORY};
  return kFlags[choice % kFlags.size()] | O_NONBLOCK;
}

std::uint32_t mode_of(unsigned choice) {
  static constexpr std::array<std::uint32_t, 8> kModes{0644, 0755, 0600, 0777, 04755, 02775, 01777, 0};
  return kModes[choice % kModes.size()];
}

const char* target_of(unsigned choice) {
  static constexpr std::array<const char*, 7> kTargets{"a", "b/c", "../a", ".", "nothing", "c/", "a/b"};
  return kTargets[choice % kTargets.size()];
}

const char* attribute_of(unsigned choice) {
  static constexpr std::array<const char*, 4> kAttributes{"user.one", "user.two", "other.three", "user.four"};
  return kAttributes[choice % kAttributes.size()];
}

std::uint64_t position_of(unsigned choice) {
  static constexpr std::array<std::uint64_t, 8> kPositions{0, 1, 511, 4095, 4096, 5000, 12288, 20000};
  return kPositions[choice % kPositions.size()];
}

/// Runs steps on one System, below one directory, and tells what each answered.
class Machine {
 public:
  Machine(System& system, std::string top) : system_(system), top_(std::move(top)) {
    root_ = system_.open_at(AT_FDCWD, top_.c_str(), O_RDONLY | O_DIRECTORY, 0);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    for (const int fd : files_)
      if (fd >= 0) system_.close(fd);
    system_.close(root_);
  }
  std::string run(const Step& step) { return std::to_string(answer(step)) + detail_; }
  std::string tree() {
    std::string text;
    describe("", root_, text);
    return text;
  }

 private:
  static constexpr std::size_t kSlots = 4;

  int file(unsigned choice) const { return files_[choice % kSlots]; }

  std::int64_t open(const Step& step, bool beneath) {
    int& slot = files_[step.b % kSlots];
    if (slot >= 0) system_.close(slot);
    slot = beneath ? system_.open_beneath(root_, name_of(step.a), flags_of(step.c), mode_of(step.b))
                   : system_.open_at(root_, name_of(step.a), flags_of(step.c), mode_of(step.b));
    return std::min(slot, 0);
  }
  std::int64_t close(const Step& step) {
    int& slot = files_[step.a % kSlots];
    return slot < 0 ? 0 : system_.close(std::exchange(slot, -1));
  }
  std::int64_t read(const Step& step) {
    std::array<std::byte, 6000> buffer;
    const std::int64_t count =
        system_.read_at(file(step.a), std::span(buffer).first(1 + position_of(step.b) % buffer.size()), position_of(step.c));
    if (count > 0) detail_ = to_hex(std::span(buffer).first(static_cast<std::size_t>(count)));
    return count;
  }
  std::int64_t write(const Step& step) {
    Bytes bytes(1 + position_of(step.b) % 6000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(1 + (i * 7 + step.c) % 251);
    return system_.write_at(file(step.a), bytes, position_of(step.c));
  }
  std::int64_t stat_of_name(const Step& step, bool by_descriptor) {
    FileStat stat;
    const int error = by_descriptor ? system_.stat(file(step.a), stat) : system_.stat_at(root_, name_of(step.a), stat);
    if (error == 0) detail_ = summary(stat);
    return error;
  }
  std::int64_t attribute_of_name(const Step& step) {
    std::array<std::byte, 3> buffer;
    const auto room = std::span(buffer).first(step.c % 4);
    const std::int64_t count = system_.get_attribute(root_, name_of(step.a), attribute_of(step.b), room);
    if (count > 0 && !room.empty()) detail_ = to_hex(room.first(static_cast<std::size_t>(count)));
    return count;
  }
  std::int64_t link_text(const Step& step) {
    std::array<std::byte, 3> buffer;
    const std::int64_t count = system_.read_symlink(root_, name_of(step.a), buffer);
    if (count > 0) detail_ = as_text(std::span(buffer).first(static_cast<std::size_t>(count)));
    return count;
  }
  std::int64_t list(const Step& step) {
    const int fd = file(step.a);
    std::array<std::byte, 4096> buffer;
    const std::int64_t error = system_.read_directory(fd, buffer);
    if (error < 0) return error;
    FileStat stat;
    system_.stat(fd, stat);
    if (stat.link_count == 0) return 0;
    std::vector<std::string> names;
    for (const DirectoryName& name : list_directory(system_, fd, "listed")) names.push_back(name.name + std::to_string(name.type));
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) detail_ += ' ' + name;
    return 0;
  }
  std::int64_t list_attribute_names(const std::string& name) {
    std::array<std::byte, 300> buffer;
    const std::int64_t count = system_.list_attributes(root_, name.c_str(), buffer);
    if (count <= 0) return count;
    std::vector<std::string> names;
    std::string_view rest = as_text(std::span(buffer).first(static_cast<std::size_t>(count)));
    for (; !rest.empty(); rest.remove_prefix(std::min(rest.find('\0') + 1, rest.size())))
      if (rest.starts_with("user.")) names.emplace_back(rest.substr(0, rest.find('\0')));  // not those a security module adds
    std::sort(names.begin(), names.end());
    for (const std::string& one : names) detail_ += ' ' + one;
    return 0;
  }

  std::int64_t answer(const Step& step) {
    detail_.clear();
    const char* const name = name_of(step.a);
    switch (step.kind) {
      case Kind::open:
        return open(step, false);
      case Kind::open_beneath:
        return open(step, true);
      case Kind::close:
        return close(step);
      case Kind::read:
        return read(step);
      case Kind::write:
        return write(step);
      case Kind::truncate:
        return system_.truncate(file(step.a), position_of(step.b));
      case Kind::seek_data:
        return system_.seek_data(regular(step.a), position_of(step.b));
      case Kind::seek_hole:
        return system_.seek_hole(regular(step.a), position_of(step.b));
      case Kind::punch:
        return system_.punch_hole(file(step.a), position_of(step.b), position_of(step.c));
      case Kind::stat:
        return stat_of_name(step, true);
      case Kind::stat_at:
        return stat_of_name(step, false);
      case Kind::set_mode:
        return system_.set_mode(file(step.a), mode_of(step.b));
      case Kind::set_mode_at:
        return system_.set_mode_at(root_, name, mode_of(step.b));
      case Kind::set_owner_at:
        return system_.set_owner_at(root_, name, step.b % 3, step.c % 3);
      case Kind::set_mtime:
        return system_.set_mtime(file(step.a), {step.b - 5, step.c % 1000});
      case Kind::set_mtime_at:
        return system_.set_mtime_at(root_, name, {step.b, step.c % 1000});
      case Kind::set_attribute:
        return system_.set_attribute(root_, name, attribute_of(step.b), Bytes(step.c % 5, std::byte{7}));
      case Kind::get_attribute:
        return attribute_of_name(step);
      case Kind::remove_attribute:
        return system_.remove_attribute(root_, name, attribute_of(step.b));
      case Kind::list_attributes:
        return list_attribute_names(name);
      case Kind::list:
        return list(step);
      case Kind::mkdir:
        return system_.make_directory(root_, name, mode_of(step.b));
      case Kind::unlink:
        return system_.remove_file(root_, name);
      case Kind::rmdir:
        return system_.remove_directory(root_, name);
      case Kind::rename:
        return system_.rename(root_, name, root_, name_of(step.b), static_cast<RenameMode>(step.c % 3));
      case Kind::link:
        return system_.link(root_, name, root_, name_of(step.b));
      case Kind::symlink:
        return system_.make_symlink(target_of(step.b), root_, name);
      case Kind::readlink:
        return link_text(step);
      case Kind::mknod:
        return system_.make_node(root_, name, (step.c % 2 == 0 ? S_IFIFO : S_IFREG) | mode_of(step.b), 0, 0);
      case Kind::sync:
        return system_.sync(file(step.a));
    }
    return 0;
  }

  /// A descriptor of a regular file, or none: file systems differ about holes in directories.
  int regular(unsigned choice) {
    FileStat stat;
    return system_.stat(file(choice), stat) == 0 && S_ISREG(stat.mode) ? file(choice) : -1;
  }
  static std::string summary(const FileStat& stat) {
    std::string text = " mode " + std::to_string(stat.mode) + " owner " + std::to_string(stat.uid) + ":" + std::to_string(stat.gid);
    // File systems count a directory's size, and some its links, in their own way.
    if (!S_ISDIR(stat.mode)) text += " links " + std::to_string(stat.link_count) + " size " + std::to_string(stat.size_bytes);
    if (stat.mtime.seconds < 1'000'000'000)
      text += " mtime " + std::to_string(stat.mtime.seconds) + "." + std::to_string(stat.mtime.nanoseconds);
    return text;
  }
  void describe(const std::string& prefix, int dir, std::string& text) {
    std::vector<DirectoryName> names = list_directory(system_, dir, prefix);
    std::sort(names.begin(), names.end(), [](const auto& x, const auto& y) { return x.name < y.name; });
    for (const DirectoryName& one : names) {
      const FileStat stat = *find_stat(system_, dir, one.name.c_str(), one.name);
      text += prefix + one.name + summary(stat);
      detail_.clear();
      if (list_attribute_names(prefix + one.name) >= 0) text += detail_;
      if (S_ISLNK(stat.mode)) {
        std::array<std::byte, 100> target;
        text +=
            " -> " +
            std::string(as_text(std::span(target).first(static_cast<std::size_t>(system_.read_symlink(dir, one.name.c_str(), target)))));
      }
      if (S_ISREG(stat.mode)) {
        const Fd fd = open_file(system_, dir, one.name.c_str(), O_RDONLY, 0, one.name);
        text += " " + to_hex(ByteView(read_whole(system_, fd.get(), 1 << 20, one.name)));
      }
      text += "\n";
      if (S_ISDIR(stat.mode)) describe(prefix + one.name + "/", open_directory(system_, dir, one.name.c_str(), one.name).get(), text);
    }
  }

  System& system_;
  std::string top_;
  int root_ = -1;
  std::array<int, kSlots> files_{-1, -1, -1, -1};
  std::string detail_;
};

rc::Gen<Step> any_step() {
  const auto choice = rc::gen::inRange<unsigned>(0, 1000);
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, kKindCount), choice, choice, choice), [](const auto& values) {
    return Step{static_cast<Kind>(std::get<0>(values)), std::get<1>(values), std::get<2>(values), std::get<3>(values)};
  });
}

/// The steps of a run that does more than fail: it begins with a small tree.
const std::vector<Step> kBeginning{{Kind::mkdir, 0, 1, 0}, {Kind::mkdir, 1, 1, 0}, {Kind::mkdir, 3, 1, 0},  {Kind::open, 4, 0, 1},
                                   {Kind::write, 0, 5, 0}, {Kind::open, 6, 1, 1},  {Kind::symlink, 2, 1, 0}};

/// File systems differ in where holes begin; the simulation does as ext4.
bool is_comparable(const Step& step, bool on_ext4) {
  return on_ext4 || (step.kind != Kind::punch && step.kind != Kind::seek_data && step.kind != Kind::seek_hole);
}

TEST(SimModel, AnswersAsTheKernelDoes) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: the simulation does not check permissions";
  ::umask(022);
  check_many(60, 150, [] {
    const TempDir real_top;
    SimSystem sim;
    // Deep enough that no step can climb out.
    const std::string top = real_top / "x/y/z";
    std::filesystem::create_directories(top);
    sim.make_directories(top);
    struct statfs info {};
    RC_ASSERT(::statfs(top.c_str(), &info) == 0);
    const bool on_ext4 = info.f_type == 0xef53;
    Machine real(real_system(), top);
    Machine simulated(sim, top);
    for (const Step& step : kBeginning) RC_ASSERT(real.run(step) == simulated.run(step));
    for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step())) {
      if (!is_comparable(step, on_ext4)) continue;
      const std::string wanted = real.run(step);
      const std::string got = simulated.run(step);
      RC_LOG() << static_cast<int>(step.kind) << " " << name_of(step.a) << " " << name_of(step.b) << ": " << wanted.substr(0, 80)
               << std::endl;
      RC_ASSERT(got == wanted);
    }
    RC_ASSERT(simulated.tree() == real.tree());
  });
}

}  // namespace
}  // namespace metamori::test
