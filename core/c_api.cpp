// The C interface: each function is one call of the C++ one, with errors turned into kinds. No exception leaves this file.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include "metamori/metamori.h"
#include "metamori/repository.hpp"

struct metamori_repository {
  metamori::Repository repository;
};
struct metamori_stop {
  std::atomic<bool> raised{false};
};
struct metamori_log {
  std::vector<metamori::CheckpointInfo> checkpoints;
};

namespace {

using namespace metamori;

static_assert(std::atomic<bool>::is_always_lock_free);  // or a signal handler could not raise it

template <std::size_t Size>
void copy_text(std::string_view text, char (&field)[Size]) noexcept {
  const std::size_t length = std::min(text.size(), Size - 1);
  std::memcpy(field, text.data(), length);
  std::memset(field + length, 0, Size - length);
}

metamori_kind kind_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
      return METAMORI_USAGE;
    case ErrorKind::no_repository:
      return METAMORI_NO_REPOSITORY;
    case ErrorKind::locked:
      return METAMORI_LOCKED;
    case ErrorKind::bad_revision:
      return METAMORI_BAD_REVISION;
    case ErrorKind::corrupt:
      return METAMORI_CORRUPT;
    case ErrorKind::unsupported:
      return METAMORI_UNSUPPORTED;
    case ErrorKind::no_space:
      return METAMORI_NO_SPACE;
    case ErrorKind::refused:
      return METAMORI_REFUSED;
    case ErrorKind::interrupted:
      return METAMORI_INTERRUPTED;
    case ErrorKind::timed_out:
      return METAMORI_TIMED_OUT;
    case ErrorKind::torn:
      return METAMORI_TORN;
    case ErrorKind::io:
      return METAMORI_IO;
  }
  return METAMORI_INTERNAL;
}

metamori_kind fill(metamori_error* error, metamori_kind kind, std::string_view message, std::string_view hint) noexcept {
  if (error == nullptr) return kind;
  error->kind = kind;
  copy_text(message, error->message);
  copy_text(hint, error->hint);
  return kind;
}

/// Runs `action` and says how it ended.
template <class Action>
metamori_kind guarded(metamori_error* error, Action action) noexcept {
  try {
    action();
    return fill(error, METAMORI_OK, {}, {});
  } catch (const Error& thrown) {
    return fill(error, kind_of(thrown.kind()), thrown.what(), thrown.hint());
  } catch (const std::bad_alloc&) {
    return fill(error, METAMORI_NO_MEMORY, "out of memory", {});
  } catch (const std::exception& thrown) {
    return fill(error, METAMORI_INTERNAL, thrown.what(), {});
  } catch (...) {
    return fill(error, METAMORI_INTERNAL, "unknown exception", {});
  }
}

[[noreturn]] void fail_usage(const std::string& why) { throw Error(ErrorKind::usage, why); }

template <class Pointer>
void require(Pointer* pointer, const char* name) {
  if (pointer == nullptr) fail_usage(std::string(name) + " must not be NULL");
}

/// The caller's struct as this library knows it: fields that the caller's header lacked have their defaults.
template <class Options>
Options options_of(const Options* given, Options defaults) {
  if (given == nullptr) return defaults;
  if (given->size < sizeof(std::size_t)) fail_usage("options must begin with their size: use the INIT macro");
  if (given->size > sizeof(Options)) {
    const auto* bytes = reinterpret_cast<const char*>(given);
    if (std::any_of(bytes + sizeof(Options), bytes + given->size, [](char byte) { return byte != 0; }))
      throw Error(ErrorKind::unsupported, "the options ask for something that this version of the library doesn't know");
  }
  std::memcpy(&defaults, given, std::min(given->size, sizeof(Options)));
  return defaults;
}

/// Copies as much of `result` as the caller's struct has room for.
template <class Result>
void give(Result result, Result* out) {
  if (out == nullptr) return;
  const std::size_t size = out->size;
  if (size < sizeof(std::size_t)) fail_usage("results must begin with their size: use the INIT macro");
  result.size = size;
  std::memcpy(out, &result, std::min(size, sizeof(Result)));
}

std::vector<std::string> strings(const char* const* texts, std::size_t count) {
  std::vector<std::string> result;
  if (count > 0) require(texts, "a list with elements");
  for (std::size_t i = 0; i < count; ++i) {
    require(texts[i], "a list's element");
    result.emplace_back(texts[i]);
  }
  return result;
}

