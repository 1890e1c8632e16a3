#include <git2.h>
#include <gtest/gtest.h>

#include <set>

#include "objects/git/repository_view.hpp"
#include "tests/support/fault_system.hpp"
#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/history_support.hpp"

// Random histories against a naive model, and against libgit2 over the same records.

namespace metamori::test {
namespace {

struct Node {
  Position position;
  std::vector<std::size_t> parents;  // indexes of nodes
  bool forgotten = false;
  bool safety = false;
};

struct World {
  World() {
    // What is durable is not the matter here, and fsync would take nearly all the time.
    unsynced.set_fault({.matches = FaultSystem::only(Call::sync), .for_ever = true, .action = FaultAction::skip});
  }
  FaultSystem unsynced{real_system()};
  TestRepository repository{true, unsynced};
  std::vector<Node> nodes;
  std::vector<std::size_t> head_values;  // as they came

  void grow(int steps) {
    for (int i = 0; i < steps; ++i) {
      const int what = *rc::gen::inRange(0, 10);
      const auto any = [&] { return *rc::gen::inRange<std::size_t>(0, nodes.size()); };
      if (what == 0 && !nodes.empty()) {
        const std::size_t target = any();
        if (!nodes[target].forgotten) {
          repository.move_to(nodes[target].position);
          head_values.push_back(target);
        }
      } else if (what == 1 && !nodes.empty()) {
        forget(any());
      } else {
        add(what == 2);
      }
    }
  }
  void forget(std::size_t target) {
    if (nodes[target].forgotten) return;
    repository.forget(nodes[target].position);
    nodes[target].forgotten = true;
  }
  void add(bool safety) {
    Node node;
    node.safety = safety;
    Wanted wanted;
    wanted.kind = safety ? RecordKind::safety : RecordKind::checkpoint;
    wanted.message = "m" + std::to_string(*rc::gen::inRange(0, 5)) + "\n";
    wanted.seconds = 1'700'000'000 + *rc::gen::inRange(-50, 50);  // the clock goes back and forth
    std::set<std::size_t> parents;
    for (int i = nodes.empty() ? 0 : *rc::gen::inRange(0, 4); i > 0; --i)
      parents.insert(*rc::gen::inRange<std::size_t>(nodes.size() > 6 ? nodes.size() - 6 : 0, nodes.size()));
    for (const std::size_t parent : parents) {
      node.parents.push_back(parent);
      wanted.parents.push_back(nodes[parent].position);
    }
    node.position = repository.add(wanted);
    if (!safety) head_values.push_back(nodes.size());
    nodes.push_back(node);
  }
  void reach(std::size_t from, std::set<std::size_t>& seen) const {
    if (!seen.insert(from).second) return;
    for (const std::size_t parent : nodes[from].parents) reach(parent, seen);
  }
  [[nodiscard]] std::optional<std::size_t> live_first_parent(std::size_t at) const {
    do {
      if (nodes[at].parents.empty()) return std::nullopt;
      at = nodes[at].parents.front();
    } while (nodes[at].forgotten);
    return at;
  }
};

RC_GTEST_PROP(GraphProp, WalksAndAncestorsAreThoseOfTheModel, ()) {
  World world;
  world.grow(*rc::gen::inRange(5, 25));
  if (world.nodes.empty()) return;
  History history(world.repository.log);
  const std::size_t from = *rc::gen::inRange<std::size_t>(0, world.nodes.size());
  std::set<std::size_t> seen;
  world.reach(from, seen);
  std::vector<Position> wanted;
  for (auto i = seen.rbegin(); i != seen.rend(); ++i)
    if (!world.nodes[*i].forgotten) wanted.push_back(world.nodes[*i].position);
  RC_ASSERT(history.walk({world.nodes[from].position}, SIZE_MAX) == wanted);
  const std::size_t limit = *rc::gen::inRange<std::size_t>(0, 5);
  wanted.resize(std::min(limit, wanted.size()));
  RC_ASSERT(history.walk({world.nodes[from].position}, limit) == wanted);
  for (std::size_t i = 0; i < world.nodes.size(); ++i)
    RC_ASSERT(history.is_ancestor(world.nodes[i].position, world.nodes[from].position) == seen.contains(i));
}

RC_GTEST_PROP(GraphProp, RevisionsAreThoseOfTheModel, ()) {
  World world;
  world.grow(*rc::gen::inRange(5, 25));
  if (world.nodes.empty()) return;
  History history(world.repository.log);
  for (std::size_t i = 0; i < world.nodes.size(); ++i) {
    const Position& position = world.nodes[i].position;
    RC_ASSERT(history.resolve(std::to_string(position.number)) == position);
    RC_ASSERT(history.resolve(history.short_id(position.id)) == position);
    std::optional<std::size_t> ancestor = i;
    for (int n = 1; ancestor; ++n) {
      ancestor = world.live_first_parent(*ancestor);
      const std::string revision = "#" + std::to_string(position.number) + "~" + std::to_string(n);
      if (ancestor) {
        RC_ASSERT(history.resolve(revision) == world.nodes[*ancestor].position);
      } else {
        RC_ASSERT(error_kind([&] { history.resolve(revision); }) == ErrorKind::bad_revision);
      }
    }
  }
  std::vector<std::size_t> log;
  for (const std::size_t value : world.head_values)
    if (!world.nodes[value].forgotten && (log.empty() || log.back() != value)) log.push_back(value);
  for (std::size_t n = 0; n < log.size(); ++n)
    RC_ASSERT(history.resolve("@{" + std::to_string(n) + "}") == world.nodes[log[log.size() - 1 - n]].position);
  RC_ASSERT(error_kind([&] { history.resolve("@{" + std::to_string(log.size()) + "}"); }) == ErrorKind::bad_revision);
}

/// Without anything forgotten, libgit2 must see the same graph.
RC_GTEST_PROP(GraphProp, Libgit2Agrees, ()) {
  World world;
  const int size = *rc::gen::inRange(3, 15);
  for (int i = 0; i < size; ++i) world.add(false);
  History history(world.repository.log);
  RepositoryView view(world.repository.log);
  for (const Node& node : world.nodes) {
    git_oid from;
    RC_ASSERT(git_oid_fromstr(&from, to_hex(node.position.id).c_str()) == 0);
    for (const Node& other : world.nodes) {
      git_oid to;
      RC_ASSERT(git_oid_fromstr(&to, to_hex(other.position.id).c_str()) == 0);
      const bool wanted = node.position == other.position || git_graph_descendant_of(view.repository(), &from, &to) == 1;
      RC_ASSERT(history.is_ancestor(other.position, node.position) == wanted);
    }
    git_revwalk* walk = nullptr;
    RC_ASSERT(git_revwalk_new(&walk, view.repository()) == 0);
    RC_ASSERT(git_revwalk_push(walk, &from) == 0);
    std::set<std::string> ids;
    for (git_oid oid; git_revwalk_next(&oid, walk) == 0;) ids.insert(std::string(reinterpret_cast<const char*>(oid.id), sizeof oid.id));
    git_revwalk_free(walk);
    std::set<std::string> ours;
    for (const Position& position : history.walk({node.position}, SIZE_MAX)) ours.insert(std::string(as_text(position.id.bytes)));
    RC_ASSERT(ours == ids);
    const std::string base = to_hex(node.position.id);
    for (const char* steps : {"~1", "^", "^2", "~2^", "^2~1", "^0", "~3"}) {
      std::optional<CheckpointId> found;
      error_kind([&] { found = history.resolve(base + steps).id; });
      RC_ASSERT(found == view.find(base + steps));
    }
  }
}

}  // namespace
}  // namespace metamori::test
