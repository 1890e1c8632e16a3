#include "cmd/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "metamori/error.hpp"

namespace metamori::cmd {

void Output::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() <= capacity_) {
    buffer_ += bytes;
    return;
  }
  flush();
  if (bytes.size() >= capacity_) {
    drain(bytes);
  } else {
    buffer_ += bytes;
  }
}

void Output::flush() {
  // Emptied first: what could not be written is not tried again.
  const std::string bytes = std::exchange(buffer_, {});
  if (!bytes.empty()) drain(bytes);
}

void DescriptorOutput::drain(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) throw ClosedPipe();
    if (count < 0) throw Error(ErrorKind::io, "write to " + name_ + ": " + std::generic_category().message(errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t terminal_columns(int descriptor) noexcept {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace metamori::cmd
