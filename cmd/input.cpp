#include "cmd/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "metamori/error.hpp"

namespace metamori::cmd {
namespace {

[[noreturn]] void throw_read_error(int err, const std::string& file) {
  throw Error(ErrorKind::io, "read '" + file + "': " + std::generic_category().message(err), {}, file);
}

/// Closes what was opened here; standard input stays.
class InputDescriptor {
 public:
  explicit InputDescriptor(const std::string& file)
      : is_own_(file != "-"), raw_(is_own_ ? ::open(file.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO) {
    if (raw_ < 0) throw_read_error(errno, file);
  }
  InputDescriptor(const InputDescriptor&) = delete;
  InputDescriptor& operator=(const InputDescriptor&) = delete;
  ~InputDescriptor() {
    if (is_own_) ::close(raw_);
  }
  [[nodiscard]] int get() const noexcept { return raw_; }

 private:
  bool is_own_;
  int raw_;
};

}  // namespace

std::vector<std::string> read_nul_separated(const std::string& file) {
  const InputDescriptor input(file);
  std::vector<std::string> words;
  std::string word;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::read(input.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_read_error(errno, file);
    if (count == 0) break;
    for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
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
