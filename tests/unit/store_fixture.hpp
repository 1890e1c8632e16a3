#pragma once

// What the store's tests share: a repository's directories on the real file system, and bytes of several sorts.

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/digest.hpp"
#include "objects/chunk_store.hpp"
#include "tests/support/encoding_base.hpp"
#include "tests/support/temp_dir.hpp"

namespace metamori::test {

/// An empty repository's directories.
class StoreDirs {
 public:
  explicit StoreDirs(bool with_cache = true) {
    for (const char* name : {"packs", "tmp", "trash", "cache"}) std::filesystem::create_directory(dir_.path() / name);
    dirs.packs = open("packs");
    dirs.tmp = open("tmp");
    dirs.trash = open("trash");
    if (with_cache) dirs.cache = open("cache");
  }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }
  [[nodiscard]] std::size_t count(const std::string& name) const {
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path(name))) ++files;
    return files;
  }
  RepositoryDirs dirs;

 private:
  Fd open(const char* name) { return open_directory(real_system(), AT_FDCWD, (dir_ / name).c_str(), name); }
  TempDir dir_;
};

inline Bytes noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// A random walk of doubles.
inline Bytes float_walk(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<> step(0, 1e-3);
  Bytes bytes(size);
  double value = 100;
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    value += step(random);
    std::memcpy(bytes.data() + i, &value, 8);
  }
  return bytes;
}

inline Bytes text(std::size_t size, std::uint64_t seed) {
  static constexpr const char* kWords[] = {"the ",     "state ", "of ",  "a ",          "running ", "job ",
                                           "changes ", "while ", "it\n", "checkpoint ", "energy=",  "-12.5 "};
  std::mt19937_64 random(seed);
  std::string result;
  while (result.size() < size) result += kWords[random() % std::size(kWords)];
  result.resize(size);
  return to_bytes(result);
}

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return to_bytes(std::string(std::istreambuf_iterator<char>(in), {}));
}
inline void write_file(const std::filesystem::path& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Whether `call` throws corrupt; any other error passes through.
template <class Call>
bool is_corrupt(Call call) {
  try {
    call();
    return false;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return true;
  }
}

}  // namespace metamori::test
