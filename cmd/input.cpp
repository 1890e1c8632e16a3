#include "cmd/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

[[noreturn]] void throw_read_error(int err, const std::string& file) {
  throw Error(ErrorKind::io, "read '" + file + "': " + std::generic_category().message(err), {}, file);
}

}  // namespace

InputDescriptor::InputDescriptor(std::string file)
    : file_(std::move(file)), is_own_(file_ != "-"), raw_(is_own_ ? ::open(file_.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO) {
  if (raw_ < 0) throw_read_error(errno, file_);
}

InputDescriptor::~InputDescriptor() {
  if (is_own_) ::close(raw_);
}

std::size_t InputDescriptor::read(void* buffer, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(raw_, buffer, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw_read_error(errno, file_);
  }
}

std::vector<std::string> read_nul_separated(const std::string& file) {
  InputDescriptor input(file);
  std::vector<std::string> words;
  std::string word;
  std::array<char, 65536> buffer{};
  while (const std::size_t count = input.read(buffer.data(), buffer.size())) {
    for (const char c : std::string_view(buffer.data(), count)) {
      if (c != '\0') {
        word += c;
      } else {
        words.push_back(std::exchange(word, {}));
      }
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

}  // namespace metamori::cmd