class Callback final : public ProgressSink {
 public:
  explicit Callback(const metamori_control& control) : call_(control.progress), user_(control.progress_user) {}
  void update(const Progress& progress) override {
    call_(user_, progress.bytes_done, progress.bytes_total, progress.files_done, progress.files_total);
  }

 private:
  metamori_progress call_;
  void* user_;
};

Control control_of(const metamori_control& given, Callback& callback) {
  Control control;
  if (given.stop != nullptr) control.stop = &given.stop->raised;
  if (given.progress != nullptr) control.progress = &callback;
  control.jobs = given.jobs;
  if (given.time_limit_ms > 0) control.time_limit_ms = given.time_limit_ms;
  control.lock_timeout_ms = given.lock_timeout_ms;
  return control;
}

metamori_checkpoint_info describe(const CheckpointInfo& from) {
  metamori_checkpoint_info info = METAMORI_CHECKPOINT_INFO_INIT;
  info.number = from.number;
  copy_text(to_hex(from.id), info.id);
  copy_text(to_hex(from.root), info.root);
  info.is_safety = from.is_safety ? 1 : 0;
  info.time_seconds = from.time.seconds;
  info.entries = from.entries;
  info.files = from.files;
  info.bytes_total = from.bytes_total;
  info.bytes_added = from.bytes_added;
  return info;
}

metamori_restore_report describe(const RestoreReport& from) {
  metamori_restore_report report = METAMORI_RESTORE_REPORT_INIT;
  report.written = from.written;
  report.removed = from.removed;
  report.unchanged = from.unchanged;
  report.left_alone = from.left_alone;
  report.bytes_written = from.bytes_written;
  report.warnings = from.warnings.size();
  report.saved_as = from.saved_as ? from.saved_as->number : 0;
  return report;
}

metamori_kind add_rules(metamori_repository* repository, const char* const* patterns, std::size_t count, bool negated, int* is_first,
                        metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    const auto given = strings(patterns, count);
    const bool first = negated ? repository->repository.untrack(given) : repository->repository.track(given);
    if (is_first != nullptr) *is_first = first ? 1 : 0;
  });
}

}  // namespace

const char* metamori_kind_name(metamori_kind kind) {
  switch (kind) {
    case METAMORI_OK:
      return "ok";
    case METAMORI_USAGE:
      return "usage";
    case METAMORI_NO_REPOSITORY:
      return "no_repository";
    case METAMORI_LOCKED:
      return "locked";
    case METAMORI_BAD_REVISION:
      return "bad_revision";
    case METAMORI_CORRUPT:
      return "corrupt";
    case METAMORI_UNSUPPORTED:
      return "unsupported";
    case METAMORI_NO_SPACE:
      return "no_space";
    case METAMORI_REFUSED:
      return "refused";
    case METAMORI_INTERRUPTED:
      return "interrupted";
    case METAMORI_TIMED_OUT:
      return "timed_out";
    case METAMORI_TORN:
      return "torn";
    case METAMORI_IO:
      return "io";
    case METAMORI_NO_MEMORY:
      return "no_memory";
    case METAMORI_INTERNAL:
      return "internal";
  }
  return "unknown";
}

const char* metamori_version(void) { return METAMORI_VERSION; }

metamori_kind metamori_open(const char* start_directory, const char* repository_directory, metamori_repository** repository,
                            metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    *repository = nullptr;
    OpenOptions options;
    if (start_directory != nullptr) options.start_directory = start_directory;
    if (repository_directory != nullptr) options.repository_dir = repository_directory;
    *repository = new metamori_repository{Repository::open(options)};
  });
}

metamori_kind metamori_init(const char* directory, const metamori_init_options* options, metamori_repository** repository,
                            metamori_error* error) {
  return guarded(error, [&] {
    require(directory, "directory");
    require(repository, "repository");
    *repository = nullptr;
    const metamori_init_options given = options_of(options, metamori_init_options METAMORI_INIT_OPTIONS_INIT);
    InitOptions init;
    init.directory = directory;
    if (given.repository_directory != nullptr) init.repository_dir = given.repository_directory;
    init.shared = given.shared != 0;
    init.exist_ok = given.exist_ok != 0;
    *repository = new metamori_repository{Repository::init(init)};
  });
}

void metamori_close(metamori_repository* repository) { delete repository; }

metamori_kind metamori_track(metamori_repository* repository, const char* const* patterns, size_t pattern_count, int* is_first,
                             metamori_error* error) {
  return add_rules(repository, patterns, pattern_count, false, is_first, error);
}

