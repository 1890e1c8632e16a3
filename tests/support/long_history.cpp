#include "tests/support/long_history.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace metamori::test {
namespace {

constexpr std::size_t kStateBytes = 256 << 10;
constexpr std::size_t kPageBytes = 4096;
constexpr std::uint64_t kPages = kStateBytes / kPageBytes;
constexpr std::uint64_t kInputFiles = 200;
constexpr std::uint64_t kRestartEvery = 10;

void write(const std::filesystem::path& path, std::string_view text, std::ios::openmode mode = std::ios::trunc) {
  std::ofstream file(path, std::ios::binary | std::ios::out | mode);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw std::runtime_error("can't write " + path.string());
}

/// Bytes that don't compress, the same for the same seed.
std::string noise(std::uint64_t seed, std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56U);
  }
  return bytes;
}

void take_step(const std::filesystem::path& tree, std::uint64_t step) {
  {
    std::fstream state(tree / "out/state.bin", std::ios::binary | std::ios::in | std::ios::out);
    state.seekp(static_cast<std::streamoff>(step * 7 % kPages * kPageBytes));
    state << noise(step, kPageBytes);
  }
  write(tree / "out/log.txt", "step " + std::to_string(step) + " is done\n", std::ios::app);
  write(tree / "step", std::to_string(step));
  if (step % kRestartEvery == 1 && std::filesystem::exists(tree / "out/restart.bin"))
    std::filesystem::rename(tree / "out/restart.bin", tree / "out/old.bin");
  if (step % kRestartEvery == 0) write(tree / "out/restart.bin", noise(step, kPageBytes));
}

}  // namespace

Repository make_long_history(const LongHistoryOptions& options) {
  const std::filesystem::path tree = options.directory;
  std::filesystem::create_directories(tree / "out");
  std::filesystem::create_directories(tree / "input");
  for (std::uint64_t i = 0; i < kInputFiles; ++i) write(tree / "input" / ("mesh-" + std::to_string(i)), noise(i, 1000));
  write(tree / "out/state.bin", noise(0, kStateBytes));
  InitOptions init;
  init.directory = options.directory;
  Repository repository = Repository::init(init);
  for (std::uint64_t step = 1; step <= options.checkpoints; ++step) {
    take_step(tree, step);
    CheckpointOptions checkpoint;
    checkpoint.message = "step " + std::to_string(step);
    checkpoint.metadata = {{"step", std::to_string(step)}};
    repository.checkpoint(checkpoint);
    if (options.branch_every == 0 || step % options.branch_every != 0) continue;
    RestoreOptions back;
    back.revision = "HEAD~10";
    repository.restore(back);
  }
  return repository;
}

}  // namespace metamori::test
