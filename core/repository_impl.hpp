#pragma once

#include <memory>
#include <utility>

#include "core/engine.hpp"

namespace metamori {

class Repository::Impl {
 public:
  explicit Impl(std::unique_ptr<Engine> the_engine) : engine_(std::move(the_engine)) {}
  Engine& engine() noexcept { return *engine_; }
  [[nodiscard]] const Engine& engine() const noexcept { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace metamori
