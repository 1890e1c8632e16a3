#pragma once

// Where a command's words go. Writes are buffered and every failure is noticed, late ones too: a report that did not reach its reader is a
// failure.

#include <fmt/core.h>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace metamori::cmd {

/// The reader of a pipe has gone away: not an error, but a reason to stop.
class ClosedPipe : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "the reader of the output has gone away"; }
};

/// A buffered stream of bytes.
class Output {
 public:
  explicit Output(std::size_t buffer_bytes) : capacity_(buffer_bytes) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  virtual ~Output() = default;

  /// Throws ClosedPipe, or Error (io).
  void write(std::string_view bytes);
  void flush();
  template <class... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }

 protected:
  /// Takes all of `bytes`, or throws.
  virtual void drain(std::string_view bytes) = 0;

 private:
  std::size_t capacity_;
  std::string buffer_;
};

/// Output to a descriptor that it does not own.
class DescriptorOutput final : public Output {
 public:
  DescriptorOutput(int descriptor, std::string name, std::size_t buffer_bytes)
      : Output(buffer_bytes), descriptor_(descriptor), name_(std::move(name)) {}
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  void drain(std::string_view bytes) override;
  int descriptor_;
  std::string name_;
};

/// Width of the terminal that `descriptor` is; 80 where it doesn't tell.
std::size_t terminal_columns(int descriptor) noexcept;

/// Output kept in memory.
class StringOutput final : public Output {
 public:
  StringOutput() : Output(0) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void drain(std::string_view bytes) override { text_ += bytes; }
  std::string text_;
};

}  // namespace metamori::cmd
