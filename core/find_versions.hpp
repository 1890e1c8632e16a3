#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/lineage.hpp"
#include "metamori/find.hpp"

namespace metamori {

/// Turns changes of paths, met on a walk through the lineage in preorder, into versions and the checkpoints that hold each: all that
/// descend from the one that made it, but for those below a further change. The cost is that of the changes, however many checkpoints
/// hold a version.
class FindVersions {
 public:
  explicit FindVersions(const Lineage& lineage);
  /// The order to walk in; each of them must be entered.
  [[nodiscard]] const std::vector<std::size_t>& order() const noexcept { return order_; }
  void enter(std::size_t place);
  /// In the checkpoint entered last the path became what `version` says.
  void change(const std::string& path, FoundVersion version);
  /// All paths, sorted, when all have been entered.
  std::vector<FoundPath> finish();

 private:
  static constexpr std::size_t kNone = Lineage::kNone;
  /// Places in the order, both included.
  using Stretch = std::pair<std::size_t, std::size_t>;
  struct PathState {
    FoundPath found;
    std::vector<std::vector<Stretch>> held;  ///< by version
    std::size_t current = kNone;             ///< version, where the walk is
    std::size_t since = 0;                   ///< place from which it is held without a break
  };
  struct Undo {
    std::size_t path;
    std::size_t version;
  };
  struct Open {
    std::size_t node;
    std::vector<Undo> undos;
  };

  void close_current(PathState& state, std::size_t place);
  void leave(std::size_t place);
  [[nodiscard]] std::vector<NumberRange> ranges(const std::vector<Stretch>& stretches) const;

  const Lineage& lineage_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> breaks_;  ///< places whose node doesn't follow that of the place before
  std::vector<Open> open_;           ///< the way down to where the walk is
  std::size_t place_ = 0;
  std::vector<PathState> states_;
  std::unordered_map<std::string, std::size_t> places_of_paths_;
};

}  // namespace metamori
