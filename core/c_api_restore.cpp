// The C interface: putting back, and checking.

#include "core/c_api_support.hpp"

namespace {

using namespace metamori;
using namespace metamori::c_api;

metamori_restore_report describe(const RestoreReport& from) {
  metamori_restore_report report = METAMORI_RESTORE_REPORT_INIT;
  report.written = from.written;
  report.removed = from.removed;
  report.unchanged = from.unchanged;
  report.left_alone = from.left_alone;
  report.bytes_written = from.bytes_written;
  report.warnings = from.warnings.size();
  report.saved_as = from.saved_as ? from.saved_as->number : 0;
  report.checkpoint = from.checkpoint.number;
  report.passed_over = from.passed_over.size();
  report.torn = from.torn.size();
  return report;
}

Overwrite overwrite_of(const metamori_overwrite& overwrite) {
  switch (number_in(overwrite)) {
    case METAMORI_OVERWRITE_ALWAYS:
      return Overwrite::always;
    case METAMORI_OVERWRITE_IF_CHANGED:
      return Overwrite::if_changed;
    case METAMORI_OVERWRITE_NEVER:
      return Overwrite::never;
  }
  fail_usage("no such way to treat existing files");
}

RecoverMode recover_mode_of(const metamori_recover_mode& mode) {
  switch (number_in(mode)) {
    case METAMORI_RECOVER_FINISH:
      return RecoverMode::finish;
    case METAMORI_RECOVER_ABORT:
      return RecoverMode::abort;
    case METAMORI_RECOVER_FORCE:
      return RecoverMode::force;
  }
  fail_usage("no such way to recover");
}

}  // namespace

metamori_kind metamori_restore(metamori_repository* repository, const char* revision, const metamori_restore_options* options,
                               metamori_restore_report* report, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    const metamori_restore_options given = options_of(options, metamori_restore_options METAMORI_RESTORE_OPTIONS_INIT);
    give(metamori_restore_report METAMORI_RESTORE_REPORT_INIT, report);
    Callback callback(given.control);
    RestoreOptions restore;
    restore.revision = revision;
    restore.paths = strings(given.paths, given.path_count);
    if (given.target != nullptr) restore.target = given.target;
    restore.remove_extra = given.remove_extra != 0;
    restore.dry_run = given.dry_run != 0;
    restore.save = given.no_save == 0;
    restore.force = given.force != 0;
    restore.verify = given.verify != 0;
    restore.keep_inode = given.keep_inode != 0;
    restore.same_owner = given.same_owner != 0;
    restore.special = given.special != 0;
    restore.fall_back = given.fall_back != 0;
    restore.overwrite = overwrite_of(given.overwrite);
    restore.control = control_of(given.control, callback);
    give(describe(repository->repository.restore(restore)), report);
  });
}

metamori_kind metamori_undo(metamori_repository* repository, const metamori_control* control, metamori_restore_report* report,
                            metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_restore_report METAMORI_RESTORE_REPORT_INIT, report);
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    RestoreOptions options;
    options.control = control_of(given, callback);
    give(describe(repository->repository.undo(options)), report);
  });
}

metamori_kind metamori_recover(metamori_repository* repository, metamori_recover_mode mode, const metamori_control* control,
                               int* was_pending, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    const RecoverReport report = repository->repository.recover(recover_mode_of(mode), control_of(given, callback));
    if (was_pending != nullptr) *was_pending = report.was_pending ? 1 : 0;
  });
}

metamori_kind metamori_verify(metamori_repository* repository, int data, const metamori_control* control, metamori_verify_report* report,
                              metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_verify_report METAMORI_VERIFY_REPORT_INIT, report);
    VerifyOptions options;
    const metamori_control given = control_or_none(control);
    Callback callback(given);
    options.data = data != 0;
    options.control = control_of(given, callback);
    const VerifyReport found = repository->repository.verify(options);
    metamori_verify_report result = METAMORI_VERIFY_REPORT_INIT;
    result.problems = found.problems.size();
    result.checkpoints = found.checkpoints;
    result.packs = found.packs;
    result.chunks = found.chunks;
    result.checked_bytes = found.checked_bytes;
    const std::string first = found.ok() ? std::string() : found.problems.front().where + ": " + found.problems.front().message;
    copy_text(first, result.first_problem);
    give(result, report);
    if (!found.ok()) throw Error(ErrorKind::corrupt, std::to_string(found.problems.size()) + " problems, the first: " + first);
  });
}
