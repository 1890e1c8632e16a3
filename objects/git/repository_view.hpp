#pragma once

// The record log as a git repository: a libgit2 repository without a directory, whose objects and references come from the records.
// Read only. One thread owns it.

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "objects/git/libgit2_api.hpp"
#include "objects/record_log.hpp"

namespace metamori {

/// The reference that is `HEAD` but never a symbolic one. libgit2, unlike git, reads the current branch's log for `HEAD@{…}`.
inline constexpr const char* kHeadRef = "refs/metamori/head";

struct ObjectBackend;
struct RefBackend;

class RepositoryView {
 public:
  /// Starts libgit2. Throws unsupported.
  explicit RepositoryView(RecordLog& log);
  ~RepositoryView();
  RepositoryView(const RepositoryView&) = delete;
  RepositoryView& operator=(const RepositoryView&) = delete;

  /// The id that libgit2 finds for a phrase, or nothing if it finds none or does not understand it. Throws what the record log threw
  /// meanwhile.
  std::optional<CheckpointId> find(const std::string& phrase);
  /// Whether the last `find` came to a time before anything in the log that was asked.
  [[nodiscard]] bool was_before_first() const noexcept { return before_first_; }
  /// For tests, which compare with libgit2's own walks.
  [[nodiscard]] git_repository* repository() const noexcept { return repository_; }

 private:
  friend struct ObjectBackend;
  friend struct RefBackend;
  friend struct RefIterator;
  void build();
  void learn_commits();
  void tear_down() noexcept;
  void check(int code, const char* action) const;

  // For the backends, which must not let exceptions into libgit2: runs `work`, keeps what it throws for `find`.
  template <class Work>
  int guarded(Work work) noexcept;

  // Objects.
  struct Object {
    git_object_t type = GIT_OBJECT_INVALID;
    Bytes content;
  };
  std::optional<Object> read_object(const CheckpointId& id);
  /// Ids that start with the first `digits` hexadecimal digits of `prefix`; two are enough.
  std::vector<CheckpointId> ids_with_prefix(const git_oid& prefix, std::size_t digits);

  // References.
  struct Ref {
    std::string name;
    CheckpointId target;
  };
  std::vector<Ref> references();
  std::optional<CheckpointId> find_reference(const std::string& name);
  git_reflog* make_reflog(const std::string& name);

  RecordLog& log_;
  Libgit2 git_;
  git_repository* repository_ = nullptr;
  ObjectBackend* objects_ = nullptr;                         // owned by libgit2
  std::unordered_map<CheckpointId, std::uint64_t> commits_;  // number of the record
  std::unordered_map<CheckpointId, std::uint64_t> others_;   // trees and blobs of the records read so far
  std::pair<std::size_t, std::uint64_t> learned_;            // how many summaries there were, and the last number, when commits_ was filled
  std::exception_ptr failure_;
  bool before_first_ = false;
};

}  // namespace metamori
