#include "core/held_still.hpp"

#include "base/assert.hpp"
#include "metamori/error.hpp"

namespace metamori {

HeldStill::~HeldStill() {
  if (is_holding_) pause_->end();
}

void HeldStill::hold() {
  if (pause_ == nullptr) return;
  MM_ASSERT(!is_holding_);
  asked_ns_ = system_.monotonic_ns();
  pause_->begin();
  is_holding_ = true;
  since_ns_ = system_.monotonic_ns();
}

void HeldStill::release() {
  if (!is_holding_) return;
  is_holding_ = false;
  const bool held = pause_->end();
  held_ns_ += system_.monotonic_ns() - asked_ns_;
  if (!held)
    throw Error(ErrorKind::timed_out, "the pause was over before everything was captured; nothing was published",
                "what was stored so far serves the next run; allow more time (--max-pause), or use 'metamori stage' first");
}

}  // namespace metamori
