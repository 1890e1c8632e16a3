// A small job to try checkpoints on: heat spreading over a square plate, in float64. It treats its files as simulations do:
//   run.log      a line is appended every step
//   state.bin    frames of the field, written in place: frame k at its own offset, and the step in the header after every step
//   restart.dat  everything needed to go on, written as restart.tmp and renamed, every so many steps
// Started where there is a restart.dat, it goes on from there: cuts run.log back to where it was, keeps the frames written before, and
// computes the rest. The three files must be of one moment for that; it refuses to go on where they plainly are not. Equal options give
// equal bytes, however often it was stopped.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

struct Options {
  std::uint64_t steps = 2000;
  std::uint64_t seed = 1;
  std::uint64_t size = 256;          // points along an edge
  std::uint64_t rate = 0;            // steps a second; 0: as fast as it goes
  std::uint64_t restart_every = 50;  // steps
  std::uint64_t frame_every = 50;    // steps
};

/// The first bytes of restart.dat; the field follows.
struct RestartHeader {
  std::array<char, 8> magic{'H', 'E', 'A', 'T', 'R', 'S', 'T', '1'};
  std::uint64_t size = 0;
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint64_t log_bytes = 0;     // length of run.log after this step
  std::uint64_t log_checksum = 0;  // of those bytes
  std::uint64_t field_checksum = 0;
};

/// The first bytes of state.bin; the frames follow, one after another.
struct StateHeader {
  std::array<char, 8> magic{'H', 'E', 'A', 'T', 'F', 'R', 'M', '1'};
  std::uint64_t size = 0;
  std::uint64_t frame_count = 0;
  std::uint64_t step = 0;
};

constexpr std::uint64_t kChecksumStart = 0xCBF29CE484222325;

