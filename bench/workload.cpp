// Makes and changes the files that bench/compare measures with. Everything comes from the seed, so all tools see the same bytes in every
// run.
//   workload float PATH BYTES SEED            appends float64 values of a smooth field with noise in the lower bits
//   workload log PATH BYTES SEED              appends lines of text
//   workload rewrite PATH SEED PERCENT SPOT   writes new float64 values over that part of the file, at random spots of SPOT bytes
//   workload pages PATH SEED COUNT            writes random bytes over COUNT random pages of 4 KiB
//   workload insert PATH OFFSET BYTES SEED    inserts random bytes, as an editor would: the file is written anew and renamed
//   workload job PATH SECONDS                 works for so long as a simulation does: sweeps over 256 MiB of memory, rewrites a stretch of
//   the
//                                             file after each, as PATH's size allows; prints how many sweeps it came to a second

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBlock = 1 << 20;
constexpr std::size_t kPage = 4096;

/// SplitMix64: the same numbers with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15 + 0x1234567) {}
  std::uint64_t next() {
    std::uint64_t value = (state_ += 0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::uint64_t state_;
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) throw std::invalid_argument("not a number: " + std::string(text));
  return value;
}

/// A field as simulations have it: neighbours are alike, the last 36 bits of the mantissa are noise.
void fill_float(Random& random, std::vector<char>& block) {
  double phase = static_cast<double>(random.below(1000)) / 100;
  for (std::size_t at = 0; at + 8 <= block.size(); at += 8) {
    phase += 1e-4;
    const double noise = static_cast<double>(random.next() >> 11) * 0x1p-53;
    const double value = (2 + std::sin(phase)) * (1 + 0x1p-16 * noise);
    std::memcpy(block.data() + at, &value, 8);
  }
}

void fill_random(Random& random, std::vector<char>& block) {
  for (std::size_t at = 0; at < block.size(); at += 8) {
    const std::uint64_t value = random.next();
    std::memcpy(block.data() + at, &value, std::min<std::size_t>(8, block.size() - at));
  }
}

void fill_log(Random& random, std::uint64_t& line, std::vector<char>& block) {
  std::size_t at = 0;
  while (at < block.size()) {
    char text[160];
    const int length =
        std::snprintf(text, sizeof text, "2026-01-01 12:%02u:%02u.%03u rank %3u iteration %9llu residual %.9e max|u| %.6f\n",
                      static_cast<unsigned>(line / 60 % 60), static_cast<unsigned>(line % 60), static_cast<unsigned>(random.below(1000)),
                      static_cast<unsigned>(random.below(256)), static_cast<unsigned long long>(line),
                      static_cast<double>(random.next() >> 11) * 0x1p-60, static_cast<double>(random.below(1000000)) / 1e5);
    const std::size_t taken = std::min(static_cast<std::size_t>(length), block.size() - at);
    std::memcpy(block.data() + at, text, taken);
    at += taken;
    ++line;
  }
}

std::fstream open_for_change(const std::string& path) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  if (!file) throw std::runtime_error("cannot open " + path);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  return file;
}

void append(const std::string& kind, const std::string& path, std::uint64_t bytes, std::uint64_t seed) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  Random random(seed);
  std::uint64_t line = seed * 1000000;
  for (std::uint64_t done = 0; done < bytes;) {
    std::vector<char> block(std::min<std::uint64_t>(kBlock, bytes - done));
    if (kind == "float")
      fill_float(random, block);
    else
      fill_log(random, line, block);
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
    done += block.size();
  }
  file.close();
}

void rewrite(const std::string& path, std::uint64_t seed, std::uint64_t percent, std::uint64_t spot) {
  const std::uint64_t spots = std::filesystem::file_size(path) / spot;
  Random random(seed);
  std::set<std::uint64_t> chosen;
  while (chosen.size() < std::max<std::uint64_t>(1, spots * percent / 100)) chosen.insert(random.below(spots));
  std::fstream file = open_for_change(path);
  std::vector<char> block(spot);
  for (const std::uint64_t index : chosen) {
    fill_float(random, block);
    file.seekp(static_cast<std::streamoff>(index * spot));
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
  }
  file.close();
}

void rewrite_pages(const std::string& path, std::uint64_t seed, std::uint64_t count) {
  const std::uint64_t pages = std::filesystem::file_size(path) / kPage;
  Random random(seed);
  std::set<std::uint64_t> chosen;
  while (chosen.size() < std::min(count, pages)) chosen.insert(random.below(pages));
  std::fstream file = open_for_change(path);
  std::vector<char> block(kPage);
  for (const std::uint64_t index : chosen) {
    fill_random(random, block);
    file.seekp(static_cast<std::streamoff>(index * kPage));
    file.write(block.data(), static_cast<std::streamsize>(block.size()));
  }
  file.close();
}

void insert(const std::string& path, std::uint64_t offset, std::uint64_t bytes, std::uint64_t seed) {
  Random random(seed);
  std::vector<char> added(bytes);
  fill_random(random, added);
  std::ifstream source(path, std::ios::binary);
  std::ofstream target(path + ".new", std::ios::binary);
  target.exceptions(std::ios::failbit | std::ios::badbit);
  std::vector<char> block(kBlock);
  for (std::uint64_t at = 0; source;) {
    const std::uint64_t wanted = at < offset ? std::min<std::uint64_t>(kBlock, offset - at) : kBlock;
    source.read(block.data(), static_cast<std::streamsize>(wanted));
    target.write(block.data(), source.gcount());
    at += static_cast<std::uint64_t>(source.gcount());
    if (at == offset && !added.empty()) {
      target.write(added.data(), static_cast<std::streamsize>(added.size()));
      added.clear();
    }
  }
  target.close();
  std::filesystem::rename(path + ".new", path);
}

void run_job(const std::string& path, std::uint64_t seconds) {
  constexpr std::size_t kCells = (std::size_t{256} << 20) / sizeof(double);
  constexpr std::size_t kWritten = 4 * kBlock;
  std::vector<double> field(kCells, 1.0);
  std::fstream file = open_for_change(path);
  const std::uint64_t stretches = std::max<std::uint64_t>(1, std::filesystem::file_size(path) / kWritten);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  std::uint64_t sweeps = 0;
  for (; elapsed() < static_cast<double>(seconds); ++sweeps) {
    for (std::size_t i = 1; i + 1 < field.size(); ++i) field[i] = 0.25 * (field[i - 1] + 2 * field[i] + field[i + 1]);
    file.seekp(static_cast<std::streamoff>(sweeps * 7 % stretches * kWritten));
    file.write(reinterpret_cast<const char*>(field.data()), kWritten);
    file.flush();
  }
  std::printf("%.3f\n", static_cast<double>(sweeps) / elapsed());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    const std::string kind = words.empty() ? "" : words[0];
    if ((kind == "float" || kind == "log") && words.size() == 4)
      append(kind, words[1], number(words[2]), number(words[3]));
    else if (kind == "rewrite" && words.size() == 5)
      rewrite(words[1], number(words[2]), number(words[3]), number(words[4]));
    else if (kind == "pages" && words.size() == 4)
      rewrite_pages(words[1], number(words[2]), number(words[3]));
    else if (kind == "insert" && words.size() == 5)
      insert(words[1], number(words[2]), number(words[3]), number(words[4]));
    else if (kind == "job" && words.size() == 3)
      run_job(words[1], number(words[2]));
    else
      throw std::invalid_argument("usage: see the head of workload.cpp");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "workload: %s\n", error.what());
    return 1;
  }
}
