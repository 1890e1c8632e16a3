// The C interface: each function is one call of the C++ one, with errors turned into kinds. No exception leaves the files c_api*.cpp.

#include "core/c_api_support.hpp"

namespace metamori::c_api {

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

Control control_of(const metamori_control& given, Callback& callback) {
  if (std::any_of(std::begin(given.reserved), std::end(given.reserved), [](std::uint64_t field) { return field != 0; }))
    throw Error(ErrorKind::unsupported, "the control asks for something that this version of the library doesn't know");
  Control control;
  if (given.stop != nullptr) control.stop = &given.stop->raised;
  if (given.progress != nullptr) control.progress = &callback;
  control.rate_limit_bytes = given.rate_limit_bytes;
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

}  // namespace metamori::c_api

namespace {

using namespace metamori;
using namespace metamori::c_api;

metamori_kind add_rules(metamori_repository* repository, const char* const* patterns, std::size_t count, bool negated, int* is_first,
                        metamori_error* error) {
  return guarded(error, [&] {
    require(repository, "repository");
    const auto given = strings(patterns, count);
    const bool first = negated ? repository->repository.untrack(given) : repository->repository.track(given);
    if (is_first != nullptr) *is_first = first ? 1 : 0;
  });
}

CheckMode check_mode_of(const metamori_check& check) {
  switch (number_in(check)) {
    case METAMORI_CHECK_AUTO:
      return CheckMode::automatic;
    case METAMORI_CHECK_MTIME:
      return CheckMode::mtime;
    case METAMORI_CHECK_CONTENT:
      return CheckMode::content;
  }
  fail_usage("no such way to tell changes");
}

OnTorn on_torn_of(const metamori_on_torn& on_torn) {
  switch (number_in(on_torn)) {
    case METAMORI_ON_TORN_MARK:
      return OnTorn::mark;
    case METAMORI_ON_TORN_KEEP_PREVIOUS:
      return OnTorn::keep_previous;
    case METAMORI_ON_TORN_FAIL:
      return OnTorn::fail;
  }
  fail_usage("no such way to treat torn files");
}

}  // namespace

const char* metamori_kind_name(metamori_kind kind) {
  switch (number_in(kind)) {
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

const char* metamori_tree_directory(const metamori_repository* repository) {
  return repository == nullptr ? nullptr : repository->repository.tree_directory().c_str();
}

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
    checkpoint.skip_if_running = given.skip_if_running != 0;
    checkpoint.dry_run = given.dry_run != 0;
    checkpoint.one_file_system = given.one_file_system != 0;
    checkpoint.check = check_mode_of(given.check);
    checkpoint.on_torn = on_torn_of(given.on_torn);
    checkpoint.retries = given.retries;
    if (given.author_name != nullptr) checkpoint.author = Person{given.author_name, text_or_empty(given.author_email)};
    checkpoint.image_kind = text_or_empty(given.image_kind);
    checkpoint.image_id = text_or_empty(given.image_id);
    checkpoint.image_digest = text_or_empty(given.image_digest);
    checkpoint.stage_only = given.stage_only != 0;
    const metamori_pause paused = options_of(given.pause, metamori_pause METAMORI_PAUSE_INIT);
    const std::unique_ptr<Pause> pause = pause_of(paused);
    if (given.pause != nullptr) checkpoint.pause = pause.get();
    checkpoint.control = control_of(given.control, callback);
    const CheckpointReport report = repository->repository.checkpoint(checkpoint);
    metamori_checkpoint_info result = describe(report.checkpoint);
    result.created = report.created ? 1 : 0;
    result.was_running = report.was_running ? 1 : 0;
    result.paused_seconds = report.paused_seconds;
    result.has_losses = report.has_losses() ? 1 : 0;
    give(result, info);
  });
}
