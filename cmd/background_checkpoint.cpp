#include "cmd/background_checkpoint.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "cmd/priority.hpp"

namespace metamori::cmd {

BackgroundCheckpoint::BackgroundCheckpoint(Session& session)
    : open_(session.open_options()), descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw Error(ErrorKind::io, "make an event descriptor: " + std::generic_category().message(errno));
}

BackgroundCheckpoint::~BackgroundCheckpoint() {
  stop();
  if (thread_.joinable()) thread_.join();
  ::close(descriptor_);
}

void BackgroundCheckpoint::start(CheckpointOptions options, std::string reason, bool is_nice) {
  outcome_ = {std::move(reason), std::nullopt, std::nullopt};
  options.control.stop = &stop_;
  thread_ = std::thread([this, options = std::move(options), is_nice] {
    if (is_nice) be_nice();
    try {
      outcome_.report = Repository::open(open_).checkpoint(options);
    } catch (const Error& error) {
      outcome_.error = error;
    } catch (const std::exception& error) {
      outcome_.error = Error(ErrorKind::io, error.what());
    }
    const std::uint64_t one = 1;
    // Can't fail: the counter is far from full.
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
  });
}

CheckpointOutcome BackgroundCheckpoint::take() {
  thread_.join();
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(descriptor_, &count, sizeof count);
  return std::move(outcome_);
}

}  // namespace metamori::cmd
