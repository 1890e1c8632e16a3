#include <utility>
#include <vector>

#include "core/c_api_support.hpp"

namespace metamori::c_api {
namespace {

/// The caller's own writers.
class OwnWriters final : public Pause {
 public:
  explicit OwnWriters(const metamori_pause& given) : given_(given) {}
  void begin() override {
    if (given_.begin != nullptr && given_.begin(given_.user) != 0)
      throw Error(ErrorKind::refused, "the program could not hold its own writers still");
  }
  bool end() noexcept override { return given_.end == nullptr || given_.end(given_.user) == 0; }

 private:
  const metamori_pause& given_;
};

/// Several, one within the other.
class Pauses final : public Pause {
 public:
  explicit Pauses(std::vector<std::unique_ptr<Pause>> pauses) : pauses_(std::move(pauses)) {}
  void begin() override {
    for (began_ = 0; began_ < pauses_.size(); ++began_) {
      try {
        pauses_[began_]->begin();
      } catch (...) {
        end();
        throw;
      }
    }
  }
  bool end() noexcept override {
    bool held = true;
    while (began_ > 0) held = pauses_[--began_]->end() && held;
    return held;
  }

 private:
  std::vector<std::unique_ptr<Pause>> pauses_;
  std::size_t began_ = 0;
};

}  // namespace

std::unique_ptr<Pause> pause_of(const metamori_pause& given) {
  std::vector<std::unique_ptr<Pause>> pauses;
  if (given.begin != nullptr || given.end != nullptr) pauses.push_back(std::make_unique<OwnWriters>(given));
  if (given.cgroup != nullptr) pauses.push_back(pause_cgroup(given.cgroup, given.max_ms));
  if (given.pid != 0) pauses.push_back(pause_process_tree(given.pid, given.max_ms));
  return std::make_unique<Pauses>(std::move(pauses));
}

}  // namespace metamori::c_api