metamori_kind metamori_untrack(metamori_repository* repository, const char* const* patterns, size_t pattern_count, metamori_error* error) {
  return add_rules(repository, patterns, pattern_count, true, nullptr, error);
}

metamori_stop* metamori_stop_new(void) { return new (std::nothrow) metamori_stop; }
void metamori_stop_raise(metamori_stop* stop) {
  if (stop != nullptr) stop->raised.store(true);
}
void metamori_stop_reset(metamori_stop* stop) {
  if (stop != nullptr) stop->raised.store(false);
}
void metamori_stop_free(metamori_stop* stop) { delete stop; }

metamori_kind metamori_checkpoint(metamori_repository* repository, const metamori_checkpoint_options* options,
                                  metamori_checkpoint_info* info, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    const metamori_checkpoint_options given = options_of(options, metamori_checkpoint_options METAMORI_CHECKPOINT_OPTIONS_INIT);
    give(metamori_checkpoint_info METAMORI_CHECKPOINT_INFO_INIT, info);  // a bad struct is told before anything is done
    Callback callback(given.control);
    CheckpointOptions checkpoint;
    checkpoint.paths = strings(given.paths, given.path_count);
    if (given.message != nullptr) checkpoint.message = given.message;
    const auto words = strings(given.metadata, 2 * given.metadata_count);
    for (std::size_t i = 0; i < words.size(); i += 2) checkpoint.metadata.emplace_back(words[i], words[i + 1]);
    checkpoint.tags = strings(given.tags, given.tag_count);
    checkpoint.skip_if_unchanged = given.skip_if_unchanged != 0;
    checkpoint.on_torn = given.fail_if_torn != 0 ? OnTorn::fail : OnTorn::mark;
    checkpoint.control = control_of(given.control, callback);
    const CheckpointReport report = repository->repository.checkpoint(checkpoint);
    metamori_checkpoint_info result = describe(report.checkpoint);
    result.created = report.created ? 1 : 0;
    result.has_losses = report.has_losses() ? 1 : 0;
    give(result, info);
  });
}

metamori_kind metamori_resolve(metamori_repository* repository, const char* revision, metamori_checkpoint_info* info,
                               metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(revision, "revision");
    give(describe(repository->repository.resolve(revision)), info);
  });
}

metamori_kind metamori_log_open(metamori_repository* repository, const char* revision, uint64_t limit, metamori_log** log,
                                metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    require(log, "log");
    *log = nullptr;
    LogOptions options;
    if (revision != nullptr) options.from = revision;
    options.limit = limit;
    *log = new metamori_log{repository->repository.log(options)};
  });
}

size_t metamori_log_count(const metamori_log* log) { return log == nullptr ? 0 : log->checkpoints.size(); }

metamori_kind metamori_log_get(const metamori_log* log, size_t index, metamori_checkpoint_info* info) {
  return guarded(nullptr, [&] {
    if (index >= metamori_log_count(log)) fail_usage("no such checkpoint in the log");
    give(describe(log->checkpoints[index]), info);
  });
}

const char* metamori_log_message(const metamori_log* log, size_t index) {
  return index < metamori_log_count(log) ? log->checkpoints[index].message.c_str() : nullptr;
}

const char* metamori_log_metadata(const metamori_log* log, size_t index, const char* key) {
  if (index >= metamori_log_count(log) || key == nullptr) return nullptr;
  for (const auto& [name, value] : log->checkpoints[index].metadata)
    if (name == key) return value.c_str();
  return nullptr;
}

void metamori_log_free(metamori_log* log) { delete log; }

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
    restore.control = control_of(given.control, callback);
    give(describe(repository->repository.restore(restore)), report);
  });
}

metamori_kind metamori_undo(metamori_repository* repository, metamori_restore_report* report, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_restore_report METAMORI_RESTORE_REPORT_INIT, report);
    give(describe(repository->repository.undo({})), report);
  });
}

metamori_kind metamori_recover(metamori_repository* repository, int abort, int* was_pending, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    const RecoverReport report = repository->repository.recover(abort != 0 ? RecoverMode::abort : RecoverMode::finish);
    if (was_pending != nullptr) *was_pending = report.was_pending ? 1 : 0;
  });
}

metamori_kind metamori_verify(metamori_repository* repository, int data, metamori_verify_report* report, metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    give(metamori_verify_report METAMORI_VERIFY_REPORT_INIT, report);
    VerifyOptions options;
    options.data = data != 0;
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
