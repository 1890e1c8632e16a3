#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>

namespace metamori::cmd {

/// Signals that are waited for instead of striking: blocked in this thread, and in all that it starts, while this lives. Those that were
/// ignored when it began stay so, but for the ones in `revived`.
class SignalQueue {
 public:
  struct Signal {
    int number = 0;
    bool is_from_kernel = false;  ///< from the terminal: its whole process group has it
  };
  /// Throws io.
  SignalQueue(std::initializer_list<int> signals, std::initializer_list<int> revived);
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;
  ~SignalQueue();
  /// Becomes readable when there is one.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// The next one that has come, without waiting.
  std::optional<Signal> take();

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

}  // namespace metamori::cmd
