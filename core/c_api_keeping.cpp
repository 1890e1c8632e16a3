// The C interface: forgetting, pins, gc, copies.

#include "core/c_api_support.hpp"
#include "metamori/copy.hpp"

namespace {

using namespace metamori;
using namespace metamori::c_api;

KeepPolicy policy_of(const metamori_keep_policy& given) {
  KeepPolicy policy;
  policy.last = given.last;
  policy.hourly = given.hourly;
  policy.daily = given.daily;
  policy.weekly = given.weekly;
  policy.monthly = given.monthly;
  if (given.within_seconds >= 0) policy.within_seconds = given.within_seconds;
  policy.thin = given.thin != 0;
  policy.utc_offset_minutes = given.utc_offset_minutes;
  if (given.max_size != 0) policy.max_size_bytes = given.max_size;
  return policy;
}

}  // namespace

metamori_kind metamori_forget(metamori_repository* repository, const metamori_keep_policy* policy, const metamori_control* control,
                              uint64_t* forgotten, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(policy, "policy");
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    ForgetOptions options;
    options.keep = policy_of(options_of(policy, metamori_keep_policy METAMORI_KEEP_POLICY_INIT));
    options.control = control_of(given, callback);
    const ForgetReport report = repository->repository.forget(options);
    if (forgotten != nullptr) *forgotten = report.forgotten;
  });
}

metamori_kind metamori_forget_one(metamori_repository* repository, const char* revision, int force, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    ForgetOptions options;
    options.revisions = {revision};
    options.force = force != 0;
    repository->repository.forget(options);
  });
}

metamori_kind metamori_pin(metamori_repository* repository, const char* revision, int pinned, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    if (pinned != 0) {
      repository->repository.pin(revision);
    } else {
      repository->repository.unpin(revision);
    }
  });
}

metamori_kind metamori_gc(metamori_repository* repository, int if_worth_while, const metamori_control* control, metamori_gc_report* report,
                          metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_gc_report METAMORI_GC_REPORT_INIT, report);
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    GcOptions options;
    options.automatic = if_worth_while != 0;
    options.control = control_of(given, callback);
    const GcReport done = repository->repository.gc(options);
    metamori_gc_report result = METAMORI_GC_REPORT_INIT;
    result.was_needed = done.was_needed ? 1 : 0;
    result.is_complete = done.is_complete ? 1 : 0;
    result.bytes_before = done.bytes_before;
    result.bytes_after = done.bytes_after;
    result.packs_before = done.packs_before;
    result.packs_after = done.packs_after;
    result.checkpoints_released = done.checkpoints_released;
    give(result, report);
  });
}

metamori_kind metamori_copy(metamori_repository* source, metamori_repository* target, const char* const* revisions, size_t revision_count,
                            const metamori_control* control, metamori_copy_report* report, metamori_error* error) {
  return guarded(error, [&] {
    require(source, "source");
    require(target, "target");
    give(metamori_copy_report METAMORI_COPY_REPORT_INIT, report);
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    CopyOptions options;
    options.revisions = strings(revisions, revision_count);
    options.control = control_of(given, callback);
    const CopyReport done = copy(source->repository, target->repository, options);
    metamori_copy_report result = METAMORI_COPY_REPORT_INIT;
    result.copied = done.copied;
    result.ancestors = done.ancestors;
    result.chunks_copied = done.chunks_copied;
    result.bytes_read = done.bytes_read;
    result.bytes_added = done.bytes_added;
    give(result, report);
  });
}
