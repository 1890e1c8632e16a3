#include "base/files.hpp"

namespace metamori {

Mapping::Mapping(System& system, int fd, std::uint64_t size, std::string_view path) : system_(&system) {
  if (size == 0) return;  // the kernel refuses to map nothing
  const int error = retry_interrupted([&] { return system.map(fd, size, address_); });
  if (error < 0) throw_io(-error, "map", path);
  size_ = size;
}

Mapping::Mapping(Mapping&& other) noexcept
    : system_(other.system_), address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(system_, other.system_);
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (address_ != nullptr) system_->unmap(address_, size_);
}

}  // namespace metamori
