#include "objects/git/backends.hpp"

#include <fnmatch.h>

#include <cstring>

namespace metamori {
namespace {

RepositoryView& view_of(git_odb_backend* self) { return static_cast<ObjectBackend*>(self)->view; }
RepositoryView& view_of(git_refdb_backend* self) { return static_cast<RefBackend*>(self)->view; }

CheckpointId to_id(const git_oid& oid) {
  CheckpointId id;
  std::memcpy(id.bytes.data(), oid.id, sizeof oid.id);
  return id;
}

git_oid to_oid(const CheckpointId& id) {
  git_oid oid;
  std::memcpy(oid.id, id.bytes.data(), sizeof oid.id);
  return oid;
}

}  // namespace

void ObjectBackend::set_callbacks() noexcept {
  read = read_one;
  read_prefix = read_prefixed;
  read_header = read_head;
  exists = is_there;
  exists_prefix = find_prefix;
  foreach
    = visit_all;
  free = [](git_odb_backend* self) { delete static_cast<ObjectBackend*>(self); };
}

int ObjectBackend::read_to(RepositoryView& view, void** data, std::size_t* size, git_object_t* type, git_odb_backend* self,
                           const CheckpointId& id) {
  const auto object = view.read_object(id);
  if (!object) return GIT_ENOTFOUND;
  *size = object->content.size();
  *type = object->type;
  if (data == nullptr) return GIT_OK;
  *data = view.git_.git_odb_backend_data_alloc(self, *size + 1);
  if (*data == nullptr) return GIT_ERROR;
  if (*size != 0) std::memcpy(*data, object->content.data(), *size);
  static_cast<char*>(*data)[*size] = '\0';  // libgit2 reads objects as text that ends so
  return GIT_OK;
}

int ObjectBackend::read_one(void** data, std::size_t* size, git_object_t* type, git_odb_backend* self, const git_oid* oid) {
  RepositoryView& view = view_of(self);
  return view.guarded([&] { return read_to(view, data, size, type, self, to_id(*oid)); });
}

int ObjectBackend::read_head(std::size_t* size, git_object_t* type, git_odb_backend* self, const git_oid* oid) {
  RepositoryView& view = view_of(self);
  return view.guarded([&] { return read_to(view, nullptr, size, type, self, to_id(*oid)); });
}

int ObjectBackend::find_prefix(git_oid* found, git_odb_backend* self, const git_oid* prefix, std::size_t digits) {
  RepositoryView& view = view_of(self);
  return view.guarded([&]() -> int {
    const std::vector<CheckpointId> ids = view.ids_with_prefix(*prefix, digits);
    if (ids.empty()) return GIT_ENOTFOUND;
    if (ids.size() > 1) return GIT_EAMBIGUOUS;
    *found = to_oid(ids.front());
    return GIT_OK;
  });
}

int ObjectBackend::read_prefixed(git_oid* found, void** data, std::size_t* size, git_object_t* type, git_odb_backend* self,
                                 const git_oid* prefix, std::size_t digits) {
  if (const int code = find_prefix(found, self, prefix, digits); code < 0) return code;
  return read_one(data, size, type, self, found);
}

int ObjectBackend::is_there(git_odb_backend* self, const git_oid* oid) {
  RepositoryView& view = view_of(self);
  const CheckpointId id = to_id(*oid);
  return view.commits_.contains(id) || view.others_.contains(id) ? 1 : 0;
}

int ObjectBackend::visit_all(git_odb_backend* self, git_odb_foreach_cb visit, void* payload) {
  for (const auto& [id, number] : view_of(self).commits_) {
    const git_oid oid = to_oid(id);
    if (const int code = visit(&oid, payload); code != 0) return code;
  }
  return GIT_OK;
}

void RefBackend::set_callbacks() noexcept {
  exists = has_ref;
  lookup = find_ref;
  iterator = iterate;
  reflog_read = read_log;
  has_log = [](git_refdb_backend*, const char*) { return 1; };
  ensure_log = [](git_refdb_backend*, const char*) -> int { return GIT_OK; };
  free = [](git_refdb_backend* self) { delete static_cast<RefBackend*>(self); };
  // libgit2 insists on the rest, which this repository never does.
  write = [](git_refdb_backend* self, const git_reference*, int, const git_signature*, const char*, const git_oid*, const char*) {
    return refuse(*static_cast<RefBackend*>(self));
  };
  rename = [](git_reference**, git_refdb_backend* self, const char*, const char*, int, const git_signature*, const char*) {
    return refuse(*static_cast<RefBackend*>(self));
  };
  del = [](git_refdb_backend* self, const char*, const git_oid*, const char*) { return refuse(*static_cast<RefBackend*>(self)); };
  reflog_write = [](git_refdb_backend* self, git_reflog*) { return refuse(*static_cast<RefBackend*>(self)); };
  reflog_rename = [](git_refdb_backend* self, const char*, const char*) { return refuse(*static_cast<RefBackend*>(self)); };
  reflog_delete = [](git_refdb_backend* self, const char*) { return refuse(*static_cast<RefBackend*>(self)); };
}

int RefBackend::refuse(const RefBackend& self) {
  self.view.git_.git_error_set_str(GIT_ERROR_REFERENCE, "this repository is read-only to git");
  return GIT_ERROR;
}

int RefBackend::has_ref(int* exists, git_refdb_backend* self, const char* name) {
  RepositoryView& view = view_of(self);
  return view.guarded([&]() -> int {
    *exists = view.find_reference(name) ? 1 : 0;
    return GIT_OK;
  });
}

int RefBackend::find_ref(git_reference** out, git_refdb_backend* self, const char* name) {
  RepositoryView& view = view_of(self);
  return view.guarded([&]() -> int {
    *out = nullptr;
    const auto target = view.find_reference(name);
    if (!target) return GIT_ENOTFOUND;
    const git_oid oid = to_oid(*target);
    *out = view.git_.git_reference__alloc(name, &oid, nullptr);
    return *out == nullptr ? GIT_ERROR : GIT_OK;
  });
}

int RefBackend::iterate(git_reference_iterator** out, git_refdb_backend* self, const char* glob) {
  RepositoryView& view = view_of(self);
  return view.guarded([&]() -> int {
    std::vector<RepositoryView::Ref> refs;
    for (auto& ref : view.references())
      if (ref.name != "HEAD" && (glob == nullptr || ::fnmatch(glob, ref.name.c_str(), 0) == 0)) refs.push_back(std::move(ref));
    *out = new RefIterator(view, std::move(refs));
    return GIT_OK;
  });
}

int RefBackend::read_log(git_reflog** out, git_refdb_backend* self, const char* name) {
  RepositoryView& view = view_of(self);
  return view.guarded([&]() -> int {
    *out = view.make_reflog(name);
    return *out == nullptr ? GIT_ERROR : GIT_OK;
  });
}

RefIterator::RefIterator(RepositoryView& the_view, std::vector<RepositoryView::Ref> the_refs)
    : git_reference_iterator{}, view(the_view), refs(std::move(the_refs)) {
  next = next_ref;
  next_name = next_ref_name;
  free = [](git_reference_iterator* self) { delete static_cast<RefIterator*>(self); };
}

int RefIterator::next_ref(git_reference** out, git_reference_iterator* self) {
  auto& iterator = *static_cast<RefIterator*>(self);
  if (iterator.at == iterator.refs.size()) return GIT_ITEROVER;
  const RepositoryView::Ref& ref = iterator.refs[iterator.at++];
  const git_oid oid = to_oid(ref.target);
  *out = iterator.view.git_.git_reference__alloc(ref.name.c_str(), &oid, nullptr);
  return *out == nullptr ? GIT_ERROR : GIT_OK;
}

int RefIterator::next_ref_name(const char** out, git_reference_iterator* self) {
  auto& iterator = *static_cast<RefIterator*>(self);
  if (iterator.at == iterator.refs.size()) return GIT_ITEROVER;
  *out = iterator.refs[iterator.at++].name.c_str();
  return GIT_OK;
}

}  // namespace metamori
