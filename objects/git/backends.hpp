#pragma once

// libgit2's two seams, filled from a RepositoryView: where objects and references come from. Nothing is ever written through them. No
// callback calls back into the object database, whose lock libgit2 holds meanwhile, and none lets an exception out.

#include "objects/git/repository_view.hpp"

namespace metamori {

struct ObjectBackend : git_odb_backend {
  explicit ObjectBackend(RepositoryView& the_view) : git_odb_backend{}, view(the_view) {}
  void set_callbacks() noexcept;
  static int read_to(RepositoryView& view, void** data, std::size_t* size, git_object_t* type, git_odb_backend* self,
                     const CheckpointId& id);
  static int read_one(void** data, std::size_t* size, git_object_t* type, git_odb_backend* self, const git_oid* oid);
  static int read_prefixed(git_oid* found, void** data, std::size_t* size, git_object_t* type, git_odb_backend* self, const git_oid* prefix,
                           std::size_t digits);
  static int read_head(std::size_t* size, git_object_t* type, git_odb_backend* self, const git_oid* oid);
  static int is_there(git_odb_backend* self, const git_oid* oid);
  static int find_prefix(git_oid* found, git_odb_backend* self, const git_oid* prefix, std::size_t digits);
  static int visit_all(git_odb_backend* self, git_odb_foreach_cb visit, void* payload);
  RepositoryView& view;
};

struct RefBackend : git_refdb_backend {
  explicit RefBackend(RepositoryView& the_view) : git_refdb_backend{}, view(the_view) {}
  void set_callbacks() noexcept;
  static int has_ref(int* exists, git_refdb_backend* self, const char* name);
  static int find_ref(git_reference** out, git_refdb_backend* self, const char* name);
  static int iterate(git_reference_iterator** out, git_refdb_backend* self, const char* glob);
  static int read_log(git_reflog** out, git_refdb_backend* self, const char* name);
  static int refuse(const RefBackend& self);
  RepositoryView& view;
};

struct RefIterator : git_reference_iterator {
  RefIterator(RepositoryView& the_view, std::vector<RepositoryView::Ref> the_refs);
  static int next_ref(git_reference** out, git_reference_iterator* self);
  static int next_ref_name(const char** out, git_reference_iterator* self);
  RepositoryView& view;
  std::vector<RepositoryView::Ref> refs;
  std::size_t at = 0;
};

template <class Work>
int RepositoryView::guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    failure_ = std::current_exception();
    git_.git_error_set_str(GIT_ERROR_ODB, "reading a record failed");
    return GIT_ERROR;
  }
}

}  // namespace metamori
