#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace metamori::cmd {

/// A file to be read once from front to back; `-` is standard input, which stays open.
class InputDescriptor {
 public:
  /// Throws io.
  explicit InputDescriptor(std::string file);
  InputDescriptor(const InputDescriptor&) = delete;
  InputDescriptor& operator=(const InputDescriptor&) = delete;
  ~InputDescriptor();
  /// How many bytes came; 0 at the end. Throws io.
  std::size_t read(void* buffer, std::size_t size);

 private:
  std::string file_;
  bool is_own_;
  int raw_;
};

/// Words of a file, each ended by a NUL (the last may lack it); `-` is standard input. Throws io.
std::vector<std::string> read_nul_separated(const std::string& file);

}  // namespace metamori::cmd