/// FNV-1a.
std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t value = kChecksumStart) {
  for (const std::byte byte : bytes) value = (value ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3;
  return value;
}

class File {
 public:
  File(std::string name, int flags) : name_(std::move(name)), fd_(::open(name_.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail("open");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }

  void write_at(std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
  }
  /// One write call: a line is in the log as a whole or not at all.
  void append(std::string_view text) {
    if (::write(fd_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("append to");
  }
  [[nodiscard]] std::vector<std::byte> read_whole() const {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail("stat");
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t got = ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) fail("read");
      done += static_cast<std::size_t>(got);
    }
    return bytes;
  }
  void truncate(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) fail("truncate");
  }
  void sync() {
    if (::fsync(fd_) != 0) fail("sync");
  }

 private:
  [[noreturn]] void fail(const char* action) const {
    throw std::system_error(errno, std::generic_category(), std::string(action) + ' ' + name_);
  }
  std::string name_;
  int fd_;
};

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

class Plate {
 public:
  Plate(std::uint64_t size, std::uint64_t seed) : size_(size), now_(size * size), next_(size * size) {
    std::uint64_t random = seed * 0x9E3779B97F4A7C15 + 1;
    for (int spot = 0; spot < 12; ++spot) {
      random ^= random << 13, random ^= random >> 7, random ^= random << 17;
      now_[random % now_.size()] = static_cast<double>(1000 + random % 9000);
    }
    next_ = now_;
  }
  /// One explicit Euler step; the edges stay cold.
  void step() {
    for (std::uint64_t y = 1; y + 1 < size_; ++y) {
      const double* const row = now_.data() + y * size_;
      for (std::uint64_t x = 1; x + 1 < size_; ++x)
        next_[y * size_ + x] = row[x] + 0.2 * (row[x - 1] + row[x + 1] + row[x - size_] + row[x + size_] - 4 * row[x]);
    }
    now_.swap(next_);
  }
  [[nodiscard]] std::vector<double>& field() { return now_; }
  [[nodiscard]] double hottest() const {
    double result = 0;
    for (const double value : now_) result = std::fmax(result, value);
    return result;
  }

 private:
  std::uint64_t size_;
  std::vector<double> now_, next_;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        plate_(options.size, options.seed),
        log_("run.log", O_RDWR | O_CREAT | O_APPEND),
        state_("state.bin", O_RDWR | O_CREAT) {
    state_header_.size = options.size;
    state_header_.frame_count = options.steps / options.frame_every + 1;
    if (::access("restart.dat", F_OK) == 0)
      resume();
    else
      begin();
  }

  void go() {
    const auto started = std::chrono::steady_clock::now();
    for (std::uint64_t done = 1; step_ < options_.steps; ++done) {
      plate_.step();
      ++step_;
      log_line();
      save_state();
      if (step_ % options_.restart_every == 0 || step_ == options_.steps) save_restart();
      if (options_.rate != 0) std::this_thread::sleep_until(started + std::chrono::nanoseconds(done * 1'000'000'000 / options_.rate));
    }
  }

 private:
  void begin() {
    log_.truncate(0);
    state_.truncate(sizeof(StateHeader) + state_header_.frame_count * frame_bytes());
    save_state();
  }

  void resume() {
    const std::vector<std::byte> saved = File("restart.dat", O_RDONLY).read_whole();
    RestartHeader header;
    if (saved.size() != sizeof header + frame_bytes()) throw std::runtime_error("restart.dat does not fit these options");
    std::memcpy(&header, saved.data(), sizeof header);
    const std::span<const std::byte> field(saved.data() + sizeof header, frame_bytes());
    if (header.magic != RestartHeader().magic || header.size != options_.size || header.seed != options_.seed ||
        header.field_checksum != checksum(field))
      throw std::runtime_error("restart.dat is damaged, or of another run");
    const std::vector<std::byte> log = log_.read_whole();
    if (log.size() < header.log_bytes || checksum(std::span(log).first(header.log_bytes)) != header.log_checksum)
      throw std::runtime_error("run.log and restart.dat are not of one moment");
    StateHeader state;
    const std::vector<std::byte> frames = state_.read_whole();
    if (frames.size() == sizeof state + state_header_.frame_count * frame_bytes()) std::memcpy(&state, frames.data(), sizeof state);
    if (state.size != options_.size || state.step < header.step)
      throw std::runtime_error("state.bin and restart.dat are not of one moment");
    std::memcpy(plate_.field().data(), field.data(), field.size());
    step_ = header.step;
    log_.truncate(header.log_bytes);
    log_bytes_ = header.log_bytes;
    log_checksum_ = header.log_checksum;
    std::printf("heat: going on from step %llu\n", static_cast<unsigned long long>(step_));
    std::fflush(stdout);
  }

  void log_line() {
    std::array<char, 96> line;
    const int length =
        std::snprintf(line.data(), line.size(), "step %llu hottest %.17g\n", static_cast<unsigned long long>(step_), plate_.hottest());
    const std::string_view text(line.data(), static_cast<std::size_t>(length));
    log_.append(text);
    log_bytes_ += text.size();
    log_checksum_ = checksum(std::as_bytes(std::span(text)), log_checksum_);
  }

  void save_state() {
    if (step_ % options_.frame_every == 0)
      state_.write_at(std::as_bytes(std::span(plate_.field())), sizeof(StateHeader) + step_ / options_.frame_every * frame_bytes());
    state_header_.step = step_;
    state_.write_at(bytes_of(state_header_), 0);
  }

  void save_restart() {
    const auto field = std::as_bytes(std::span(plate_.field()));
    RestartHeader header;
    header.size = options_.size;
    header.seed = options_.seed;
    header.step = step_;
    header.log_bytes = log_bytes_;
    header.log_checksum = log_checksum_;
    header.field_checksum = checksum(field);
    File file("restart.tmp", O_WRONLY | O_CREAT | O_TRUNC);
    file.write_at(bytes_of(header), 0);
    file.write_at(field, sizeof header);
    file.sync();
    if (::rename("restart.tmp", "restart.dat") != 0) throw std::system_error(errno, std::generic_category(), "rename restart.tmp");
  }

  [[nodiscard]] std::size_t frame_bytes() const { return options_.size * options_.size * sizeof(double); }

  Options options_;
  Plate plate_;
  File log_, state_;
  StateHeader state_header_;
  std::uint64_t step_ = 0;
  std::uint64_t log_bytes_ = 0;
  std::uint64_t log_checksum_ = kChecksumStart;
};

Options read_options(std::span<char* const> arguments) {
  Options options;
  const std::map<std::string_view, std::uint64_t*> known{{"--steps", &options.steps},
                                                         {"--seed", &options.seed},
                                                         {"--size", &options.size},
                                                         {"--rate", &options.rate},
                                                         {"--restart-every", &options.restart_every},
                                                         {"--frame-every", &options.frame_every}};
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const auto found = known.find(arguments[i]);
    if (found == known.end() || i + 1 == arguments.size())
      throw std::invalid_argument(
          "usage: heat [--steps N] [--seed N] [--size N] [--rate STEPS-A-SECOND] [--restart-every N] [--frame-every N]");
    const std::string_view text = arguments[i + 1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *found->second);
    if (error != std::errc() || end != text.data() + text.size()) throw std::invalid_argument("heat: not a number: " + std::string(text));
  }
  if (options.size < 3 || options.size > 8192 || options.restart_every == 0 || options.frame_every == 0)
    throw std::invalid_argument("heat: --size is 3 to 8192, the others are not 0");
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Run(read_options(std::span(arguments, static_cast<std::size_t>(count)))).go();
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heat: %s\n", error.what());
    return 1;
  }
}
